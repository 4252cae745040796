//! Draws that are made of several uniform numbers, all on the device and each of a fixed number of
//! them: nothing is rejected, so nothing has to be looked at.

use std::f64::consts::TAU;

use super::Rng;
use crate::tensor::{Dtype, Tensor};

/// Uniform numbers that a beta number is made of.
const BETA: i64 = 4;

impl Rng<'_> {
    /// Beta(α, α) for any α > 0, f32 in [0, 1], on the training device.
    pub fn beta(&self, stream: i64, shape: &[i64], alpha: f64) -> Tensor {
        beta(&self.uniform(stream, &[shape, &[BETA]].concat()), alpha)
    }

    /// Beta(α, α), f32 of shape `[N, shape…]`, keyed as [`Rng::uniform_for`].
    pub fn beta_for(&self, stream: i64, indices: &Tensor, shape: &[i64], alpha: f64) -> Tensor {
        beta(&self.uniform_for(stream, indices, &[shape, &[BETA]].concat()), alpha)
    }

    /// A random permutation of a batch's places (i64 `[N]`), all N! equally likely.
    ///
    /// It is one of the *samples*: which sample meets which depends on the samples that are in the
    /// batch and not on their order.
    pub fn permutation_for(&self, stream: i64, indices: &Tensor) -> Tensor {
        let keys = self.uniform_for(stream, indices, &[2]);
        let order = |column| {
            let keys = keys.select(1, column);
            keys.op_named("aten::argsort.stable", &[], &[("stable", true.into())])
        };
        // The sample at rank r of the first order meets the one at rank r of the second.
        let (from, to) = (order(0), order(1));
        to.op("aten::scatter", &[0_i64.into(), (&from).into(), (&to).into()])
    }
}

/// Beta(α, α) from `[…, 4]` uniform numbers: `[…]`.
///
/// B = (1 + cos(2πU₀)·√(1 − U₁^(2/(2α+1)))) / 2 is Beta(α+1, α+1) (Ulrich, "Computer Generation of
/// Distributions on the m-Sphere", Applied Statistics 33, 1984), and so the ratio G/(G+G') of two
/// Gamma(α+1) numbers. A Gamma(α+1) number times U^(1/α) is Gamma(α) (Stuart 1962), hence
/// λ = B·U₂^(1/α) / (B·U₂^(1/α) + (1−B)·U₃^(1/α)) is Beta(α, α), exactly and for every α > 0.
/// It is computed as ln(λ/(1−λ)) in f64, as for a small α the powers would underflow.
fn beta(uniforms: &Tensor, alpha: f64) -> Tensor {
    // 1 − u lies in (0, 1]: the logarithms are finite.
    let open = 1.0 - uniforms.to_dtype(Dtype::F64);
    let log = |place| open.select(-1, place).log();
    let radius = (-(log(1) * (2.0 / (2.0 * alpha + 1.0))).op("aten::expm1", &[])).sqrt();
    let y = (open.select(-1, 0) * TAU).cos() * radius;
    let odds = y.op("aten::log1p", &[]) - (-&y).op("aten::log1p", &[]);
    (odds + (log(2) - log(3)) / alpha).sigmoid().to_dtype(Dtype::F32)
}
