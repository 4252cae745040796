//! Each micro-kernel by the processor's instructions.

use super::{GatherFn, Isa, WeightFn, Whole, portable};
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use crate::kernels::micro::activation::ActivationKernels;
use crate::kernels::micro::depthwise::DepthwiseKernels;
use crate::kernels::micro::line::Line;
use crate::kernels::micro::norm::{BESIDE, NormKernels};

impl Isa {
    /// The kernel for single images.
    pub(crate) fn line(self) -> unsafe fn(&Line<'_>) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::line,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::line,
            _ => portable::line,
        }
    }

    /// The kernels of activations.
    pub(crate) fn activation(self) -> ActivationKernels {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::ACTIVATION,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::ACTIVATION,
            _ => portable::ACTIVATION,
        }
    }

    /// The kernels of convolutions of each channel by itself.
    pub(crate) fn depthwise(self) -> DepthwiseKernels {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::DEPTHWISE,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::DEPTHWISE,
            _ => portable::DEPTHWISE,
        }
    }

    /// The kernels of a batch norm, for one tile or [`BESIDE`] of them.
    pub(crate) fn norm(self, tiles: usize) -> NormKernels {
        let [one, beside] = match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::NORM,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::NORM,
            _ => portable::NORM,
        };
        if tiles == BESIDE { beside } else { one }
    }

    /// The kernel for tiles of this size. Outside the sizes that exist: `None`.
    pub(crate) fn gather(self, rows: usize, cols: usize, step: usize) -> Option<GatherFn> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::gather_of(rows, cols, step),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::gather_of(rows, cols, step),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => None,
            Self::Portable => portable::gather_of(rows, cols, step),
        }
    }

    /// The same for the gradient to the weights.
    pub(crate) fn weight(self, rows: usize, cols: usize, step: usize) -> Option<WeightFn> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::weight_of(rows, cols, step),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::weight_of(rows, cols, step),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => None,
            Self::Portable => portable::weight_of(rows, cols, step),
        }
    }

    /// The kernels for tiles of so many blocks of whole images.
    pub(crate) fn whole(self, images: usize, side: usize) -> Option<Whole> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::whole_of(images, side),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::whole_of(images, side),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => None,
            Self::Portable => portable::whole_of(images, side),
        }
    }
}
