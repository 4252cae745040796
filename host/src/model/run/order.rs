//! The order in which the numbers of images lie, for kernels that go over them one by one.

use tch::Tensor;

use crate::model::error::ModelError;
use crate::torch::memory_format::MemoryFormat;

/// How images `[N, C, H, W]` lie, if the numbers of an image lie together and the images one after
/// the other. Those that lie in both orders are row-major.
pub(super) fn order(x: &Tensor) -> Option<MemoryFormat> {
    let &[_, channels, height, width] = x.size().as_slice() else { return None };
    let last = [channels * height * width, 1, width * channels, channels];
    match x.is_contiguous() {
        true => Some(MemoryFormat::Contiguous),
        false if x.stride() == last => Some(MemoryFormat::ChannelsLast),
        false => None,
    }
}

/// A view of images that have an [`order`], whose numbers lie one after the other.
///
/// # Errors
///
/// What libtorch says.
pub(super) fn in_order(images: &Tensor) -> Result<Tensor, ModelError> {
    Ok(match images.is_contiguous() {
        true => images.shallow_clone(),
        false => images.f_permute([0, 2, 3, 1])?,
    })
}
