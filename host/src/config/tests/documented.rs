//! The parser, the JSON schema and docs/config.md know the same keys.

use std::collections::BTreeSet;

use super::give_up::GIVE_UP;
use super::keys::{Key, Presence, Section, Shape};
use super::report::PRIMARY;
use super::tables::{FROM, SECTIONS};
use super::validator::fits;
use super::values::{GRAPH_FILE, OPTIMIZERS, PLUGIN, TEACHER};
use super::*;

/// A config in which every key can be changed; and for every key a `--set` that changes it.
const FULL: &str = r#"
name = "test"
[data]
dataset = "image-folder"
root = "data"
validation = 10
[model]
architecture = "resnet"
[train]
epochs = 10
optimizer = { name = "sgd" }
activation = { plugin = "swish" }
[[draw]]
levels = 3
[[draw]]
name = "other"
levels = 3
[[draw]]
name = "masks"
from = { mask = "a.safetensors" }
[[spend]]
recipe = "a"
draw = ["other"]
optimizer = { name = "adamw" }
"#;

const CHANGES: &[&str] = &[
    "name=\"x\"",
    "seed=1",
    "seeds=[1, 2]",
    "device=\"cpu\"",
    "precision=\"bf16\"",
    "threads=2",
    "deterministic=true",
    "cuda_graph=false",
    "sparse=\"never\"",
    "plugins.path=[\"p\"]",
    "data.dataset=\"synthetic\"",
    "data.root=\"x\"",
    "data.image_size=64",
    "data.validation=5",
    "data.mean=[0.5]",
    "data.std=[0.5]",
    "data.train_limit=5",
    "data.test_limit=5",
    "model.architecture={ file = \"net.json\" }",
    "train.epochs=3",
    "train.batch_size=3",
    "train.optimizer=\"adamw\"",
    "train.lr_schedule=\"multi-step\"",
    "train.augmentation=\"crop-flip\"",
    "train.activation=\"mish\"",
    "train.skip={ plugin = \"ghost-skip\", params = { fade = \"2ep\" } }",
    "train.init=\"lrsi\"",
    "train.loss=\"label-smoothing\"",
    "train.teacher={ weights = \"t.safetensors\" }",
    "train.update=\"gmp\"",
    "train.give_up={ at = \"2ep\", below = 0.05 }",
    "draw.imp.name=\"x\"",
    "draw.imp.score=\"random\"",
    "draw.imp.levels=2",
    "draw.imp.fraction=0.5",
    "draw.imp.keep=[0.5]",
    "draw.imp.rewind=\"2ep\"",
    "draw.imp.prunable=[\"conv\", \"linear\"]",
    "draw.imp.schedule=\"one-shot\"",
    "draw.imp.prune_at=\"init\"",
    "draw.masks.from.weights=\"w.safetensors\"",
    "draw.masks.from.mask=[\"a.safetensors\", \"b.safetensors\"]",
    "spend.a.recipe=\"b\"",
    "spend.a.draw=\"imp\"",
    "spend.a.levels=[1]",
    "spend.a.mask=\"shuffled-global\"",
    "spend.a.start=\"reinit\"",
    "spend.a.trial_of=\"tuned\"",
    "spend.a.sweep={ epochs = [1, 2] }",
    "spend.a.ticket_seed=42",
    "spend.a.architecture={ plugin = \"resnet\", params = { width = 8 } }",
    "spend.a.epochs=3",
    "spend.a.batch_size=3",
    "spend.a.optimizer=\"sgd\"",
    "spend.a.lr_schedule=\"multi-step\"",
    "spend.a.augmentation=\"crop-flip\"",
    "spend.a.activation=\"none\"",
    "spend.a.skip={ plugin = \"ghost-skip\", params = { fade = \"2ep\" } }",
    "spend.a.init=\"lrsi\"",
    "spend.a.loss=\"label-smoothing\"",
    "spend.a.teacher=\"dense\"",
    "spend.a.update=\"gmp\"",
    "spend.a.give_up={ at = \"90it\", below = 0.5 }",
    "report.primary={ recipe = \"a\", draw = \"other\", level = 1 }",
    "train.activation.plugin=\"mish\"",
    "train.activation.params={ beta = 2.0 }",
    "train.optimizer.name=\"adamw\"",
    "train.optimizer.lr=0.5",
    "train.optimizer.momentum=0.5",
    "train.optimizer.weight_decay=0.5",
    "train.optimizer.nesterov=true",
    "train.optimizer.decay_norm=false",
    "spend.a.optimizer.name=\"sgd\"",
    "spend.a.optimizer.lr=0.5",
    "spend.a.optimizer.betas=[0.5, 0.5]",
    "spend.a.optimizer.eps=0.5",
    "spend.a.optimizer.weight_decay=0.5",
    "spend.a.optimizer.decay_norm=false",
];

