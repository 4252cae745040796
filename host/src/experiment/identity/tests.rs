//! What is part of an identity, and what is not.

use serde_json::{Map, json};

use super::*;
use crate::config::{
    Architecture, Levels, MaskControl, PluginRef, PruneAt, PruningSchedule, Rewind, StartWeights,
    Teacher,
};
use crate::experiment::jobs;
use crate::experiment::testing::{config, facts, plugin, recipe};

fn key(path: &str) -> JobKey {
    path.parse().unwrap()
}

fn hash(config: &Config, path: &str) -> String {
    describe(config, &key(path), &facts()).unwrap().hash
}

const DRAW: &str = "draw/imp/seed-1/level-02";
const SPEND: &str = "spend/all/imp/seed-1/level-02";

/// The network of the recipe `all` names a plugin file.
fn with_node(byte: &str) -> Facts {
    let of = &config().spends[1];
    let used = PluginUse {
        kind: "activation".into(),
        name: "swish".into(),
        version: "0.1.0".into(),
        sha256: byte.repeat(32),
    };
    let network = NetworkPlugins {
        model: of.model.clone(),
        skip: Some(plugin("ghost-skip")),
        plugins: vec![used],
    };
    let skip = ("skip".to_owned(), "ghost-skip".to_owned());
    let file = PluginFile { version: "0.1.0".into(), sha256: "cc".repeat(32) };
    let mut facts = Facts { networks: vec![network], ..facts() };
    facts.plugins.insert(skip, file);
    facts
}

#[test]
fn a_plugin_that_a_node_names_is_part_of_the_jobs_with_that_network() {
    let mut config = config();
    let describe = |config: &Config, facts: &Facts| describe(config, &key(SPEND), facts).unwrap();
    let plain = describe(&config, &with_node("ab"));
    assert_eq!(plain, describe(&config, &facts()), "the network without the skip has no such node");
    config.spends[1].train.skip = Some(plugin("ghost-skip"));
    let before = describe(&config, &with_node("ab"));
    let names: Vec<&str> = before.plugins.iter().map(|plugin| plugin.name.as_str()).collect();
    assert_eq!(names, ["mish", "swish", "resnet8", "magnitude", "ghost-skip"]);
    let after = describe(&config, &with_node("cd"));
    assert_ne!(before.hash, after.hash);
    let found = crate::experiment::diff::differences(&before.description, &after.description);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].path, "model.nodes[0]");
    assert_eq!(found[0].what, crate::experiment::What::PluginFile);
    assert_eq!(found[0].was, "swish 0.1.0 (file abababab)");
    let hashes: Vec<String> = with_node("ab").all_plugins().map(|used| used.sha256).collect();
    assert!(hashes.contains(&"ab".repeat(32)) && hashes.contains(&"cc".repeat(32)));
}

#[test]
fn the_hash_is_of_the_description() {
    let identity = describe(&config(), &key(DRAW), &facts()).unwrap();
    assert_eq!(identity.hash.len(), 64);
    let read: Value = serde_json::from_str(&identity.description.to_string()).unwrap();
    assert_eq!(read, identity.description);
    let names: Vec<&str> = identity.plugins.iter().map(|plugin| plugin.name.as_str()).collect();
    assert_eq!(names, ["resnet8", "magnitude"]);
}

#[test]
fn what_does_not_influence_a_result_is_no_part_of_it() {
    let before = config();
    let mut after = before.clone();
    after.name = "other".into();
    after.seeds.push(7);
    after.draws[0].levels = Levels::Fraction { count: 9, fraction: 0.2 };
    after.data.root = Some("/elsewhere".into());
    after.plugin_path.push("/elsewhere".into());
    after.spends.insert(0, recipe("more", "swish"));
    for path in [DRAW, SPEND] {
        assert_eq!(hash(&before, path), hash(&after, path));
    }
    after.draws[0].name = "drawn".into();
    after.spends.iter_mut().for_each(|spend| spend.draws = vec!["drawn".into()]);
    after.spends[2].recipe = "renamed".into();
    assert_eq!(hash(&before, SPEND), hash(&after, "spend/renamed/drawn/seed-1/level-02"));
    let mut device = facts();
    device.device = "cuda:1".into();
    let other = Facts { device: "cuda".into(), threads: 64, ..device.clone() };
    assert_eq!(
        describe(&before, &key(SPEND), &device).unwrap(),
        describe(&before, &key(SPEND), &other).unwrap()
    );
}

