//! The order in memory in which a dense convolution on the CPU is fastest.
//!
//! Most run faster on channels-last images, and so do the batch norms and poolings behind them;
//! wide ones over a few pixels run faster on row-major ones (`docs/performance.md` has what was
//! measured). The shapes alone decide, so a training that goes on computes the same bits.
//!
//! Small tensors are row-major as in PyTorch, since they stay in the caches and nothing is gained.
//! So are narrow ones: libtorch 2.11 writes beyond its memory for channels-last images in
//! strided 1 × 1 convolutions of a few channels (4, 5 and 8 were seen) with AVX-512.

use tch::{Device, Kind, Tensor};

use crate::torch::OpError;
use crate::torch::memory_format::MemoryFormat;

/// A convolution over more pixels than these is fastest with the channels last.
const FEW_PIXELS: i64 = 16;
/// And so is one with fewer input channels than these.
const MANY_CHANNELS: i64 = 256;

/// Fewer numbers than these stay in the second cache.
pub(super) const LARGE: usize = 1 << 18;
/// A convolution of fewer channels, in or out, stays row-major; but for the first of a network,
/// which reads a picture's colours.
const NARROW: i64 = 16;
const COLOURS: i64 = 3;

/// `input` as the convolution with `weight` has it best. `None`: as it is.
///
/// # Errors
///
/// What libtorch says.
pub(super) fn suited(input: &Tensor, weight: &Tensor) -> Result<Option<Tensor>, OpError> {
    let is_known = input.device() == Device::Cpu && input.kind() == Kind::Float;
    match (is_known, best(&input.size(), &weight.size())) {
        (true, Some(format)) => format.apply(input).map(Some),
        _ => Ok(None),
    }
}

/// Of images `[N, C, H, W]` and weights `[out, C / groups, rows, columns]`.
fn best(images: &[i64], weight: &[i64]) -> Option<MemoryFormat> {
    let (&[_, channels, height, width], &[out, own, rows, columns]) = (images, weight) else {
        return None;
    };
    let is_small = images.iter().product::<i64>() < LARGE as i64;
    let is_pointwise = rows * columns == 1;
    let is_first = channels <= COLOURS && !is_pointwise;
    let is_narrow = out < NARROW || (channels < NARROW && !is_first);
    let is_wide = own == channels && own >= MANY_CHANNELS && !is_pointwise;
    Some(match is_small || is_narrow || (is_wide && height * width <= FEW_PIXELS) {
        true => MemoryFormat::Contiguous,
        false => MemoryFormat::ChannelsLast,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_decide() {
        let (last, first) = (Some(MemoryFormat::ChannelsLast), Some(MemoryFormat::Contiguous));
        assert_eq!(best(&[128, 64, 32, 32], &[64, 64, 3, 3]), last);
        assert_eq!(best(&[128, 512, 4, 4], &[512, 512, 3, 3]), first);
        assert_eq!(best(&[128, 512, 4, 4], &[512, 512, 1, 1]), last);
        assert_eq!(best(&[128, 512, 4, 4], &[512, 1, 3, 3]), last);
        assert_eq!(best(&[128, 256, 8, 8], &[512, 256, 3, 3]), last);
        assert_eq!(best(&[512, 128, 2, 2], &[128, 128, 3, 3]), last);
        assert_eq!(best(&[128, 3, 32, 32], &[16, 3, 3, 3]), last);
        assert_eq!(best(&[128, 3, 32, 32], &[16, 3, 1, 1]), first);
        assert_eq!(best(&[64, 8, 64, 64], &[16, 8, 1, 1]), first);
        assert_eq!(best(&[64, 16, 64, 64], &[8, 16, 3, 3]), first);
        assert_eq!(best(&[3, 64, 32, 32], &[64, 64, 3, 3]), first);
        assert_eq!(best(&[64, 32, 32], &[16, 64, 3, 3]), None);
    }

    #[test]
    fn only_plain_numbers_on_the_cpu_are_moved() {
        let weight = Tensor::zeros([16, 3, 3, 3], (Kind::Float, Device::Cpu));
        let images = |kind| Tensor::zeros([128, 3, 32, 32], (kind, Device::Cpu));
        let moved = suited(&images(Kind::Float), &weight).unwrap().unwrap();
        assert!(MemoryFormat::ChannelsLast.holds(&moved).unwrap());
        assert!(suited(&images(Kind::Double), &weight).unwrap().is_none());
    }
}
