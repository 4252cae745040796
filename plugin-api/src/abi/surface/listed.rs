//! The parts of the surface that can be listed from the types.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::any::type_name;
use std::mem::offset_of;

use abi_stable::StableAbi;
use abi_stable::abi_stability::PrefixStableAbi;
use abi_stable::type_layout::{TLData, TypeLayout};
use serde_json::{Value as Json, json};

use super::section;
use crate::abi::{
    ABI, CtxOps, Fault, HostOps, Named, RawCtx, RawDevice, RawNamed, RawProgress, RawTensor,
    RawValue, Root, STAMP_SYMBOL, TensorInfo, Value, ctx, host, root, stamp,
};
use crate::ctx::Site;
use crate::declared::DeclaredTensor;
use crate::error::ErrorKind;
use crate::graph::{Edits, Graph, GraphView, Initial, SiteKind, TensorSpec};
use crate::manifest::{Kind, Manifest};
use crate::model::ParameterInfo;
use crate::tensor::Dtype;

/// Compares with a section of the committed file.
#[track_caller]
fn same(name: &str, found: &[String]) {
    let listed: Vec<_> = section(name).collect();
    let found: Vec<_> = found.iter().map(String::as_str).collect();
    assert_eq!(listed, found, "section [{name}] of abi-1.txt should be:\n{}", found.join("\n"));
}

/// A type's own name, without the paths of modules.
fn short(name: &str) -> String {
    let mut out = String::new();
    for part in name.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_' && c != ':') {
        out.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    out
}

fn type_of<S, F>(_: impl Fn(&S) -> &F) -> String {
    short(type_name::<F>())
}

/// The names of the parts as abi_stable knows them.
fn parts(layout: &'static TypeLayout) -> Vec<String> {
    let named = |fields: abi_stable::type_layout::TLFields| {
        fields.iter().map(|field| field.name().to_owned()).collect()
    };
    match layout.data() {
        TLData::Struct { fields } => named(fields),
        TLData::PrefixType(prefix) => named(prefix.fields),
        TLData::Enum(variants) => {
            let names = variants.variant_names.to_string();
            names.split(';').filter(|name| !name.is_empty()).map(str::to_owned).collect()
        }
        other => panic!("{other:?}"),
    }
}

/// A struct's size and alignment; its fields, each with offset and type.
macro_rules! fields {
    ($type:ty, $layout:expr, [$($field:ident)*]) => {{
        let known = [$(stringify!($field)),*];
        assert_eq!(parts($layout), known);
        let mut lines = vec![format!(
            "{}: {} bytes, aligned to {}",
            short(type_name::<$type>()), size_of::<$type>(), align_of::<$type>()
        )];
        $(lines.push(format!(
            "  {:2} {}: {}", offset_of!($type, $field), stringify!($field),
            type_of(|it: &$type| &it.$field)
        ));)*
        lines
    }};
}

/// An enum's size and alignment; its variants, in the order of their numbers.
fn variants<T: StableAbi>() -> Vec<String> {
    let sizes = format!("{} bytes, aligned to {}", size_of::<T>(), align_of::<T>());
    let names = parts(T::LAYOUT).into_iter().enumerate();
    let lines = names.map(|(number, name)| format!("  {number:2} {name}"));
    std::iter::once(format!("{}: {sizes}", short(type_name::<T>()))).chain(lines).collect()
}

