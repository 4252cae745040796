//! What one backward pass leaves for a later one, beside what autograd carries.
//!
//! - A block's input goes into its first layer and around the block. Autograd would add the two
//!   gradients in a pass of their own; instead the block's last norm leaves the branch's gradient,
//!   and the first layer adds its own to that.
//! - A norm behind a layer need not write its input's gradient for the layer to read: it leaves how
//!   to make it, and the layer makes each block of images when it needs it.
//!
//! Where second derivatives are on their way, more than the norm may have a gradient for a layer's
//! output; the layer sees that by the tensor that autograd brings, and makes the whole sum.
//!
//! The later pass always comes after the earlier one, since the earlier one's result is made from
//! the later one's, and both only run together: autograd runs all that leads to what is wanted. A
//! plugin between them that runs by itself might end that way, so that nothing is left then.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use tch::{Device, Kind, Tensor};

use super::handovers::{Counts, Numbers};
use crate::kernels::Pooled;
use crate::kernels::norm::ToInput;
use crate::model::error::ModelError;
use crate::torch::numbers;

/// Room for one thing to hand over. It is there only between two backward passes.
pub(super) struct Slot<T>(Arc<Mutex<Option<T>>>);

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Slot<T> {
    pub fn leave(&self, it: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(it);
    }

    pub fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What a layer or a norm shares with another one.
#[derive(Default)]
pub(super) struct Slots {
    /// For the gradient of a residual branch.
    pub branch: Option<Slot<Arc<Pooled>>>,
    /// For a layer's output's gradient that is still to be made.
    pub deferral: Option<Slot<Deferred>>,
}

/// All slots of a forward pass, by their numbers.
pub(super) struct AllSlots {
    branches: Vec<Slot<Arc<Pooled>>>,
    deferrals: Vec<Slot<Deferred>>,
}

impl AllSlots {
    pub fn new(counts: &Counts) -> Self {
        Self {
            branches: (0..counts.branches).map(|_| Slot::default()).collect(),
            deferrals: (0..counts.deferrals).map(|_| Slot::default()).collect(),
        }
    }

    pub fn of(&self, numbers: Numbers) -> Slots {
        Slots {
            branch: numbers.branch.map(|number| self.branches[number].clone()),
            deferral: numbers.deferral.map(|number| self.deferrals[number].clone()),
        }
    }
}

/// All that a layer's output's gradient is made from.
pub(super) struct Deferred {
    pub make: ToInput,
    /// The norm's input.
    pub x: Tensor,
    pub gradient: Gradient,
    /// Zeros that autograd carries in its place, all of them one number in memory.
    pub placeholder: Tensor,
}

impl Deferred {
    /// Zeros of that size.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn placeholder(size: &[i64]) -> Result<Tensor, ModelError> {
        Ok(Tensor::f_zeros([1], (Kind::Float, Device::Cpu))?.f_expand(size, false)?)
    }

    /// Whether autograd brought nothing besides.
    pub fn is_alone(&self, brought: &Tensor) -> bool {
        brought.data_ptr() == self.placeholder.data_ptr() && brought.stride() == [0]
    }
}

/// A gradient in the kernels' layout, wherever it is kept.
pub(super) enum Gradient {
    Tensor(Tensor),
    Buffer(Arc<Pooled>),
}

impl Gradient {
    /// # Errors
    ///
    /// A tensor that is not f32 in memory.
    pub fn numbers(&self) -> Result<&[f32], ModelError> {
        Ok(match self {
            Self::Tensor(tensor) => numbers::of(tensor)?,
            Self::Buffer(buffer) => buffer.deref(),
        })
    }
}
