//! Names, shapes and number of parameters at full width; images that do not fit.

use std::fmt::Write;

use jackpot::model::graph::source::{from_plugin, image_input, logits_output};
use jackpot::plugin::kinds::Architecture;
use jackpot_plugin_api::graph::Graph;
use jackpot_plugin_api::manifest::Kind;
use serde_json::{Value, json};

use crate::formula;
use crate::net::{Net, all, shape};
use crate::setup::instance;

fn build(name: &str, params: &Value, shape: [usize; 3]) -> Result<Graph, String> {
    let item = Architecture::new(instance(Kind::Architecture, name, params));
    from_plugin(&item, &image_input(shape), &logits_output(10)).map_err(|error| error.to_string())
}

/// A line `name size size …` for each parameter, then for each buffer.
fn lines(graph: &Graph) -> String {
    let parameters = graph.parameters.iter().map(|p| (&p.name, &p.shape));
    let buffers = graph.buffers.iter().map(|b| (&b.name, &b.shape));
    let mut text = String::new();
    for (name, shape) in parameters.chain(buffers) {
        text += name;
        shape.iter().for_each(|size| write!(text, " {size}").unwrap());
        text += "\n";
    }
    text
}

fn count(graph: &Graph) -> i64 {
    graph.parameters.iter().map(|p| p.shape.iter().product::<i64>()).sum()
}

#[test]
fn parameters_and_buffers_are_those_of_the_state_dict() {
    for name in all() {
        let golden = Net::of(name).golden;
        let cases = golden.about["state_dicts"].as_array().unwrap();
        assert_eq!(cases.len(), 4);
        for about in cases {
            let graph = build(name, &json!({ "width": about["width"] }), shape(&about["shape"]));
            let (graph, what) = (graph.unwrap(), format!("{name} {about}"));
            assert_eq!(count(&graph), about["parameters"].as_i64().unwrap(), "{what}");
            let names = about["names"].as_str().unwrap();
            let lines = lines(&graph);
            assert_eq!(formula::seed(&lines).to_string(), names, "{what}:\n{lines}");
        }
    }
}

/// By default, as the field counts them for CIFAR-10 and, LeNets, for MNIST.
#[test]
fn numbers_of_parameters_are_the_known_ones() {
    let known = [
        ("resnet8", 75_290),
        ("resnet20", 269_722),
        ("resnet32", 464_154),
        ("resnet44", 658_586),
        ("resnet56", 853_018),
        ("resnet110", 1_727_962),
        ("resnet18", 11_173_962),
        ("resnet34", 21_282_122),
        ("resnet50", 23_520_842),
        ("vgg16", 14_728_266),
        ("mobilenet", 3_217_226),
        ("mobilenet-v2", 2_296_922),
        ("lenet-300-100", 266_610),
        ("lenet-5", 431_080),
    ];
    assert_eq!(known.map(|(name, _)| name).to_vec(), all().collect::<Vec<_>>());
    for (name, expected) in known {
        let shape = if name.starts_with("lenet") { [1, 28, 28] } else { [3, 32, 32] };
        assert_eq!(count(&build(name, &json!({}), shape).unwrap()), expected, "{name}");
    }
}

/// The smallest image is taken, computes, and is as small as the message says.
#[test]
fn an_image_that_is_too_small_is_refused_in_words() {
    for name in all() {
        let Some(least) = (match name {
            "vgg16" => Some(17),
            "mobilenet" | "lenet-5" => Some(16),
            "lenet-300-100" => None,
            _ => Some(8),
        }) else {
            continue;
        };
        let graph = build(name, &json!({ "width": 2 }), [3, least, least]).unwrap();
        let view = jackpot::model::graph::shapes::infer(&graph).unwrap();
        assert_eq!(view.shape(&graph.outputs[0].from), Some(&[10][..]), "{name}");
        let error = build(name, &json!({ "width": 2 }), [3, least - 1, least - 1]).unwrap_err();
        let shape = format!("[3, {0}, {0}]", least - 1);
        for part in [&format!("architecture {name}"), &format!("at least {least}"), &shape] {
            assert!(error.contains(part), "{name}: no {part} in: {error}");
        }
    }
}