#[test]
fn what_influences_a_result_is_part_of_it() {
    let before = config();
    type Change = fn(&mut Config);
    let changes: [(&str, Change); 9] = [
        ("epochs", |c| c.train.epochs += 1),
        ("width", |c| {
            if let Architecture::Plugin(plugin) = &mut c.model.architecture {
                plugin.params.insert("width".into(), json!(8));
            }
        }),
        ("score", |c| c.draws[0].score = plugin("random")),
        ("fraction", |c| c.draws[0].levels = Levels::Fraction { count: 2, fraction: 0.5 }),
        ("prunable", |c| c.draws[0].prunable.push("linear".into())),
        ("rewind", |c| c.draws[0].rewind = Rewind::At(jackpot_plugin_api::Duration::Epochs(1))),
        ("validation", |c| c.data.validation += 1),
        ("test_limit", |c| c.data.test_limit = Some(1)),
        ("threads", |c| c.threads = Some(1)),
    ];
    for (what, change) in changes {
        let mut after = before.clone();
        change(&mut after);
        for path in [DRAW, SPEND] {
            assert_ne!(hash(&before, path), hash(&after, path), "{what} {path}");
        }
    }
    let usual = facts();
    let unusual = Facts { deterministic: false, ..usual.clone() };
    let gpu = Facts { device: "cuda".into(), ..unusual.clone() };
    for facts in [usual, gpu] {
        let (other, found) =
            (Facts { deterministic: !facts.deterministic, ..facts.clone() }, &facts);
        let described = describe(&before, &key(DRAW), found).unwrap();
        assert_ne!(described, describe(&before, &key(DRAW), &other).unwrap());
        assert!(described.description.get("deterministic").is_none(), "the usual is not said");
    }
    let mut shuffled = before.clone();
    shuffled.spends[1].mask = MaskControl::ShuffledGlobal;
    assert_ne!(hash(&before, SPEND), hash(&shuffled, SPEND));
    assert_eq!(hash(&before, DRAW), hash(&shuffled, DRAW));
    let dense = "spend/all/imp/seed-1/level-00";
    assert_eq!(hash(&before, dense), hash(&shuffled, dense), "a dense mask has no order");
}

#[test]
fn moving_masks_are_part_of_it_and_no_update_leaves_no_word() {
    let before = config();
    let describe = |config: &Config, facts: &Facts| describe(config, &key(SPEND), facts).unwrap();
    let plain = describe(&before, &facts());
    assert_eq!(plain.description["train"].get("update"), None, "jobs of before stay finished");
    let mut after = before.clone();
    after.spends[1].train.update = Some(plugin("rigl"));
    let file = PluginFile { version: "0.1.0".into(), sha256: "cc".repeat(32) };
    let mut known = facts();
    known.plugins.insert(("update".to_owned(), "rigl".to_owned()), file);
    let moving = describe(&after, &known);
    assert_ne!(plain.hash, moving.hash);
    assert!(moving.plugins.iter().any(|used| used.kind == "update" && used.name == "rigl"));
    assert_eq!(hash(&before, DRAW), hash(&after, DRAW));
}

#[test]
fn the_dense_training_depends_on_no_pruning() {
    let before = config();
    let mut after = before.clone();
    after.draws[0].rewind = Rewind::At(jackpot_plugin_api::Duration::Epochs(1));
    after.draws[0].score = plugin("random");
    after.draws[0].levels = Levels::Keep(vec![0.5]);
    let dense = "draw/imp/seed-1/level-00";
    assert_eq!(hash(&before, dense), hash(&after, dense));
}

#[test]
fn a_later_density_does_not_touch_an_earlier_level() {
    let mut before = config();
    before.draws[0].levels = Levels::Keep(vec![0.5, 0.25]);
    let mut after = before.clone();
    after.draws[0].levels = Levels::Keep(vec![0.5, 0.125, 0.1]);
    let first = "draw/imp/seed-1/level-01";
    assert_eq!(hash(&before, first), hash(&after, first));
    assert_ne!(hash(&before, DRAW), hash(&after, DRAW));
}

#[test]
fn one_and_one_point_nought_are_the_same_parameter() {
    let mut one = config();
    let mut point = config();
    let activation = |c: &mut Config, value| {
        c.spends[1].train.activation = Some(PluginRef {
            plugin: "swish".into(),
            params: Map::from_iter([("beta".to_owned(), value)]),
        });
    };
    activation(&mut one, json!(1));
    activation(&mut point, json!(1.0));
    assert_eq!(hash(&one, SPEND), hash(&point, SPEND));
}

