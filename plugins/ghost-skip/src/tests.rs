use jackpot_plugin_api::graph;

use super::*;

/// Channels, height and width of a node's result.
type Shapes = Vec<(&'static str, [i64; 3])>;

fn view(build: impl FnOnce(&mut GraphBuilder), shapes: Shapes) -> GraphView {
    let input = TensorSpec { name: "images".into(), shape: vec![3, 8, 8], dtype: "f32".to_owned() };
    let mut builder = GraphBuilder::new(vec![input]);
    build(&mut builder);
    let shapes = shapes.into_iter().map(|(id, shape)| (id.to_owned(), shape.to_vec())).collect();
    GraphView { graph: builder.finish(), shapes }
}

/// A stem, a convolution of stride 2 and a 1 × 1 convolution, each with its normalisation.
fn small() -> GraphView {
    let build = |g: &mut GraphBuilder| {
        let images = g.input();
        let stem = g.conv2d("conv1", &images, Conv2d::new(3, 4, 3));
        let stem = g.batch_norm2d("bn1", &stem, 4);
        let stem = g.activation("relu", &stem);
        let y = g.conv2d("body.conv", &stem, Conv2d::new(4, 6, 3).stride(2));
        let y = g.batch_norm2d("body.bn", &y, 6);
        let short = g.conv2d("short.0", &stem, Conv2d::new(4, 6, 1).stride(2));
        let short = g.batch_norm2d("short.1", &short, 6);
        let sum = g.add("add", &y, &short);
        g.output("logits", &sum);
    };
    view(build, vec![("relu", [4, 8, 8]), ("body.conv", [6, 4, 4])])
}

/// A stem, then the convolution `body` on 6 channels of 7 × 7, read by a ReLU.
fn chain(conv: Conv2d, norm: bool, out: [i64; 3]) -> GraphView {
    let build = |g: &mut GraphBuilder| {
        let images = g.input();
        let x = g.conv2d("stem", &images, Conv2d::new(3, 6, 2));
        let mut x = g.conv2d("body", &x, conv);
        if norm {
            x = g.batch_norm2d("norm", &x, conv.outputs);
        }
        let x = g.activation("relu", &x);
        g.output("logits", &x);
    };
    view(build, vec![("stem", [6, 7, 7]), ("body", out)])
}

fn ghost() -> GhostSkip {
    GhostSkip { fade: None, value: 1e-4 }
}

fn one(name: &str) -> Input {
    Input::One(name.to_owned())
}

fn rewire(from: &str, to: &str) -> [Rewire; 1] {
    [Rewire { from: from.to_owned(), to: to.to_owned() }]
}

#[test]
fn only_the_large_inner_convolution_gets_a_connection() {
    let edits = ghost().edits(&small()).unwrap();
    let ids: Vec<_> = edits.nodes.iter().map(|node| node.id.as_str()).collect();
    let body = ["conv", "bn", "scaled", "sum"].map(|part| format!("skip.body.conv.{part}"));
    assert_eq!(ids, body);
    assert_eq!(edits.rewires, rewire("body.bn", "skip.body.conv.sum"));
}

#[test]
fn the_connection_is_scaled_and_added_to_the_normalised_result() {
    let edits = ghost().edits(&small()).unwrap();
    let [conv, bn, scaled, sum] = &edits.nodes[..] else { panic!("four nodes") };
    assert_eq!((conv.op.as_str(), &conv.inputs[..]), ("aten::conv2d", &[one("relu")][..]));
    assert_eq!(conv.attrs["stride"], json!([2, 2]));
    assert_eq!(conv.attrs["padding"], json!([0, 0]));
    assert_eq!(conv.attrs["groups"], json!(1));
    assert_eq!(conv.params.keys().collect::<Vec<_>>(), ["weight"]);
    assert_eq!((bn.op.as_str(), &bn.inputs[..]), ("aten::batch_norm", &[one(&conv.id)][..]));
    assert_eq!(scaled.op, "aten::mul.Tensor");
    assert_eq!(scaled.inputs, [one(&bn.id), one("knob:alpha")]);
    assert_eq!(sum.op, "aten::add.Tensor");
    assert_eq!(sum.inputs, [one("body.bn"), one(&scaled.id)]);
}

#[test]
fn its_weights_are_filled_with_the_value_and_never_pruned() {
    let edits = GhostSkip { fade: None, value: 0.25 }.edits(&small()).unwrap();
    let weight = &edits.parameters[0];
    assert_eq!(weight.name, "skip.body.conv.conv.weight");
    assert_eq!(weight.shape, [6, 4, 1, 1]);
    assert_eq!(weight.init, Initial::constant(0.25));
    assert_eq!(weight.role, Role::Conv);
    let names: Vec<_> = edits.parameters.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names[1..], ["skip.body.conv.bn.weight", "skip.body.conv.bn.bias"]);
    assert_eq!(edits.parameters[1].init, Initial::constant(1.0));
    assert!(edits.parameters.iter().all(|p| p.decay && !p.prunable));
    assert_eq!(edits.buffers.len(), 3);
}

