//! What one backward pass leaves for a later one, beside what autograd carries.
//!
//! - A block's input goes into its first layer and around the block. Autograd would add the two
//!   gradients in a pass of their own; instead the block's last norm leaves the branch's gradient,
//!   and the first layer adds its own to that.
//! - A norm behind a layer need not write its input's gradient for the layer to read: it leaves how
//!   to make it, and the layer makes each block of images when it needs it.
//!
//! Where second derivatives are on their way, more than the norm may have a gradient for a layer's
//! output: once a backward pass was recorded, nothing is left here any more.
//!
//! The later pass always comes after the earlier one, since the earlier one's result is made from
//! the later one's, and both only run together: autograd runs all that leads to what is wanted.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tch::{Device, Kind, Tensor};

use crate::kernels::Pooled;
use crate::kernels::norm::ToInput;
use crate::model::error::ModelError;
use crate::torch::numbers;

/// Room for one thing to hand over. It is there only between two backward passes.
pub(super) struct Slot<T>(Arc<Shared<T>>);

struct Shared<T> {
    it: Mutex<Option<T>>,
    is_closed: AtomicBool,
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Arc::new(Shared { it: Mutex::new(None), is_closed: AtomicBool::new(false) }))
    }
}

impl<T> Slot<T> {
    pub fn leave(&self, it: T) {
        *self.0.it.lock().unwrap_or_else(PoisonError::into_inner) = Some(it);
    }

    pub fn take(&self) -> Option<T> {
        self.0.it.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Once gradients were recorded, all goes by way of autograd.
    pub fn close(&self) {
        self.0.is_closed.store(true, Ordering::Relaxed);
    }

    pub fn is_open(&self) -> bool {
        !self.0.is_closed.load(Ordering::Relaxed)
    }
}

/// A residual branch's gradient.
pub(super) type Branch = Slot<Arc<Pooled>>;

/// A layer's output's gradient that is still to be made.
pub(super) type Deferral = Slot<Deferred>;

/// All that it is made from.
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
