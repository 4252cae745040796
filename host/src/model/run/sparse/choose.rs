//! Whether a layer is worth it: a rule from measurements (docs/performance.md), the same on every
//! machine.

use super::Candidate;

/// The largest part of kept weights at which kernels are faster than dense operators.
const DENSITY: f64 = 0.36;
/// Multiply-adds of one image, dense, below which a layer costs next to nothing either way.
const SMALL: usize = 200_000;

/// Whether kernels are faster for such a layer, by rule.
pub fn pays(layer: &Candidate) -> bool {
    let shape = &layer.shape;
    let [height, width] = shape.output();
    let work = shape.weights() * height * width;
    shape.groups == 1 && work >= SMALL && layer.kept as f64 <= DENSITY * shape.weights() as f64
}
