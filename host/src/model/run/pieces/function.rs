//! An activation that kernels compute as part of what is before it.

use std::fmt;

use tch::Tensor;

use super::program::{Knobs, Program};
use super::translate::pointwise;
use crate::kernels::pointwise::Pointwise;
use crate::model::error::ModelError;
use crate::torch::op::record::is_recording;

/// A function of one number, with the operators that it stands for.
pub struct Function {
    program: Program,
    pointwise: Pointwise,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pointwise.fmt(f)
    }
}

/// What `of` computes of each number, found with some images. `None` where it does not work number by
/// number, kernels lack an operator, or operators are written down.
///
/// # Errors
///
/// What libtorch says.
pub fn function(
    some: &Tensor,
    of: &dyn Fn(&Tensor) -> Option<Tensor>,
) -> Result<Option<Function>, ModelError> {
    if is_recording() {
        return Ok(None);
    }
    let traced = Program::traced(some, of, Knobs::Copied)?;
    Ok(traced.and_then(|(program, _)| {
        pointwise(&program).map(|pointwise| Function { program, pointwise })
    }))
}

impl Function {
    pub(in crate::model::run) fn is_relu(&self) -> bool {
        self.pointwise.is_relu()
    }

    pub(in crate::model::run) fn pointwise(&self) -> &Pointwise {
        &self.pointwise
    }

    /// By the operators, which record.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub(in crate::model::run) fn operators(&self, x: &Tensor) -> Result<Tensor, ModelError> {
        self.program.run(x)
    }
}
