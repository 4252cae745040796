//! Tickets that are not drawn by training every level: pruned in one shot, before any training, or
//! taken from files; and what they are retrained from.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use jackpot_tests::config::Config;
use jackpot_tests::shared::shared;
use jackpot_tests::tensors::{self, State, Stored, count, masked, write};
use jackpot_tests::{Sandbox, data, results};
use safetensors::Dtype;

/// A recipe whose training ends where it began.
const STILL: &str =
    "lr_schedule = \"still\"\noptimizer = { momentum = 0.0, weight_decay = 0.0 }\nepochs = 1";

/// A draw of every way, and recipes that show what tickets start from.
fn drawn() -> PathBuf {
    shared("draws", |sandbox| {
        data::tensors(sandbox);
        let mut config = Config::default()
            .spend("vanilla", "")
            .spend("still", STILL)
            .spend("tuned", &format!("draw = [\"imp\", \"shot\"]\nstart = \"trained\"\n{STILL}"))
            .spend("fresh", &format!("start = \"reinit\"\n{STILL}"));
        let keep = "keep = [0.5, 0.1]";
        config.draws = vec![
            keep.to_owned(),
            format!("name = \"shot\"\nschedule = \"one-shot\"\n{keep}"),
            format!("name = \"early\"\nscore = \"snip\"\nprune_at = \"init\"\n{keep}"),
            format!(
                "name = \"chance\"\nscore = \"random\"\nprune_at = \"init\"\n\
                 schedule = \"one-shot\"\n{keep}"
            ),
        ];
        sandbox.run(&config).expect(0);
    })
    .join("runs/tiny")
}

fn read(run: &Path, job: &str, name: &str) -> State {
    tensors::read(&run.join(job).join(format!("{name}.safetensors")))
}

fn ticket(draw: &str, level: u32) -> String {
    format!("draw/{draw}/seed-1/level-{level:02}")
}

fn spent(recipe: &str, draw: &str, level: u32) -> String {
    format!("spend/{recipe}/{draw}/seed-1/level-{level:02}")
}

fn init(run: &Path, draw: &str) -> State {
    read(run, &format!("draw/{draw}/seed-1"), "init")
}

fn is_weight(name: &str) -> bool {
    !name.contains("running_") && !name.ends_with("num_batches_tracked")
}

#[track_caller]
fn same_weights(ours: &State, masks: &State, theirs: &State) {
    for name in theirs.keys().filter(|name| is_weight(name)) {
        assert_eq!(ours[name].bits(), masked(masks, theirs, name), "{name}");
    }
}

#[test]
fn only_what_a_mask_needs_is_trained() {
    let run = drawn();
    let epochs = |job: &str| {
        let metrics = fs::read_to_string(run.join(job).join("metrics.jsonl")).unwrap();
        metrics.lines().filter(|line| line.contains("\"train\"")).count()
    };
    let trained = |draw: &str| [0, 1, 2].map(|level| epochs(&ticket(draw, level)));
    assert_eq!(trained("imp"), [2, 2, 2]);
    assert_eq!(trained("shot"), [2, 0, 0]);
    assert_eq!(trained("early"), [0, 0, 0]);
    assert_eq!(trained("chance"), [0, 0, 0]);
    for draw in ["imp", "shot", "early", "chance"] {
        assert_eq!([0, 1, 2].map(|level| epochs(&spent("vanilla", draw, level))), [2, 2, 2]);
    }
}

#[test]
fn every_draw_keeps_what_it_should() {
    let run = drawn();
    for draw in ["imp", "shot", "early", "chance"] {
        for (level, kept) in [(0, 4716), (1, 2358), (2, 472)] {
            let masks = read(&run, &ticket(draw, level), "mask");
            assert_eq!(count(&masks), (kept, 4716), "{draw} {level}");
        }
    }
}

/// Whether every weight that `inner` keeps is kept by `outer`.
fn inside(inner: &State, outer: &State) -> bool {
    inner.iter().all(|(name, mask)| {
        mask.flags().iter().zip(outer[name].flags()).all(|(inner, outer)| !inner || outer)
    })
}

#[test]
fn one_shot_prunes_the_dense_network_and_iterative_the_level_before() {
    let run = drawn();
    let mask = |draw: &str, level| read(&run, &ticket(draw, level), "mask");
    // Magnitudes of one network are nested; of a network that was trained again they need not be,
    // so that the nesting of `imp` is the doing of the pruning.
    assert!(inside(&mask("imp", 2), &mask("imp", 1)));
    assert!(inside(&mask("shot", 2), &mask("shot", 1)));
    assert_eq!(mask("imp", 1), mask("shot", 1), "the first level is the same pruning");
    assert_ne!(mask("imp", 2), mask("shot", 2));
    assert!(inside(&mask("early", 2), &mask("early", 1)));
    // Each level of `chance` is drawn from the dense network: half of its weights by chance.
    assert!(!inside(&mask("chance", 2), &mask("chance", 1)));
    let dense = read(&run, &ticket("shot", 0), "model");
    let masks = mask("shot", 2);
    let size = |name: &String| dense[name].floats().into_iter().map(f32::abs).collect::<Vec<_>>();
    let mut kept = Vec::new();
    let mut pruned = Vec::new();
    for (name, mask) in &masks {
        for (size, keep) in size(name).into_iter().zip(mask.flags()) {
            if keep { kept.push(size) } else { pruned.push(size) }
        }
    }
    let least = kept.into_iter().fold(f32::INFINITY, f32::min);
    assert!(pruned.into_iter().all(|size| size <= least));
}

