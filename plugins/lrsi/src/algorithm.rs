//! The first step of the training's optimizer.

use jackpot_plugin_api::prelude::*;

/// Whose first step the scales are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// The normalised gradient.
    Sgd,
    /// The gradient's sign.
    Adam,
}

impl Algorithm {
    /// The norm of all gradients together, 0-dimensional and differentiable.
    pub fn norm(self, gradients: &[Tensor]) -> Tensor {
        let total = |part: &dyn Fn(&Tensor) -> Tensor| {
            let parts: Vec<Tensor> = gradients.iter().map(part).collect();
            Tensor::stack(&parts, 0).sum()
        };
        match self {
            Self::Sgd => total(&|g| g.square().sum()).sqrt(),
            Self::Adam => total(&|g| g.abs().sum()),
        }
    }

    /// A(g), cut from autograd's graph. The gradient 0 moves nothing.
    pub fn direction(self, gradient: &Tensor, norm: f64) -> Tensor {
        let gradient = gradient.detach();
        match self {
            Self::Sgd if norm > 0.0 => gradient / norm,
            Self::Sgd => gradient,
            Self::Adam => gradient.sign(),
        }
    }
}