/// The way to a key in `CHANGES`, from its section.
fn prefixes() -> Vec<(&'static str, &'static Section)> {
    let ways = ["", "plugins.", "data.", "model.", "train.", "draw.imp.", "spend.a.", "report."];
    let mut all: Vec<_> = ways.into_iter().zip(SECTIONS.iter().copied()).collect();
    all.push(("draw.masks.from.", &FROM));
    all.push(("train.activation.", &PLUGIN));
    all.push(("train.optimizer.", OPTIMIZERS[0].1));
    all.push(("spend.a.optimizer.", OPTIMIZERS[1].1));
    all
}

fn is_section(key: &Key) -> bool {
    matches!(key.shape, Shape::Section(_) | Shape::Sections(..))
}

#[test]
fn every_key_is_read_and_changes_the_config() {
    let plain = read(FULL);
    let mut changed = BTreeSet::new();
    for change in CHANGES {
        let config = match read_with(FULL, &set(&[change])) {
            Ok(config) => config,
            Err(errors) => panic!("{change}\n{}", render(&errors, false, 100)),
        };
        let (key, _) = change.split_once('=').expect("key=value");
        if key != "data.dataset" {
            assert_ne!(config, plain, "{change}");
        }
        changed.insert(key.to_owned());
    }
    let keys: BTreeSet<String> = prefixes()
        .into_iter()
        .flat_map(|(way, section)| {
            let keys = section.keys.iter().filter(|key| !is_section(key));
            keys.map(move |key| format!("{way}{}", key.name))
        })
        .collect();
    assert_eq!(changed, keys);
}

#[test]
fn the_schema_has_the_keys_of_the_parser_and_no_others() {
    let schema = schema();
    let at = |pointer: &str| {
        let part = schema.pointer(pointer).unwrap_or_else(|| panic!("{pointer}"));
        assert_eq!(part["additionalProperties"], json!(false), "{pointer}");
        let keys = part["properties"].as_object().expect("properties").keys();
        keys.cloned().collect::<Vec<_>>()
    };
    let section = |index: usize| SECTIONS[index].names().collect::<Vec<_>>();
    assert_eq!(at(""), section(0));
    assert_eq!(at("/properties/plugins"), section(1));
    assert_eq!(at("/properties/data"), section(2));
    assert_eq!(at("/properties/model"), section(3));
    assert_eq!(at("/properties/train"), section(4));
    assert_eq!(at("/properties/draw/items"), section(5));
    assert_eq!(at("/properties/spend/items"), section(6));
    assert_eq!(at("/properties/report"), section(7));
    let primary = at("/properties/report/properties/primary/anyOf/1");
    assert_eq!(primary, PRIMARY.names().collect::<Vec<_>>());
    let from = at("/properties/draw/items/properties/from");
    assert_eq!(from, FROM.names().collect::<Vec<_>>());
    let teacher = at("/properties/train/properties/teacher/anyOf/1/anyOf/1");
    assert_eq!(teacher, TEACHER.names().collect::<Vec<_>>());
    let give_up = at("/properties/train/properties/give_up/anyOf/1");
    assert_eq!(give_up, GIVE_UP.names().collect::<Vec<_>>());
    let optimizer = "/properties/train/properties/optimizer/anyOf";
    for (i, (_, keys)) in OPTIMIZERS.iter().enumerate() {
        assert_eq!(at(&format!("{optimizer}/{}", i + 1)), keys.names().collect::<Vec<_>>());
    }
    assert_eq!(at("/$defs/activation/anyOf/1"), PLUGIN.names().collect::<Vec<_>>());
    let file = at("/properties/model/properties/architecture/anyOf/1");
    assert_eq!(file, GRAPH_FILE.names().collect::<Vec<_>>());
}

/// The TOML as JSON, as an editor gives it to a schema.
fn as_json(text: &str) -> Value {
    let table: toml::Table = text.parse().expect("TOML");
    serde_json::to_value(table).expect("JSON")
}

#[test]
fn the_schema_takes_what_the_parser_takes() {
    for schema in [schema(), schema_with(&known())] {
        for text in [MINIMAL, FULL, &to_toml(&read(FULL))] {
            assert!(fits(&schema, &schema, &as_json(text)), "{text}");
        }
    }
}

