//! Which layers are worth it: a rule from measurements (docs/performance.md), the same on every
//! machine.
//!
//! A layer is chosen with the others in mind. A network without kernels has its images channels
//! last; beside kernels they are row-major, go from one order to the other, and norms and additions
//! are not fused. So either the whole network gains, and even layers of which most weights are kept
//! run on kernels, or it stays dense.

use std::collections::BTreeSet;

use super::Candidate;

/// How often its multiply-adds a layer costs, in those of a wide dense 3 × 3 convolution.
struct Costs {
    dense: f64,
    /// For its kept weights.
    on_kernels: f64,
}

const WIDE: Costs = Costs { dense: 1.0, on_kernels: 1.7 };
/// Few channels or one weight for each of them: memory takes its time either way.
const NARROW: Costs = Costs { dense: 2.0, on_kernels: 2.7 };
/// Input channels from which on a convolution is wide.
const MANY: usize = 64;
/// How much more a dense layer costs beside kernels.
const BESIDE_KERNELS: f64 = 1.5;
/// Multiply-adds of one image, dense, below which a layer costs next to nothing either way.
const SMALL: usize = 200_000;

/// The weights of the layers that kernels should compute, of a network with so many multiply-adds
/// for an image, dense. None where the network as a whole gains nothing.
pub fn chosen(layers: &[Candidate], network: u64) -> BTreeSet<String> {
    let (mut kernels, mut dense) = (0.0, 0.0);
    let mut names = BTreeSet::new();
    let mut others = network as f64;
    for layer in layers {
        let (costs, work) = (Costs::of(layer), work(layer) as f64);
        let all_kept = layer.shape.weights().max(1) as f64;
        let on_kernels = work * costs.on_kernels * layer.kept as f64 / all_kept;
        if on_kernels > BESIDE_KERNELS * work * costs.dense {
            continue;
        }
        kernels += on_kernels;
        dense += work * costs.dense;
        others -= work;
        names.insert(layer.name.clone());
    }
    let gains = kernels + BESIDE_KERNELS * others < dense + others;
    match gains && layers.iter().any(|layer| work(layer) >= SMALL) {
        true => names,
        false => BTreeSet::new(),
    }
}

impl Costs {
    fn of(layer: &Candidate) -> Self {
        let shape = &layer.shape;
        let is_image = shape.image != [1, 1];
        let own = shape.in_channels / shape.groups.max(1);
        match is_image && (own < MANY || shape.kernel == [1, 1]) {
            true => NARROW,
            false => WIDE,
        }
    }
}

/// Multiply-adds of one image, dense.
fn work(layer: &Candidate) -> usize {
    let [height, width] = layer.shape.output();
    layer.shape.weights() * height * width
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::conv::ConvShape;

    /// 32 × 32 pixels.
    fn layer(name: &str, channels: usize, kernel: usize, density: f64) -> Candidate {
        let shape = ConvShape {
            in_channels: channels,
            out_channels: channels,
            image: [32, 32],
            kernel: [kernel; 2],
            stride: [1, 1],
            padding: [kernel / 2; 2],
            groups: 1,
        };
        let kept = (density * shape.weights() as f64) as usize;
        Candidate { name: name.to_owned(), shape, kept }
    }

    /// Of a network of these layers and others.
    fn names(layers: &[Candidate], others: usize) -> Vec<String> {
        let network: usize = layers.iter().map(work).sum();
        chosen(layers, (network + others) as u64).into_iter().collect()
    }

    #[test]
    fn a_network_gains_or_stays_dense() {
        assert_eq!(names(&[layer("a", 64, 3, 0.55)], 0), ["a"]);
        assert!(names(&[layer("a", 64, 3, 0.62)], 0).is_empty());
        assert_eq!(names(&[layer("a", 16, 3, 0.7)], 0), ["a"]);
        assert_eq!(names(&[layer("a", 64, 1, 0.7)], 0), ["a"]);
        assert!(names(&[layer("a", 64, 1, 0.78)], 0).is_empty());
        assert!(names(&[layer("a", 4, 3, 0.1)], 0).is_empty());
        assert!(names(&[], 1000).is_empty());
    }

    #[test]
    fn in_company_fuller_layers_run_on_kernels_too() {
        let sparse = layer("a", 64, 3, 0.1);
        assert_eq!(names(&[sparse.clone(), layer("b", 64, 3, 0.85)], 0), ["a", "b"]);
        assert_eq!(names(&[sparse.clone(), layer("b", 64, 3, 0.95)], 0), ["a"]);
        assert_eq!(names(&[sparse.clone(), layer("b", 4, 3, 0.5)], 0), ["a", "b"]);
        // What the sparse layer gains, layers without a mask lose.
        let once = work(&sparse);
        assert_eq!(names(std::slice::from_ref(&sparse), once), ["a"]);
        assert!(names(&[layer("a", 64, 3, 0.4)], once).is_empty());
    }
}
