use super::*;

fn built(width: i64, image: [i64; 3]) -> Result<Graph, Error> {
    let spec = |name: &str, shape: &[i64]| TensorSpec {
        name: name.to_owned(),
        shape: shape.to_vec(),
        dtype: "f32".to_owned(),
    };
    let input = spec("images", &image);
    let mut builder = GraphBuilder::new(vec![input.clone()]);
    Vgg16 { width }.build(&mut builder, &input, &spec("logits", &[10]))?;
    Ok(builder.finish())
}

fn weights(graph: &Graph) -> i64 {
    graph.parameters.iter().map(|parameter| parameter.shape.iter().product::<i64>()).sum()
}

#[test]
fn has_the_known_number_of_parameters() {
    assert_eq!(weights(&built(64, [3, 32, 32]).unwrap()), 14_728_266);
    // The head takes the mean: other sizes change nothing, another number of channels the stem.
    assert_eq!(weights(&built(64, [3, 64, 64]).unwrap()), 14_728_266);
    assert_eq!(weights(&built(64, [1, 28, 28]).unwrap()), 14_728_266 - 2 * 9 * 64);
}

#[test]
fn names_follow_from_positions() {
    let graph = built(4, [3, 32, 32]).unwrap();
    let names: Vec<_> = graph.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    let first = ["features.0.weight", "features.0.bias", "features.1.weight", "features.1.bias"];
    assert_eq!(names[..4], first);
    // Two convolutions of three layers each, and the pooling: the second stage begins at 7.
    assert_eq!(names[8], "features.7.weight");
    assert_eq!(names[names.len() - 6], "features.40.weight");
    assert_eq!(names[names.len() - 2..], ["classifier.weight", "classifier.bias"]);
    let sites = graph.nodes.iter().filter(|node| node.site.is_some());
    assert_eq!(sites.count(), 13);
}

#[test]
fn small_images_are_halved_upwards_and_smaller_ones_refused() {
    let up = |side| {
        let graph = built(1, [3, side, 64]).unwrap();
        let mut pools = graph.nodes.iter().filter(|node| node.op == "aten::max_pool2d");
        let first = pools.next().unwrap().attrs["ceil_mode"] == json!(true);
        let others: Vec<_> = pools.map(|pool| pool.attrs["ceil_mode"] == json!(true)).collect();
        assert_eq!(others, [first; 4]);
        first
    };
    assert_eq!([17, 28, 31, 32, 33].map(up), [true, true, true, false, false]);
    let error = built(1, [3, 64, 16]).unwrap_err().to_string();
    assert!(error.contains("vgg16") && error.contains("at least 17"), "{error}");
    assert!(error.contains("`images` is f32 of shape [3, 64, 16]"), "{error}");
}