#[test]
fn all_draws_of_a_seed_begin_with_the_same_weights() {
    let run = drawn();
    let first = init(&run, "imp");
    for draw in ["shot", "early", "chance"] {
        assert_eq!(init(&run, draw), first, "{draw}");
        let level = ticket(draw, 2);
        same_weights(&read(&run, &level, "model"), &read(&run, &level, "mask"), &first);
    }
}

#[test]
fn a_dense_network_is_trained_once_for_all_draws() {
    let run = drawn();
    let folder = |recipe: &str, draw: &str| {
        let job = fs::read_to_string(run.join(spent(recipe, draw, 0)).join("job.json")).unwrap();
        serde_json::from_str::<serde_json::Value>(&job).unwrap()["linked_to"].clone()
    };
    for draw in ["shot", "early", "chance"] {
        let to = folder("vanilla", draw);
        assert_eq!((&to["draw"], &to["kind"]), (&"imp".into(), &"draw".into()), "{draw}");
    }
}

#[test]
fn tickets_start_where_the_recipe_says() {
    let run = drawn();
    for draw in ["imp", "shot", "early", "chance"] {
        for level in [0, 1, 2] {
            let masks = read(&run, &ticket(draw, level), "mask");
            let model = |recipe: &str| read(&run, &spent(recipe, draw, level), "model");
            same_weights(&model("still"), &masks, &init(&run, draw));
            let fresh = model("fresh");
            let weights = init(&run, draw);
            let name = "layer1.0.conv1.weight";
            let (fresh, drawn) = (fresh[name].bits(), masked(&masks, &weights, name));
            for ((fresh, drawn), kept) in fresh.iter().zip(&drawn).zip(masks[name].flags()) {
                assert_eq!(fresh != drawn, kept, "all that is kept is fresh, the rest +0.0");
            }
            if matches!(draw, "imp" | "shot") {
                let parent = if draw == "imp" { level.saturating_sub(1) } else { 0 };
                let parent = read(&run, &ticket(draw, parent), "model");
                same_weights(&model("tuned"), &masks, &parent);
            }
        }
    }
}

/// The draw's tickets as files of another program.
fn files(sandbox: &Sandbox) {
    let run = drawn();
    data::tensors(sandbox);
    fs::copy(run.join("draw/imp/seed-1/init.safetensors"), sandbox.at("init.safetensors")).unwrap();
    for level in [1, 2] {
        let from = run.join(ticket("imp", level)).join("mask.safetensors");
        fs::copy(from, sandbox.at(&format!("mask-{level}.safetensors"))).unwrap();
    }
}

#[test]
fn an_imported_ticket_trains_to_the_same_bits() {
    let sandbox = Sandbox::new();
    files(&sandbox);
    let masks = "mask = [\"mask-1.safetensors\", \"mask-2.safetensors\"]";
    let draw = format!("name = \"their\"\nfrom = {{ weights = \"init.safetensors\", {masks} }}");
    sandbox.run(&Config::default().draw(&draw).spend("vanilla", "")).expect(0);
    let (ours, theirs) = (sandbox.at("runs/tiny"), drawn());
    for level in [0, 1, 2] {
        for name in ["model", "best", "mask"] {
            let ours = read(&ours, &spent("vanilla", "their", level), name);
            assert_eq!(
                ours,
                read(&theirs, &spent("vanilla", "imp", level), name),
                "{level} {name}"
            );
        }
    }
    let rows = results(&ours);
    assert_eq!(rows.len(), 6);
    assert_eq!(rows[2].number("weights_kept"), 472.0);
}

#[test]
fn what_torchs_prune_saves_is_understood() {
    let sandbox = Sandbox::new();
    files(&sandbox);
    let weights = tensors::read(&sandbox.at("init.safetensors"));
    let masks = tensors::read(&sandbox.at("mask-2.safetensors"));
    // torch.nn.utils.prune keeps masks as numbers beside the whole weights.
    let as_floats = |mask: &Stored| Stored {
        dtype: Dtype::F32,
        shape: mask.shape.clone(),
        bytes: mask
            .flags()
            .iter()
            .flat_map(|&kept| f32::from(u8::from(kept)).to_le_bytes())
            .collect(),
    };
    let numbers: Vec<(String, Stored)> =
        masks.iter().map(|(name, mask)| (format!("module.{name}_mask"), as_floats(mask))).collect();
    let mut all: Vec<(String, &Stored)> =
        numbers.iter().map(|(name, mask)| (name.clone(), mask)).collect();
    for (name, stored) in weights.iter().filter(|(name, _)| is_weight(name)) {
        let suffix = if masks.contains_key(name) { "_orig" } else { "" };
        all.push((format!("module.{name}{suffix}"), stored));
    }
    write(&sandbox.at("pruned.safetensors"), &all);
    let draw = "from = { weights = \"pruned.safetensors\", mask = \"pruned.safetensors\" }";
    sandbox.run(&Config::default().draw(draw).spend("vanilla", "")).expect(0);
    let ours = read(&sandbox.at("runs/tiny"), &spent("vanilla", "imp", 1), "model");
    assert_eq!(ours, read(&drawn(), &spent("vanilla", "imp", 2), "model"));
}

