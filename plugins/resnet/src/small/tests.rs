use super::*;
use crate::shape::tests::spec;

fn graph(item: &impl Architecture, classes: i64) -> Graph {
    let input = spec("images", &[3, 32, 32]);
    let mut builder = GraphBuilder::new(vec![input.clone()]);
    item.build(&mut builder, &input, &spec("logits", &[classes])).unwrap();
    builder.finish()
}

fn weights(graph: &Graph) -> i64 {
    graph.parameters.iter().map(|parameter| parameter.shape.iter().product::<i64>()).sum()
}

#[test]
fn have_the_known_numbers_of_parameters() {
    assert_eq!(weights(&graph(&ResNet8 { width: 16 }, 10)), 75_290);
    assert_eq!(weights(&graph(&ResNet20 { width: 16 }, 10)), 269_722);
    assert_eq!(weights(&graph(&ResNet32 { width: 16 }, 10)), 464_154);
    assert_eq!(weights(&graph(&ResNet44 { width: 16 }, 10)), 658_586);
    assert_eq!(weights(&graph(&ResNet56 { width: 16 }, 10)), 853_018);
    assert_eq!(weights(&graph(&ResNet110 { width: 16 }, 10)), 1_727_962);
}

#[test]
fn have_six_n_plus_two_layers() {
    let layers = |graph: Graph| {
        let layer = |p: &&Parameter| matches!(p.role, Role::Conv | Role::Linear);
        graph.parameters.iter().filter(layer).count()
    };
    assert_eq!(layers(graph(&ResNet8 { width: 4 }, 10)), 8);
    assert_eq!(layers(graph(&ResNet20 { width: 4 }, 10)), 20);
    assert_eq!(layers(graph(&ResNet32 { width: 4 }, 10)), 32);
    assert_eq!(layers(graph(&ResNet44 { width: 4 }, 10)), 44);
    assert_eq!(layers(graph(&ResNet56 { width: 4 }, 10)), 56);
    assert_eq!(layers(graph(&ResNet110 { width: 4 }, 10)), 110);
}

#[test]
fn shortcuts_take_every_second_pixel_and_fill_up_with_zeros() {
    let graph = graph(&ResNet8 { width: 16 }, 10);
    let node = |id: &str| graph.nodes.iter().find(|node| node.id == id).unwrap();
    let rows = node("layer2.0.shortcut.rows");
    assert_eq!(rows.op, "aten::slice.Tensor");
    assert_eq!((&rows.attrs["dim"], &rows.attrs["step"]), (&json!(2), &json!(2)));
    assert_eq!(node("layer2.0.shortcut.columns").attrs["dim"], json!(3));
    let pad = node("layer3.0.shortcut.pad");
    assert_eq!(pad.op, "aten::constant_pad_nd");
    assert_eq!(pad.attrs["pad"], json!([0, 0, 0, 0, 16, 16]));
    assert_eq!(node("layer3.0.add").inputs[1], Input::One("layer3.0.shortcut.pad".to_owned()));
    // Nothing changes in the first stage.
    assert_eq!(node("layer1.0.add").inputs[1], Input::One("relu".to_owned()));
}

#[test]
fn an_odd_width_is_filled_up_completely() {
    let graph = graph(&ResNet8 { width: 5 }, 10);
    let pad = graph.nodes.iter().find(|node| node.id == "layer2.0.shortcut.pad").unwrap();
    assert_eq!(pad.attrs["pad"], json!([0, 0, 0, 0, 2, 3]));
}

#[test]
fn convolutions_begin_with_he_by_fan_out() {
    let graph = graph(&ResNet20 { width: 16 }, 10);
    let init = |name: &str| graph.parameters.iter().find(|p| p.name == name).unwrap().init;
    let std = (2.0 / (9.0 * 32.0_f64)).sqrt();
    assert_eq!(init("layer2.0.conv1.weight"), Initial::Normal { mean: 0.0, std });
    assert_eq!(init("linear.weight"), Initial::torch_default(64));
}
