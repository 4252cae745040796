use super::*;

fn built(width: i64, image: [i64; 3]) -> Result<Graph, Error> {
    let spec = |name: &str, shape: &[i64]| TensorSpec {
        name: name.to_owned(),
        shape: shape.to_vec(),
        dtype: "f32".to_owned(),
    };
    let input = spec("images", &image);
    let mut builder = GraphBuilder::new(vec![input.clone()]);
    MobileNet { width }.build(&mut builder, &input, &spec("logits", &[10]))?;
    Ok(builder.finish())
}

fn weights(graph: &Graph) -> i64 {
    graph.parameters.iter().map(|parameter| parameter.shape.iter().product::<i64>()).sum()
}

#[test]
fn has_the_known_number_of_parameters() {
    assert_eq!(weights(&built(32, [3, 32, 32]).unwrap()), 3_217_226);
    assert_eq!(weights(&built(32, [3, 64, 64]).unwrap()), 3_217_226);
    assert_eq!(weights(&built(32, [1, 28, 28]).unwrap()), 3_217_226 - 2 * 9 * 32);
}

#[test]
fn a_block_is_a_depthwise_and_a_pointwise_convolution() {
    let graph = built(32, [3, 32, 32]).unwrap();
    let shape = |name: &str| &graph.parameters.iter().find(|p| p.name == name).unwrap().shape;
    assert_eq!(*shape("layers.1.conv1.weight"), [64, 1, 3, 3]);
    assert_eq!(*shape("layers.1.conv2.weight"), [128, 64, 1, 1]);
    let node = |id: &str| graph.nodes.iter().find(|node| node.id == id).unwrap();
    assert_eq!(node("layers.1.conv1").attrs["groups"], json!(64));
    assert_eq!(node("layers.1.conv1").attrs["stride"], json!([2, 2]));
    assert_eq!(node("layers.1.conv2").attrs["padding"], json!([0, 0]));
    // PyTorch's default of a depthwise convolution goes by the nine weights of one channel.
    let init = graph.parameters.iter().find(|p| p.name == "layers.1.conv1.weight").unwrap().init;
    assert_eq!(init, Initial::Uniform { low: -1.0 / 3.0, high: 1.0 / 3.0 });
}

#[test]
fn halves_the_image_four_times_and_has_27_sites() {
    let graph = built(4, [3, 32, 32]).unwrap();
    let halves = graph.nodes.iter().filter(|node| node.attrs.get("stride") == Some(&json!([2, 2])));
    assert_eq!(halves.count(), 4);
    assert_eq!(graph.nodes.iter().filter(|node| node.site.is_some()).count(), 27);
}

#[test]
fn too_small_an_image_is_refused_in_words() {
    assert!(built(1, [1, 16, 16]).is_ok());
    let error = built(1, [3, 15, 32]).unwrap_err().to_string();
    assert!(error.contains("mobilenet") && error.contains("at least 16"), "{error}");
    assert!(error.contains("[3, 15, 32]"), "{error}");
}