#[test]
fn given_weights_are_drawn_from() {
    let sandbox = Sandbox::new();
    files(&sandbox);
    let draw = "keep = [0.5, 0.1]\nfrom = { weights = \"init.safetensors\" }";
    sandbox.run(&Config::default().top("seed = 7").draw(draw)).expect(0);
    let ours = read(&sandbox.at("runs/tiny"), "draw/imp/seed-7", "init");
    assert_eq!(ours, init(&drawn(), "imp"));
}

#[test]
fn files_that_do_not_fit_are_refused_before_anything_is_trained() {
    let sandbox = Sandbox::new();
    files(&sandbox);
    let masks = tensors::read(&sandbox.at("mask-1.safetensors"));
    let weights = tensors::read(&sandbox.at("init.safetensors"));
    let refused = |draw: &str, says: &[&str]| {
        let ran = sandbox.run(&Config::default().draw(draw).spend("vanilla", ""));
        ran.expect(2).fits_on_a_screen().says(says);
        assert!(!sandbox.at("runs/tiny").exists());
    };
    let mask = |name: &str| format!("from = {{ mask = \"{name}\" }}");
    refused(&mask("none.safetensors"), &["none.safetensors", "cannot be read"]);
    refused(&mask("init.safetensors"), &["init.safetensors", "has a mask of `bn1.bias`"]);
    let first = masks.iter().next().unwrap();
    let short = Stored { shape: vec![1], bytes: vec![1], ..first.1.clone() };
    write(&sandbox.at("short.safetensors"), &[(first.0.clone(), &short)]);
    refused(&mask("short.safetensors"), &["the mask of `conv1.weight` is [1]", "[4, 3, 3, 3]"]);
    write(&sandbox.at("floats.safetensors"), &[(first.0.clone(), &weights[first.0])]);
    refused(&mask("floats.safetensors"), &["has other values than 0 and 1"]);
    let nothing = Stored { bytes: vec![0; first.1.bytes.len()], ..first.1.clone() };
    let all: Vec<_> = masks.keys().map(|name| (name.clone(), masks[name].clone())).collect();
    let empty: Vec<(String, Stored)> = all
        .iter()
        .map(|(name, mask)| {
            (name.clone(), Stored { bytes: vec![0; mask.bytes.len()], ..mask.clone() })
        })
        .collect();
    let empty: Vec<(String, &Stored)> =
        empty.iter().map(|(name, mask)| (name.clone(), mask)).collect();
    write(&sandbox.at("empty.safetensors"), &empty);
    refused(&mask("empty.safetensors"), &["keeps no weight at all"]);
    write(&sandbox.at("other.safetensors"), &[("fc.weight".to_owned(), &nothing)]);
    refused(&mask("other.safetensors"), &["has a mask of `fc.weight`", "`conv1.weight`"]);
    let few = [("conv1.weight".to_owned(), &weights["conv1.weight"])];
    write(&sandbox.at("few.safetensors"), &few);
    let from = "levels = 1\nfrom = { weights = \"few.safetensors\" }";
    refused(from, &["few.safetensors", "`bn1.bias` is missing"]);
    fs::write(sandbox.at("net.pt"), b"PK\x03\x04 a pickle").unwrap();
    refused(
        "levels = 1\nfrom = { weights = \"net.pt\" }",
        &["net.pt", "is no valid safetensors file", "save_file"],
    );
}

/// What is scored is the network that was stored: with a skip gone that had faded, and not with the
/// knobs of a training's first step.
#[test]
fn a_trained_network_is_scored_as_it_was_stored() {
    let faded = Sandbox::new();
    data::tensors(&faded);
    let skip = "skip = { plugin = \"ghost-skip\", params = { fade = \"1ep\" } }";
    let draw = "score = \"snip\"\nlevels = 1";
    faded.run(&Config::default().train(skip).draw(draw)).expect(0);
    let trained = faded.at("runs/tiny").join(ticket("imp", 0)).join("model.safetensors");
    let plain = Sandbox::new();
    data::tensors(&plain);
    fs::copy(trained, plain.at("trained.safetensors")).unwrap();
    let from = "prune_at = \"init\"\nfrom = { weights = \"trained.safetensors\" }";
    plain.run(&Config::default().draw(&format!("{draw}\n{from}"))).expect(0);
    let mask = |sandbox: &Sandbox| read(&sandbox.at("runs/tiny"), &ticket("imp", 1), "mask");
    assert_eq!(mask(&faded), mask(&plain));
}
