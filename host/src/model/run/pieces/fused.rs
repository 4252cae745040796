//! Functions of one number on kernels of Jackpot's own.

use std::sync::Arc;

use tch::Tensor;

use super::program::Program;
use super::translate::pointwise;
use crate::kernels::Threads;
use crate::kernels::pointwise::Pointwise;
use crate::model::error::ModelError;
use crate::model::run::order::{in_order, order};
use crate::model::run::threads::threads;
use crate::torch::memory_format::MemoryFormat;
use crate::torch::numbers;

/// A function whose calls all have kernels.
pub(super) struct Fused {
    function: Pointwise,
    threads: Arc<Threads>,
}

impl Fused {
    /// `None` where there is no [`pointwise()`].
    ///
    /// # Errors
    ///
    /// The system gives no threads.
    pub fn of(program: &Program) -> Result<Option<Self>, ModelError> {
        let with = |function| Ok(Self { function, threads: threads()? });
        pointwise(program).map(with).transpose()
    }

    /// The result, laid out as `x`.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, ModelError> {
        let x = x.f_detach()?;
        let y = x.f_empty_like()?;
        let (from, mut to) = (in_order(&x)?, in_order(&y)?);
        self.function.forward(numbers::of(&from)?, numbers::of_mut(&mut to)?, &self.threads);
        Ok(y)
    }

    /// The gradient to `x`, laid out as it.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn backward(&self, x: &Tensor, to_y: &Tensor) -> Result<Tensor, ModelError> {
        let format = order(x).unwrap_or(MemoryFormat::Contiguous);
        let (to_y, to_x) = (format.apply(&to_y.f_detach()?)?, x.f_empty_like()?);
        let (from, weights, mut to) = (in_order(x)?, in_order(&to_y)?, in_order(&to_x)?);
        let (from, weights) = (numbers::of(&from)?, numbers::of(&weights)?);
        self.function.backward(from, weights, numbers::of_mut(&mut to)?, &self.threads);
        Ok(to_x)
    }
}
