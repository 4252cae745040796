//! What follows a batch norm and its residual branch, and is computed with them.

use tch::Tensor;

use super::pieces::Function;
use crate::kernels::norm;
use crate::model::error::ModelError;

/// As the graph has it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Then {
    #[default]
    Nothing,
    Relu,
    /// The plugin of a site, if it is a function that kernels know.
    Site(usize),
}

/// As it is at this step of a training.
#[derive(Debug, Default)]
pub(super) enum After {
    #[default]
    Nothing,
    Relu,
    Function(Box<Function>),
}

impl After {
    pub fn for_kernels(&self) -> norm::After<'_> {
        match self {
            Self::Nothing => norm::After::Nothing,
            Self::Relu => norm::After::Relu,
            Self::Function(function) => norm::After::Function(function.pointwise()),
        }
    }

    /// By libtorch's operators, which record.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn operators(&self, y: Tensor) -> Result<Tensor, ModelError> {
        Ok(match self {
            Self::Nothing => y,
            Self::Relu => y.f_relu()?,
            Self::Function(function) => function.operators(&y)?,
        })
    }

    pub fn is_relu(&self) -> bool {
        matches!(self, Self::Relu)
    }

    pub fn is_function(&self) -> bool {
        matches!(self, Self::Function(_))
    }
}