#[test]
fn an_unknown_file_is_an_error() {
    let mut lacking = facts();
    lacking.plugins.remove(&("score".to_owned(), "magnitude".to_owned()));
    let error = describe(&config(), &key(DRAW), &lacking).unwrap_err();
    assert!(error.to_string().contains("score `magnitude`"), "{error}");
    let mut graph = config();
    graph.model.architecture = Architecture::File { file: "net.json".into() };
    let error = describe(&graph, &key(DRAW), &facts()).unwrap_err();
    assert!(error.to_string().contains("net.json"), "{error}");
}

#[test]
fn equal_settings_are_links() {
    let jobs = jobs(&config()).unwrap();
    let linked = |path: &str| {
        let job = jobs.iter().find(|job| job.key == key(path)).unwrap();
        job.linked_to.as_ref().map(JobKey::path)
    };
    assert_eq!(linked("spend/vanilla/imp/seed-1/level-02").as_deref(), Some(DRAW));
    assert_eq!(linked(SPEND), None);
}

#[test]
fn what_only_pruning_at_initialisation_needs_is_part_of_its_tickets() {
    let mut at_init = config();
    at_init.draws[0].prune_at = PruneAt::Init;
    let mut longer = at_init.clone();
    longer.train.epochs += 1;
    assert_eq!(hash(&at_init, DRAW), hash(&longer, DRAW), "no training made the ticket");
    for change in [
        |c: &mut Config| c.draws[0].score = plugin("random"),
        |c: &mut Config| c.train.activation = Some(plugin("mish")),
        |c: &mut Config| c.draws[0].schedule = PruningSchedule::OneShot,
        |c: &mut Config| c.draws[0].prune_at = PruneAt::Trained,
    ] {
        let mut other = at_init.clone();
        change(&mut other);
        for path in [DRAW, SPEND] {
            assert_ne!(hash(&at_init, path), hash(&other, path));
        }
    }
}

#[test]
fn the_dense_training_is_one_for_all_draws() {
    let mut config = config();
    config.draws.push(crate::experiment::testing::draw("other", Rewind::Init));
    config.draws[1].prune_at = PruneAt::Init;
    config.spends[0].draws.push("other".into());
    config.spends[1].draws.push("other".into());
    for recipe in ["vanilla", "all"] {
        let of = |draw: &str| hash(&config, &format!("spend/{recipe}/{draw}/seed-1/level-00"));
        assert_eq!(of("imp"), of("other"), "{recipe}");
    }
    let drawn = "draw/other/seed-1/level-00";
    assert_ne!(hash(&config, drawn), hash(&config, "draw/imp/seed-1/level-00"), "not trained");
}

#[test]
fn a_one_shot_density_is_its_own_alone() {
    let mut before = config();
    before.draws[0].schedule = PruningSchedule::OneShot;
    before.draws[0].levels = Levels::Keep(vec![0.5, 0.25]);
    let mut after = before.clone();
    after.draws[0].levels = Levels::Keep(vec![0.4, 0.25]);
    for path in [DRAW, SPEND] {
        assert_eq!(hash(&before, path), hash(&after, path));
    }
}

#[test]
fn how_a_ticket_starts_and_who_teaches_is_part_of_its_retraining() {
    let before = config();
    for change in [
        |c: &mut Config| c.spends[1].start = StartWeights::Trained,
        |c: &mut Config| c.spends[1].start = StartWeights::Reinit,
        |c: &mut Config| c.spends[1].train.teacher = Some(Teacher::Dense),
    ] {
        let mut after = before.clone();
        change(&mut after);
        assert_eq!(hash(&before, DRAW), hash(&after, DRAW));
        assert_ne!(hash(&before, SPEND), hash(&after, SPEND));
    }
    let mut named = before.clone();
    named.spends[1].trial_of = Some("tuned".into());
    assert_eq!(hash(&before, SPEND), hash(&named, SPEND), "a trial is a name");
}

#[test]
fn files_count_by_their_content() {
    let mut config = config();
    config.draws[0].levels = Levels::Masks(vec!["/a".into(), "/b".into()]);
    config.draws[0].weights = Some("/w".into());
    let with = |bytes: [&str; 3]| {
        let files = ["/w", "/a", "/b"].into_iter().zip(bytes);
        let files = files.map(|(path, byte)| (path.into(), byte.repeat(32))).collect();
        describe(&config, &key(SPEND), &Facts { files, ..facts() }).unwrap().hash
    };
    assert_eq!(with(["aa", "bb", "cc"]), with(["aa", "00", "cc"]), "level 2 has the second mask");
    assert_ne!(with(["aa", "bb", "cc"]), with(["aa", "bb", "00"]));
    assert_ne!(with(["aa", "bb", "cc"]), with(["00", "bb", "cc"]));
    let missing = describe(&config, &key(SPEND), &facts()).unwrap_err().to_string();
    assert!(missing.contains("the mask /b"), "{missing}");
}
