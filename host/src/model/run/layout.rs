//! The order in memory in which a dense convolution is fastest.
//!
//! On a GPU cuDNN's bf16 kernels work on channels-last images, and would turn others round before
//! and after each convolution; in f32 they stay row-major. On the CPU most run faster on
//! channels-last images, and so do the batch norms and poolings behind them; wide ones over a few
//! pixels run faster on row-major ones (`docs/performance.md` has what was measured). The shapes
//! alone decide, so a training that goes on computes the same bits.
//!
//! Small tensors are row-major as in PyTorch, since they stay in the caches and nothing is gained.
//! So are narrow ones: libtorch 2.11 writes beyond its memory for channels-last images in
//! strided 1 × 1 convolutions of a few channels (4, 5 and 8 were seen) with AVX-512.

use tch::{Device, Kind, Tensor};

use crate::torch::OpError;
use crate::torch::memory_format::MemoryFormat;
use crate::torch::settings::autocast_is_on;

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
    let (device, kind) = (input.device(), input.kind());
    // The first convolution's images are still f32, and autocast makes them bf16.
    let is_cast = device.is_cuda() && kind == Kind::Float && autocast_is_on(device)?;
    let format = match rule(device, kind, is_cast) {
        Rule::ByShape => best(&input.size(), &weight.size()),
        Rule::ChannelsLast if input.dim() == 4 => Some(MemoryFormat::ChannelsLast),
        Rule::ChannelsLast | Rule::AsItIs => None,
    };
    format.map(|format| format.apply(input)).transpose()
}

/// What decides the order.
#[derive(Debug, PartialEq, Eq)]
enum Rule {
    ByShape,
    ChannelsLast,
    AsItIs,
}

/// Of images on a device that a convolution reads in that dtype, or which autocast makes bf16.
fn rule(device: Device, kind: Kind, is_cast: bool) -> Rule {
    match (device, kind) {
        (Device::Cpu, Kind::Float) => Rule::ByShape,
        (Device::Cuda(_), Kind::BFloat16) => Rule::ChannelsLast,
        (Device::Cuda(_), Kind::Float) if is_cast => Rule::ChannelsLast,
        _ => Rule::AsItIs,
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
    fn a_gpu_has_bf16_channels_last_and_f32_as_it_is() {
        let (cpu, gpu) = (Device::Cpu, Device::Cuda(0));
        assert_eq!(rule(gpu, Kind::BFloat16, false), Rule::ChannelsLast);
        assert_eq!(rule(gpu, Kind::Float, true), Rule::ChannelsLast);
        assert_eq!(rule(gpu, Kind::Float, false), Rule::AsItIs);
        assert_eq!(rule(gpu, Kind::Double, false), Rule::AsItIs);
        assert_eq!(rule(cpu, Kind::Float, false), Rule::ByShape);
        assert_eq!(rule(cpu, Kind::BFloat16, false), Rule::AsItIs);
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
