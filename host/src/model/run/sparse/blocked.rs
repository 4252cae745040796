//! Images in the kernels' layout as tensors of autograd, and the way there and back.
//!
//! Such a tensor has one dimension; what lies where its [`Frame`] says. Margins and spare lanes of
//! every gradient are zero, as those of every value are that a convolution reads.

use std::sync::Arc;

use tch::Tensor;

use crate::kernels::norm::Moments;
use crate::kernels::{Frame, Pool, Pooled, Threads};
use crate::model::error::ModelError;
use crate::torch::memory_format::MemoryFormat;
use crate::torch::node::{Backward, attach};
use crate::torch::numbers;

/// What all sparse layers of a network share.
pub(super) struct Tools {
    pub threads: Arc<Threads>,
    pub pool: Arc<Pool>,
}

impl Tools {
    pub fn take(&self, frame: &Frame, images: usize) -> Pooled {
        self.pool.take(frame, images)
    }
}

/// Images in the kernels' layout.
pub(super) struct Blocked {
    pub tensor: Tensor,
    pub frame: Frame,
    pub images: usize,
    /// What is known of its numbers, if anything.
    pub moments: Moments,
}

impl Blocked {
    pub fn new(buffer: Pooled, frame: Frame, images: usize) -> Result<Self, ModelError> {
        Ok(Self::of(numbers::owned(Box::new(buffer))?, frame, images))
    }

    /// A tensor that is in this layout.
    pub fn of(tensor: Tensor, frame: Frame, images: usize) -> Self {
        Self { tensor, frame, images, moments: Moments::default() }
    }

    /// The same images with another tensor of the same layout.
    pub fn with(&self, tensor: Tensor) -> Self {
        Self::of(tensor, self.frame, self.images)
    }

    /// A tensor of `[N, C, H, W]`, or `[N, C]`, which must fit the frame.
    pub fn up(tools: &Arc<Tools>, plain: &Tensor, frame: Frame) -> Result<Self, ModelError> {
        let images = plain.size().first().copied().unwrap_or(0).unsigned_abs() as usize;
        let plain = MemoryFormat::Contiguous.apply(plain)?;
        let mut buffer = tools.take(&frame, images);
        frame.block_up(images, numbers::of(&plain)?, &mut buffer, &tools.threads)?;
        let made = Self::new(buffer, frame, images)?;
        let backward = Up { tools: tools.clone(), frame, shape: plain.size() };
        attach(&[&plain], &made.tensor, &[], Box::new(backward))?;
        Ok(made)
    }

    /// Back to a tensor of that shape.
    pub fn down(&self, tools: &Arc<Tools>, shape: &[i64]) -> Result<Tensor, ModelError> {
        let Self { tensor, frame, images, .. } = self;
        let tensor = MemoryFormat::Contiguous.apply(tensor)?;
        let plain = numbers::filled(shape, |plain| {
            let blocked = numbers::of(&tensor)?;
            Ok::<_, ModelError>(frame.unblock(*images, blocked, plain, &tools.threads)?)
        })?;
        attach(&[&tensor], &plain, &[], Box::new(Down { tools: tools.clone(), frame: *frame }))?;
        Ok(plain)
    }

    /// `[N, C, H, W]`.
    pub fn shape(&self) -> [i64; 4] {
        let Frame { channels, height, width, .. } = self.frame;
        [self.images, channels, height, width].map(|size| size as i64)
    }
}

struct Up {
    tools: Arc<Tools>,
    frame: Frame,
    shape: Vec<i64>,
}

impl Backward for Up {
    fn gradients(
        &self,
        _: &[&Tensor],
        output_gradient: &Tensor,
        _: &[bool],
    ) -> Result<Vec<Option<Tensor>>, String> {
        let images = self.shape.first().copied().unwrap_or(0).unsigned_abs() as usize;
        let tensor = output_gradient.shallow_clone();
        let blocked = Blocked::of(tensor, self.frame, images);
        let plain = blocked.down(&self.tools, &self.shape).map_err(|error| error.to_string())?;
        Ok(vec![Some(plain)])
    }
}

struct Down {
    tools: Arc<Tools>,
    frame: Frame,
}

impl Backward for Down {
    fn gradients(
        &self,
        _: &[&Tensor],
        output_gradient: &Tensor,
        _: &[bool],
    ) -> Result<Vec<Option<Tensor>>, String> {
        let blocked = Blocked::up(&self.tools, output_gradient, self.frame);
        Ok(vec![Some(blocked.map_err(|error| error.to_string())?.tensor)])
    }
}
