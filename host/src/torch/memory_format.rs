//! How the elements of an image batch [N, C, H, W] lie in memory.

use std::sync::OnceLock;

use tch::{TchError, Tensor};

use super::error::OpError;
use super::op::Op;
use super::value::Arg;

/// An order of the elements in memory; shapes and values are the same in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MemoryFormat {
    /// Row-major, NCHW.
    Contiguous,
    /// The channels of a pixel lie together, NHWC.
    ChannelsLast,
}

impl MemoryFormat {
    /// Its name in a config: `contiguous` or `channels_last`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "contiguous" => Some(MemoryFormat::Contiguous),
            "channels_last" => Some(MemoryFormat::ChannelsLast),
            _ => None,
        }
    }

    /// The name that [`MemoryFormat::from_name`] reads.
    pub fn name(self) -> &'static str {
        match self {
            MemoryFormat::Contiguous => "contiguous",
            MemoryFormat::ChannelsLast => "channels_last",
        }
    }

    /// `tensor` in this order; itself where it is already. Channels-last concerns tensors of
    /// four dimensions, others become contiguous.
    ///
    /// # Errors
    /// [`OpError::Failed`] for a tensor without strides (a sparse one).
    pub fn apply(self, tensor: &Tensor) -> Result<Tensor, OpError> {
        let named = [("memory_format", self.code(tensor))];
        contiguous()?.call1(&[Arg::Tensor(tensor)], &named)
    }

    /// Whether `tensor` is in this order.
    ///
    /// # Errors
    /// As for [`MemoryFormat::apply`].
    pub fn holds(self, tensor: &Tensor) -> Result<bool, OpError> {
        // `contiguous` gives the same memory back exactly where nothing is to be done.
        Ok(self.apply(tensor)?.data_ptr() == tensor.data_ptr() || tensor.numel() == 0)
    }

    /// `c10::MemoryFormat`'s number.
    fn code(self, tensor: &Tensor) -> Arg<'static> {
        match self {
            MemoryFormat::ChannelsLast if tensor.dim() == 4 => Arg::Int(2),
            _ => Arg::Int(0),
        }
    }
}

fn contiguous() -> Result<Op, OpError> {
    static FOUND: OnceLock<Op> = OnceLock::new();
    Op::find_once(&FOUND, "aten::contiguous")
}

/// These numbers in memory of their own, laid out as `like`, without history.
///
/// # Errors
///
/// Another shape; not enough memory.
pub fn copied_as(like: &Tensor, numbers: &Tensor) -> Result<Tensor, TchError> {
    let mut own = like.f_detach()?.f_empty_like()?;
    own.f_copy_(&numbers.f_detach()?)?;
    Ok(own)
}