#[test]
fn layouts() {
    let all = [
        fields!(Root, root::RootPrefix::LAYOUT, [manifest create call destroy ask]),
        fields!(
            HostOps,
            host::HostOpsPrefix::LAYOUT,
            [retain release info find call read make grad grad_mode log ask]
        ),
        fields!(CtxOps, ctx::CtxOpsPrefix::LAYOUT, [progress training tensor ask]),
        fields!(RawCtx, RawCtx::LAYOUT, [pointer table host]),
        fields!(RawProgress, RawProgress::LAYOUT, [step steps_per_epoch total_steps]),
        fields!(TensorInfo, TensorInfo::LAYOUT, [shape dtype device requires_grad]),
        fields!(RawDevice, RawDevice::LAYOUT, [kind index]),
        fields!(RawNamed<'_>, RawNamed::LAYOUT, [name value]),
        fields!(Named, Named::LAYOUT, [name value]),
        fields!(Fault, Fault::LAYOUT, [kind message]),
        variants::<RawValue<'_>>(),
        variants::<Value>(),
    ];
    same("layout", &all.concat());
    // Private fields: a pointer and the functions' table.
    assert_eq!((size_of::<RawTensor<'_>>(), align_of::<RawTensor<'_>>()), (16, 8));
}

/// The keys of a type's JSON, through objects and lists; reads and writes the sample as the type.
fn keys<T: serde::Serialize + serde::de::DeserializeOwned>(sample: Json) -> Vec<String> {
    let name = short(type_name::<T>());
    let value: T = serde_json::from_value(sample).unwrap_or_else(|e| panic!("{name}: {e}"));
    let mut lines = Vec::new();
    collect(&name, &serde_json::to_value(value).unwrap(), &mut lines);
    lines
}

fn collect(path: &str, value: &Json, lines: &mut Vec<String>) {
    match value {
        Json::Object(map) => {
            let mut keys: Vec<_> = map.keys().map(String::as_str).collect();
            keys.sort_unstable();
            lines.push(format!("{path}: {}", keys.join(" ")));
            // Below these the keys are names of nodes and parameters, or the author's own.
            let free = ["attrs", "params", "shapes"];
            for key in keys {
                if !(free.contains(&key) && map[key].is_object()) {
                    collect(&format!("{path}.{key}"), &map[key], lines);
                }
            }
        }
        Json::Array(items) => {
            for item in items {
                collect(&format!("{path}[]"), item, lines);
            }
        }
        _ => {}
    }
}

fn graph() -> Json {
    let tensor = json!({ "name": "x", "shape": [3], "dtype": "f32" });
    let init = json!({ "kind": "constant", "value": 1.0 });
    let parameter = json!({
        "name": "w", "shape": [3], "dtype": "f32", "role": "norm", "decay": true,
        "prunable": false, "init": init
    });
    let node = json!({
        "id": "y", "op": "aten::mul", "inputs": ["x"], "params": { "other": "w" },
        "attrs": { "a": 1 }, "site": "activation"
    });
    json!({
        "schema": 1, "inputs": [tensor], "outputs": [{ "name": "logits", "from": "y" }],
        "parameters": [parameter], "nodes": [node],
        "buffers": [{ "name": "b", "shape": [], "dtype": "i64", "init": init }]
    })
}

#[test]
fn json_keys() {
    let graph = graph();
    let parts = |key: &str| graph[key].clone();
    let edits = json!({
        "parameters": parts("parameters"), "buffers": parts("buffers"), "nodes": parts("nodes"),
        "rewires": [{ "from": "y", "to": "z" }]
    });
    let spec = json!({
        "name": "beta", "type": "float", "default": 1.0, "optional": false,
        "range": { "min": 0.0, "max": 1.0, "inclusive": true }, "choices": ["a"], "docs": "text"
    });
    let item = json!({
        "kind": "activation", "name": "swish", "docs": "text", "params": [spec], "knobs": ["beta"]
    });
    let declared = json!({
        "name": "beta", "shape": [], "value": 1.0, "trainable": true, "decay": false
    });
    let info = json!({
        "name": "w", "shape": [3], "role": "conv", "prunable": true, "decay": true, "added": false
    });
    let all = [
        keys::<Manifest>(json!({
            "name": "swish", "version": "1.0.0", "api": "0.1.0", "items": [item]
        })),
        keys::<DeclaredTensor>(declared),
        keys::<Site>(json!({ "name": "relu", "shape": [3] })),
        keys::<TensorSpec>(parts("inputs")[0].clone()),
        keys::<Graph>(graph.clone()),
        keys::<Initial>(json!({ "kind": "uniform", "low": 0.0, "high": 1.0 })),
        keys::<Initial>(json!({ "kind": "normal", "mean": 0.0, "std": 1.0 })),
        keys::<GraphView>(json!({ "graph": graph, "shapes": { "y": [3] } })),
        keys::<Edits>(edits),
        keys::<ParameterInfo>(info),
    ];
    same("json", &all.concat());
}

#[test]
fn the_stamp() {
    let text =
        format!("stamp {STAMP_SYMBOL}: {} bytes, \"jackpot-plugin abi={ABI} api=", stamp().len());
    assert!(section("file").any(|line| line.starts_with(&text)), "{text}");
    let root = format!("root {}: ", abi_stable::library::ROOT_MODULE_LOADER_NAME);
    assert!(section("file").any(|line| line.starts_with(&root)), "{root}");
}

fn written<T: serde::Serialize>(all: impl IntoIterator<Item = T>) -> String {
    let name = |one: T| serde_json::to_value(one).unwrap().as_str().unwrap().to_owned();
    all.into_iter().map(name).collect::<Vec<_>>().join(" ")
}

#[test]
fn names_and_numbers() {
    use crate::graph::Role::{Bias, Conv, Linear, Norm, Other};
    use crate::manifest::ParamType::{
        Any, Bool, Duration, DurationList, Float, FloatList, Int, IntList, String, StringList,
    };
    let errors: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let errors = errors.join(" ");
    let types =
        [Bool, Int, Float, String, Duration, IntList, FloatList, StringList, DurationList, Any];
    let initial = [
        Initial::constant(0.0),
        Initial::Uniform { low: 0.0, high: 1.0 },
        Initial::Normal { mean: 0.0, std: 1.0 },
    ];
    let kind = |one| serde_json::to_value(one).unwrap()["kind"].as_str().unwrap().to_owned();
    let initial = initial.map(|one: Initial| kind(one));
    let dtypes: Vec<_> = (0..100).map(Dtype::from_code).collect();
    let dtypes = dtypes.iter().filter(|dtype| dtype.size().is_some());
    let dtypes: Vec<_> = dtypes.map(|one| format!("{}={}", one.name(), one.code())).collect();
    let lines = [
        format!("kind: {}", Kind::ALL.map(Kind::as_str).join(" ")),
        format!("error: {errors}"),
        format!("parameter type: {}", written(types)),
        format!("role: {}", written([Conv, Linear, Norm, Bias, Other])),
        format!("site: {}", written([SiteKind::Activation])),
        format!("initial: {}", initial.join(" ")),
        format!("dtype: {}", dtypes.join(" ")),
        "device: cpu=0 cuda=1 training=-1".to_owned(),
        "grad: create_graph=1 allow_unused=2 retain_graph=4".to_owned(),
        "log: error=1 warn=2 info=3 debug=4 trace=5".to_owned(),
    ];
    same("names", &lines);
}
