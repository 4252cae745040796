use super::*;

fn built(item: &impl Architecture, image: [i64; 3]) -> Result<Graph, Error> {
    let spec = |name: &str, shape: &[i64]| TensorSpec {
        name: name.to_owned(),
        shape: shape.to_vec(),
        dtype: "f32".to_owned(),
    };
    let input = spec("images", &image);
    let mut builder = GraphBuilder::new(vec![input.clone()]);
    item.build(&mut builder, &input, &spec("logits", &[10]))?;
    Ok(builder.finish())
}

fn weights(graph: &Graph) -> i64 {
    graph.parameters.iter().map(|parameter| parameter.shape.iter().product::<i64>()).sum()
}

fn names(graph: &Graph) -> Vec<&str> {
    graph.parameters.iter().map(|parameter| parameter.name.as_str()).collect()
}

#[test]
fn lenet_300_100_has_the_known_parameters() {
    let graph = built(&LeNet300100 { width: 300 }, [1, 28, 28]).unwrap();
    assert_eq!(weights(&graph), 784 * 300 + 300 + 300 * 100 + 100 + 100 * 10 + 10);
    assert_eq!(weights(&graph), 266_610);
    let layers = ["fc_layers.0", "fc_layers.1", "fc"];
    let expected: Vec<_> =
        layers.iter().flat_map(|l| [format!("{l}.weight"), format!("{l}.bias")]).collect();
    assert_eq!(names(&graph), expected);
    let colour = built(&LeNet300100 { width: 300 }, [3, 32, 32]).unwrap();
    assert_eq!(weights(&colour), 266_610 + (3072 - 784) * 300);
    assert_eq!(colour.nodes.iter().filter(|node| node.site.is_some()).count(), 2);
}

#[test]
fn lenet_300_100_stays_a_network_when_narrow() {
    let graph = built(&LeNet300100 { width: 2 }, [1, 1, 1]).unwrap();
    assert_eq!(weights(&graph), (2 + 2) + (2 + 1) + (10 + 10));
}

#[test]
fn lenet_5_has_the_known_parameters() {
    let graph = built(&LeNet5 { width: 20 }, [1, 28, 28]).unwrap();
    // 20·25 + 20, 50·20·25 + 50, 500·50·4·4 + 500, 10·500 + 10.
    assert_eq!(weights(&graph), 520 + 25_050 + 400_500 + 5_010);
    assert_eq!(weights(&graph), 431_080);
    let layers = ["conv1", "conv2", "fc1", "fc2"];
    let expected: Vec<_> =
        layers.iter().flat_map(|l| [format!("{l}.weight"), format!("{l}.bias")]).collect();
    assert_eq!(names(&graph), expected);
    assert_eq!(graph.nodes.iter().filter(|node| node.site.is_some()).count(), 3);
    let hidden = |image| {
        let graph = built(&LeNet5 { width: 20 }, image).unwrap();
        graph.parameters.iter().find(|p| p.name == "fc1.weight").unwrap().shape.clone()
    };
    assert_eq!(hidden([3, 32, 32]), [500, 50 * 5 * 5]);
    assert_eq!(hidden([3, 64, 64]), [500, 50 * 13 * 13]);
    assert_eq!(hidden([3, 16, 17]), [500, 50]);
}

#[test]
fn too_small_an_image_is_refused_in_words() {
    let error = built(&LeNet5 { width: 1 }, [1, 15, 28]).unwrap_err().to_string();
    assert!(error.contains("lenet-5") && error.contains("at least 16"), "{error}");
    let error = built(&LeNet300100 { width: 1 }, [0, 28, 28]).unwrap_err().to_string();
    assert!(error.contains("lenet-300-100") && error.contains("[0, 28, 28]"), "{error}");
}
