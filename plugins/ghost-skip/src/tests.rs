use super::*;

/// The shapes of one stage's image sides: channels and side of a node's result.
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
    let large = [4, 8, 8];
    let half = [6, 4, 4];
    let shapes = vec![
        ("images", [3, 8, 8]),
        ("conv1", large),
        ("bn1", large),
        ("relu", large),
        ("body.conv", half),
        ("body.bn", half),
        ("short.0", half),
        ("short.1", half),
        ("add", half),
    ];
    view(build, shapes)
}

fn ghost() -> GhostSkip {
    GhostSkip { fade: None, value: 1e-4 }
}

fn one(name: &str) -> Input {
    Input::One(name.to_owned())
}

#[test]
fn only_the_large_inner_convolution_gets_a_connection() {
    let edits = ghost().edits(&small()).unwrap();
    let ids: Vec<_> = edits.nodes.iter().map(|node| node.id.as_str()).collect();
    let body = ["conv", "bn", "scaled", "sum"].map(|part| format!("skip.body.conv.{part}"));
    assert_eq!(ids, body);
    let to = "skip.body.conv.sum".to_owned();
    assert_eq!(edits.rewires, [Rewire { from: "body.bn".to_owned(), to }]);
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
fn a_convolution_that_shrinks_the_image_or_is_read_twice_is_left_alone() {
    let mut shrinks = small();
    shrinks.shapes.insert("body.conv".to_owned(), vec![6, 3, 3]);
    assert!(ghost().edits(&shrinks).is_err());
    let mut twice = small();
    twice.graph.nodes.last_mut().unwrap().inputs[1] = one("body.conv");
    assert!(ghost().edits(&twice).is_err());
}

#[test]
fn an_error_says_what_is_missing() {
    let build = |g: &mut GraphBuilder| {
        let images = g.input();
        let y = g.conv2d("conv1", &images, Conv2d::new(3, 4, 3));
        g.batch_norm2d("bn1", &y, 4);
    };
    let shapes = vec![("images", [3, 8, 8]), ("conv1", [4, 8, 8]), ("bn1", [4, 8, 8])];
    let error = ghost().edits(&view(build, shapes)).unwrap_err().to_string();
    assert!(error.contains("finds no place") && error.contains("batch normalisation"), "{error}");
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
