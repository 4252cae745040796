//! Tests of the config as its users see it: TOML in, typed config or rendered errors out.

mod documented;
mod errors;
mod files;
mod overridden;
mod plugin_errors;
mod reported;
mod robust;
mod roundtrip;
mod semantics;
mod swept;
mod validator;

use std::path::Path;

use jackpot_plugin_api::manifest::{ItemManifest, ParamSpec, ParamType, Range};
use serde_json::{Value, json};

use super::*;

/// The smallest config; tests add to it or spoil it.
const MINIMAL: &str = r#"name = "test"

[data]
dataset = "synthetic"

[model]
architecture = "resnet"

[train]
epochs = 10

[[draw]]
levels = 3
"#;

/// `MINIMAL` with one part of it replaced.
fn with(old: &str, new: &str) -> String {
    assert!(MINIMAL.contains(old), "{old}");
    MINIMAL.replacen(old, new, 1)
}

/// `MINIMAL` with lines added at its end.
fn plus(lines: &str) -> String {
    format!("{MINIMAL}\n{lines}\n")
}

fn set(values: &[&str]) -> Overrides {
    Overrides { set: values.iter().map(|&text| text.to_owned()).collect(), ..Overrides::default() }
}

fn read_with(text: &str, overrides: &Overrides) -> Result<Config, ConfigErrors> {
    let loaded = parse("exp.toml", text, Path::new("/exp"), overrides)?;
    check_plugins(&loaded, &known())
}

fn read(text: &str) -> Config {
    match read_with(text, &Overrides::default()) {
        Ok(config) => config,
        Err(errors) => panic!("{text}\n{}", render(&errors, false, 100)),
    }
}

/// The errors as a terminal of 100 columns without colour shows them.
fn refused(text: &str, overrides: &Overrides) -> String {
    match read_with(text, overrides) {
        Ok(_) => panic!("taken:\n{text}"),
        Err(errors) => render(&errors, false, 100),
    }
}

fn spec(name: &str, ty: ParamType, default: Value) -> ParamSpec {
    ParamSpec {
        name: name.to_owned(),
        ty,
        default: (!default.is_null()).then_some(default),
        optional: false,
        range: None,
        choices: Vec::new(),
        docs: format!("What `{name}` means."),
    }
}

fn ranged(name: &str, ty: ParamType, default: Value, range: Range) -> ParamSpec {
    ParamSpec { range: Some(range), ..spec(name, ty, default) }
}

fn item(kind: &str, name: &str, params: Vec<ParamSpec>) -> ((String, String), ItemManifest) {
    let known_as = (kind.to_owned(), name.to_owned());
    let name = name.rsplit(':').next().unwrap_or(name).to_owned();
    let docs = format!("The {kind} {name}.");
    (known_as, ItemManifest { kind: kind.to_owned(), name, docs, params, knobs: Vec::new() })
}

/// Items of every kind, with parameters of every type.
fn known() -> KnownItems {
    let at_least = |min| Range { min: Some(min), max: None, inclusive: false };
    let unit = Range { min: Some(0.0), max: Some(1.0), inclusive: true };
    let form = ParamSpec {
        choices: vec!["cubic".to_owned(), "linear".to_owned()],
        ..spec("form", ParamType::String, json!("linear"))
    };
    let teacher = ParamSpec { optional: true, ..spec("teacher", ParamType::String, Value::Null) };
    [
        item(
            "architecture",
            "resnet",
            vec![ranged("width", ParamType::Int, json!(64), at_least(1.0))],
        ),
        // The default is a whole number for a float: it must come out as 1.0.
        item("activation", "swish", vec![spec("beta", ParamType::Float, json!(1))]),
        item("activation", "mish", vec![]),
        item("activation", "/exp/own/libgelu.so:gelu", vec![]),
        item("skip", "ghost-skip", vec![spec("fade", ParamType::Duration, Value::Null), form]),
        item("init", "lrsi", vec![spec("learn", ParamType::Bool, json!(true)), teacher]),
        item(
            "augmentation",
            "crop-flip",
            vec![
                ranged("padding", ParamType::Int, json!(4), at_least(0.0)),
                spec("flip", ParamType::Bool, json!(true)),
            ],
        ),
        item("augmentation", "noise", vec![spec("extra", ParamType::Any, json!({"a": [1, 2.5]}))]),
        item(
            "lr-schedule",
            "multi-step",
            vec![
                ranged("milestones", ParamType::IntList, json!([90, 135]), at_least(1.0)),
                ranged("gammas", ParamType::FloatList, json!([0.1]), unit),
                spec("names", ParamType::StringList, json!([])),
                spec("at", ParamType::DurationList, json!(["5ep", "100it"])),
            ],
        ),
        item("loss", "label-smoothing", vec![ranged("alpha", ParamType::Float, json!(0.1), unit)]),
        item("score", "magnitude", vec![]),
        item("score", "random", vec![]),
        item("update", "gmp", vec![spec("end", ParamType::Any, json!(0.75))]),
    ]
    .into_iter()
    .collect()
}
