use super::*;
use crate::shape::tests::spec;

fn built(item: &impl Architecture, classes: i64) -> Graph {
    let input = spec("images", &[3, 32, 32]);
    let mut builder = GraphBuilder::new(vec![input.clone()]);
    item.build(&mut builder, &input, &spec("logits", &[classes])).unwrap();
    builder.finish()
}

fn graph(width: i64, classes: i64) -> Graph {
    built(&ResNet18 { width }, classes)
}

fn weights(graph: &Graph) -> i64 {
    graph.parameters.iter().map(|parameter| parameter.shape.iter().product::<i64>()).sum()
}

#[test]
fn has_the_known_number_of_parameters() {
    assert_eq!(weights(&graph(64, 10)), 11_173_962);
    assert_eq!(weights(&graph(64, 100)), 11_173_962 + 90 * 513);
    assert_eq!(weights(&graph(16, 10)), 701_466);
    assert_eq!(weights(&built(&ResNet34 { width: 64 }, 10)), 21_282_122);
    assert_eq!(weights(&built(&ResNet50 { width: 64 }, 10)), 23_520_842);
}

#[test]
fn lists_parameters_in_state_dict_order() {
    let graph = graph(4, 10);
    let names: Vec<_> = graph.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    assert_eq!(names[..4], ["conv1.weight", "bn1.weight", "bn1.bias", "layer1.0.conv1.weight"]);
    let at = names.iter().position(|name| *name == "layer2.0.conv1.weight").unwrap();
    let block = [
        "layer2.0.conv1.weight",
        "layer2.0.bn1.weight",
        "layer2.0.bn1.bias",
        "layer2.0.conv2.weight",
        "layer2.0.bn2.weight",
        "layer2.0.bn2.bias",
        "layer2.0.shortcut.0.weight",
        "layer2.0.shortcut.1.weight",
        "layer2.0.shortcut.1.bias",
        "layer2.1.conv1.weight",
    ];
    assert_eq!(names[at..at + block.len()], block);
    assert_eq!(names[names.len() - 2..], ["linear.weight", "linear.bias"]);
    assert_eq!(names.len(), 62);
    // Running mean, variance and counter of 20 batch normalisations.
    assert_eq!(graph.buffers.len(), 60);
}

#[test]
fn begins_with_pytorchs_defaults() {
    let graph = graph(64, 10);
    let conv = graph.parameters.iter().find(|p| p.name == "layer1.0.conv2.weight").unwrap();
    assert_eq!(conv.shape, [64, 64, 3, 3]);
    assert_eq!(conv.init, Initial::Uniform { low: -1.0 / 24.0, high: 1.0 / 24.0 });
    assert!(conv.prunable && conv.role == Role::Conv);
}

#[test]
fn has_an_activation_site_after_the_stem_and_twice_in_each_block() {
    let graph = graph(4, 10);
    let sites: Vec<_> = graph
        .nodes
        .iter()
        .filter(|node| node.site.is_some())
        .map(|node| node.id.as_str())
        .collect();
    assert_eq!(sites.len(), 17);
    assert_eq!(sites[..3], ["relu", "layer1.0.relu1", "layer1.0.relu2"]);
}

#[test]
fn halves_the_image_before_stages_two_to_four() {
    let graph = graph(4, 10);
    let strided = |node: &&Node| node.attrs.get("stride") == Some(&json!([2, 2]));
    let ids: Vec<_> = graph.nodes.iter().filter(strided).map(|node| node.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "layer2.0.conv1",
            "layer2.0.shortcut.0",
            "layer3.0.conv1",
            "layer3.0.shortcut.0",
            "layer4.0.conv1",
            "layer4.0.shortcut.0"
        ]
    );
}

#[test]
fn names_its_output_as_asked() {
    let graph = graph(4, 7);
    assert_eq!(
        (graph.outputs[0].name.as_str(), graph.outputs[0].from.as_str()),
        ("logits", "linear")
    );
    assert_eq!(graph.inputs[0].name, "images");
    assert_eq!(graph.nodes[0].inputs, [Input::One("images".to_owned())]);
}

#[test]
fn a_bottleneck_narrows_strides_and_widens() {
    let graph = built(&ResNet50 { width: 64 }, 10);
    let names: Vec<_> = graph.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    let at = names.iter().position(|name| *name == "layer2.0.conv1.weight").unwrap();
    let weights: Vec<_> = graph.parameters[at..]
        .iter()
        .filter(|parameter| parameter.role == Role::Conv)
        .map(|parameter| (parameter.name.as_str(), parameter.shape.as_slice()))
        .take(5)
        .collect();
    let expected: [(&str, &[i64]); 5] = [
        ("layer2.0.conv1.weight", &[128, 256, 1, 1]),
        ("layer2.0.conv2.weight", &[128, 128, 3, 3]),
        ("layer2.0.conv3.weight", &[512, 128, 1, 1]),
        ("layer2.0.shortcut.0.weight", &[512, 256, 1, 1]),
        ("layer2.1.conv1.weight", &[128, 512, 1, 1]),
    ];
    assert_eq!(weights, expected);
    let node = |id: &str| graph.nodes.iter().find(|node| node.id == id).unwrap();
    assert_eq!(node("layer2.0.conv1").attrs["stride"], json!([1, 1]));
    assert_eq!(node("layer2.0.conv2").attrs["stride"], json!([2, 2]));
    // The first block keeps the size, but its channels grow fourfold: it needs a shortcut, too.
    assert_eq!(node("layer1.0.shortcut.0").attrs["stride"], json!([1, 1]));
    assert_eq!(node("layer2.0.add").inputs[0], Input::One("layer2.0.bn3".to_owned()));
    assert_eq!(node("layer2.0.relu3").inputs, [Input::One("layer2.0.add".to_owned())]);
    assert_eq!(graph.nodes.iter().filter(|node| node.site.is_some()).count(), 1 + 3 * 16);
}
