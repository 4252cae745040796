use super::*;

fn built(width: i64, image: [i64; 3]) -> Result<Graph, Error> {
    let spec = |name: &str, shape: &[i64]| TensorSpec {
        name: name.to_owned(),
        shape: shape.to_vec(),
        dtype: "f32".to_owned(),
    };
    let input = spec("images", &image);
    let mut builder = GraphBuilder::new(vec![input.clone()]);
    MobileNetV2 { width }.build(&mut builder, &input, &spec("logits", &[10]))?;
    Ok(builder.finish())
}

fn weights(graph: &Graph) -> i64 {
    graph.parameters.iter().map(|parameter| parameter.shape.iter().product::<i64>()).sum()
}

fn node<'a>(graph: &'a Graph, id: &str) -> Option<&'a Node> {
    graph.nodes.iter().find(|node| node.id == id)
}

#[test]
fn has_the_known_number_of_parameters() {
    assert_eq!(weights(&built(32, [3, 32, 32]).unwrap()), 2_296_922);
    assert_eq!(weights(&built(32, [3, 64, 64]).unwrap()), 2_296_922);
    assert_eq!(weights(&built(32, [1, 28, 28]).unwrap()), 2_296_922 - 2 * 9 * 32);
}

#[test]
fn blocks_of_stride_one_add_their_input() {
    let graph = built(32, [3, 32, 32]).unwrap();
    let adds = graph.nodes.iter().filter(|node| node.op == "aten::add.Tensor");
    // Three of seventeen halve the image.
    assert_eq!(adds.count(), 14);
    // 24 channels become 24: as it is; 16 become 24: through a convolution.
    let second = |id: &str| node(&graph, id).unwrap().inputs[1].clone();
    assert_eq!(second("layers.2.add"), Input::One("layers.1.add".to_owned()));
    assert_eq!(second("layers.1.add"), Input::One("layers.1.shortcut.1".to_owned()));
    // 24 become 32 at half the size: not at all.
    assert!(node(&graph, "layers.3.add").is_none());
    assert_eq!(node(&graph, "layers.3.conv2").unwrap().attrs["stride"], json!([2, 2]));
    assert_eq!(node(&graph, "layers.3.conv2").unwrap().attrs["groups"], json!(144));
    // The stem, twice in each block, after the last convolution.
    assert_eq!(graph.nodes.iter().filter(|node| node.site.is_some()).count(), 36);
}

#[test]
fn channels_follow_the_width_in_proportion() {
    let scaled = |width| [16, 24, 160, 1280].map(|channels| MobileNetV2 { width }.scaled(channels));
    assert_eq!(scaled(32), [16, 24, 160, 1280]);
    assert_eq!(scaled(48), [24, 36, 240, 1920]);
    // 24/32 rounds to 1, 16/32 = 0.5 up.
    assert_eq!(scaled(1), [1, 1, 5, 40]);
    // 16·3/32 = 1.5 and 24·3/32 = 2.25.
    assert_eq!(scaled(3), [2, 2, 15, 120]);
}

#[test]
fn too_small_an_image_is_refused_in_words() {
    assert!(built(1, [1, 8, 8]).is_ok());
    let error = built(1, [3, 7, 32]).unwrap_err().to_string();
    assert!(error.contains("mobilenet-v2") && error.contains("at least 8"), "{error}");
    assert!(error.contains("[3, 7, 32]"), "{error}");
}
