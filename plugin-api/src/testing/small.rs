//! A graph to begin with.

use crate::graph::{Conv2d, Graph, GraphBuilder, TensorSpec};

/// A small network for images `[2, 6, 6]` and 3 classes, with 228 prunable weights: two 3 × 3 convolutions
/// (`conv1`, `conv2`), each with its normalisation (`bn1`, `bn2`) and an activation site (`relu1`,
/// `relu2`), then the mean over the image (`pool`) and `linear`.
pub fn small_network() -> Graph {
    let name = "x".to_owned();
    let input = TensorSpec { name, shape: vec![2, 6, 6], dtype: "f32".to_owned() };
    let mut graph = GraphBuilder::new(vec![input]);
    let x = graph.input();
    let x = graph.conv2d("conv1", &x, Conv2d::new(2, 4, 3));
    let x = graph.batch_norm2d("bn1", &x, 4);
    let x = graph.activation("relu1", &x);
    let x = graph.conv2d("conv2", &x, Conv2d::new(4, 4, 3).stride(2));
    let x = graph.batch_norm2d("bn2", &x, 4);
    let x = graph.activation("relu2", &x);
    let x = graph.global_avg_pool("pool", &x);
    let x = graph.linear("linear", &x, 4, 3);
    graph.output("logits", &x);
    graph.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_weights_are_as_many_as_documented() {
        let graph = small_network();
        let weights = graph.parameters.iter().filter(|p| p.prunable);
        // 2·4·9 + 4·4·9 + 4·3.
        assert_eq!(weights.map(|p| p.shape.iter().product::<i64>()).sum::<i64>(), 228);
        let all = graph.parameters.iter().map(|p| p.shape.iter().product::<i64>());
        assert_eq!(all.sum::<i64>(), 228 + 16 + 3);
    }
}