#[test]
fn the_schema_refuses_what_the_parser_refuses() {
    let train = |line: &str| with("epochs = 10", &format!("epochs = 10\n{line}"));
    let spend = |line: &str| plus(&format!("[[spend]]\nrecipe = \"a\"\n{line}"));
    let (plain, informed) = (schema(), schema_with(&known()));
    for text in [
        with("name =", "nam ="),
        with("name =", "seed = 1\nseeds = [1]\nname ="),
        with("name =", "seeds = [1, 1]\nname ="),
        with("epochs = 10", "epochs = 0"),
        with("epochs = 10", ""),
        with("levels = 3", "levels = 3\nkeep = [0.5]"),
        with("levels = 3", "fraction = 0.5\nkeep = [0.5]"),
        with("levels = 3", "fraction = 0.5"),
        with("levels = 3", "levels = 3\nfraction = 1.0"),
        with("\"synthetic\"", "\"imagenet\""),
        with("[[draw]]\nlevels = 3\n", ""),
        train("optimizer = \"adam\""),
        train("optimizer = { name = \"adamw\", momentum = 0.9 }"),
        train("optimizer = { betas = [0.9, 0.99] }"),
        train("activation = { plugin = \"mish\", beta = 1 }"),
        train("give_up = { at = 2, below = 0.5 }"),
        train("give_up = { at = \"2ep\", below = 1.0 }"),
        train("give_up = { at = \"2ep\" }"),
        spend("mask = \"mine\""),
        spend("levels = []"),
        plus("[[spend]]\nepochs = 3"),
    ] {
        assert!(read_with(&text, &Overrides::default()).is_err(), "{text}");
        assert!(!fits(&plain, &plain, &as_json(&text)), "{text}");
        assert!(!fits(&informed, &informed, &as_json(&text)), "{text}");
    }
    // A plugin of somebody else's, which the config finds and the schema's maker did not.
    for line in [
        "activation = \"theirs\"",
        "activation = { plugin = \"theirs\", params = { bata = 1 } }",
        "activation = \"path/to/theirs.so:swish\"",
    ] {
        assert!(fits(&informed, &informed, &as_json(&train(line))), "{line}");
    }
    for text in [
        train("skip = \"ghost-skip\""),
        train("skip = { plugin = \"ghost-skip\" }"),
        train("activation = { plugin = \"swish\", params = { bata = 1 } }"),
        train("loss = { plugin = \"label-smoothing\", params = { alpha = 2 } }"),
        train("augmentation = { plugin = \"crop-flip\", params = { padding = 1.5 } }"),
    ] {
        assert!(read_with(&text, &Overrides::default()).is_err(), "{text}");
        assert!(fits(&plain, &plain, &as_json(&text)), "{text}");
        assert!(!fits(&informed, &informed, &as_json(&text)), "{text}");
    }
}

#[test]
fn the_docs_describe_every_key() {
    const DOCS: &str = include_str!("../../../../docs/config.md");
    let others = [
        ("`{ plugin = … }`", &PLUGIN),
        ("`{ file = … }`", &GRAPH_FILE),
        ("`from`", &FROM),
        ("`teacher`", &TEACHER),
        ("`give_up`", &GIVE_UP),
        ("`primary`", &PRIMARY),
    ];
    let optimizers = OPTIMIZERS.iter().map(|(_, section)| (section.title, *section));
    for (title, section) in
        SECTIONS.iter().map(|section| (section.title, *section)).chain(others).chain(optimizers)
    {
        let heading = format!("\n## {}\n", title.replacen("the top", "The top", 1));
        let (_, text) = DOCS.split_once(&heading).unwrap_or_else(|| panic!("no heading {heading}"));
        let text = text.split("\n## ").next().unwrap_or_default();
        for key in section.keys {
            let row = format!("| `{}` |", key.name);
            let row = text.lines().find(|line| line.starts_with(&row));
            let row = row.unwrap_or_else(|| panic!("{title}: no row for `{}`", key.name));
            match key.presence {
                _ if is_section(key) => {}
                Presence::Required => assert!(row.contains("| required |"), "{row}"),
                Presence::Default(default) => {
                    assert!(row.contains(&format!("| `{default}` |")), "{default}: {row}");
                }
                Presence::Inherited => assert!(row.contains("| inherited |"), "{row}"),
                Presence::Optional => assert!(row.contains("| – |"), "{row}"),
            }
        }
        for line in text.lines().filter(|line| line.starts_with("| `")) {
            let name = line.trim_start_matches("| `").split('`').next().unwrap_or_default();
            assert!(section.key(name).is_some(), "{title}: there is no key `{name}`");
        }
    }
}