#[test]
fn a_depthwise_convolution_gets_one_weight_per_channel() {
    let depthwise = Conv2d::new(6, 6, 3).groups(6).stride(2);
    let edits = ghost().edits(&chain(depthwise, true, [6, 4, 4])).unwrap();
    assert_eq!(edits.parameters[0].shape, [6, 1, 1, 1]);
    let conv = &edits.nodes[0];
    assert_eq!((&conv.attrs["groups"], &conv.attrs["stride"]), (&json!(6), &json!([2, 2])));
    let grouped = Conv2d::new(6, 8, 3).groups(2);
    let edits = ghost().edits(&chain(grouped, true, [8, 7, 7])).unwrap();
    assert_eq!(edits.parameters[0].shape, [8, 3, 1, 1]);
}

#[test]
fn without_a_normalisation_the_connection_has_none() {
    let edits = ghost().edits(&chain(Conv2d::new(6, 8, 3).bias(), false, [8, 7, 7])).unwrap();
    let ids: Vec<_> = edits.nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(ids, ["skip.body.conv", "skip.body.scaled", "skip.body.sum"]);
    assert_eq!(edits.nodes[1].inputs, [one("skip.body.conv"), one("knob:alpha")]);
    assert_eq!(edits.nodes[2].inputs, [one("body"), one("skip.body.scaled")]);
    assert_eq!(edits.rewires, rewire("body", "skip.body.sum"));
    let names: Vec<_> = edits.parameters.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["skip.body.conv.weight"]);
    assert!(edits.buffers.is_empty());
}

#[test]
fn a_normalisation_that_is_not_the_only_reader_stays_without() {
    let mut twice = small();
    twice.graph.nodes.last_mut().unwrap().inputs[1] = one("body.conv");
    let edits = ghost().edits(&twice).unwrap();
    assert_eq!(edits.rewires, rewire("body.conv", "skip.body.conv.sum"));
}

#[test]
fn an_unpadded_convolution_gets_the_pixels_under_its_centre() {
    let unpadded = Conv2d { padding: 0, ..Conv2d::new(6, 8, 5) };
    let edits = ghost().edits(&chain(unpadded, true, [8, 3, 3])).unwrap();
    let [pixels, conv, ..] = &edits.nodes[..] else { panic!("five nodes") };
    assert_eq!(
        (pixels.op.as_str(), &pixels.inputs[..]),
        ("aten::constant_pad_nd", &[one("stem")][..])
    );
    assert_eq!(pixels.attrs["pad"], json!([-2, -2, -2, -2]));
    assert_eq!(conv.inputs, [one("skip.body.pixels")]);
}

#[test]
fn other_spellings_of_a_convolution_are_understood() {
    let mut frozen = chain(Conv2d::new(6, 8, 3), true, [8, 7, 7]);
    let conv = &mut frozen.graph.nodes[1];
    conv.op = "aten::conv2d.padding".to_owned();
    conv.attrs.insert("padding".to_owned(), json!("same"));
    conv.attrs.insert("stride".to_owned(), json!(1));
    conv.attrs.remove("groups");
    let weight = frozen.graph.parameters.iter().position(|p| p.name == "body.weight").unwrap();
    let Parameter { name, shape, dtype, init, .. } = frozen.graph.parameters.remove(weight);
    frozen.graph.buffers.push(graph::Buffer { name, shape, dtype, init });
    let edits = ghost().edits(&frozen).unwrap();
    assert_eq!(edits.parameters[0].shape, [8, 6, 1, 1]);
    assert_eq!(edits.nodes[0].inputs, [one("stem")], "the size stays");
}

#[test]
fn an_error_says_what_is_missing() {
    let build = |g: &mut GraphBuilder| {
        let images = g.input();
        let y = g.conv2d("conv1", &images, Conv2d::new(3, 4, 3));
        let y = g.batch_norm2d("bn1", &y, 4);
        g.conv2d("conv2", &y, Conv2d::new(4, 4, 1));
    };
    let shapes = vec![("conv1", [4, 8, 8]), ("bn1", [4, 8, 8]), ("conv2", [4, 8, 8])];
    let error = ghost().edits(&view(build, shapes)).unwrap_err().to_string();
    assert!(error.contains("finds no place") && error.contains("larger than 1 × 1"), "{error}");
}

#[test]
fn alpha_falls_in_a_straight_line_to_exactly_zero() {
    let at = |step| Progress { step, steps_per_epoch: 2, total_steps: 10 };
    let curve = |ghost: &GhostSkip| -> Vec<f64> {
        (0..7).map(|step| ghost.knob(ALPHA, at(step))).collect()
    };
    let two = GhostSkip { fade: Some(Duration::Epochs(2)), ..ghost() };
    assert_eq!(curve(&two), [1.0, 0.75, 0.5, 0.25, 0.0, 0.0, 0.0]);
    let five = GhostSkip { fade: Some(Duration::Iterations(5)), ..ghost() };
    assert_eq!(curve(&five), [1.0, 0.8, 0.6, 0.4, 0.2, 0.0, 0.0]);
    let never = GhostSkip { fade: Some(Duration::Epochs(0)), ..ghost() };
    assert_eq!(curve(&never), [0.0; 7]);
    assert_eq!(curve(&ghost()), [1.0; 7]);
}
