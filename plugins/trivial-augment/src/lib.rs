//! One random operation for each image.
//!
//! Every `Stage` leaves an image that is not its own bit by bit as it is. So all of them may run
//! on the whole batch, with fixed shapes and without anything being looked at on the host.

mod blend;
mod draw;
mod geometry;
mod operations;
mod tone;

use jackpot_plugin_api::prelude::*;

use draw::Draw;
use operations::{NAMES, Operation, Operations};

/// Some operations, and what does all of them at once.
type Stage = (&'static [Operation], fn(&Tensor, &Draw<'_>) -> Tensor);

/// Each operation but the identity is in one.
const STAGES: [Stage; 6] = [
    (&geometry::OPERATIONS, geometry::moved),
    (&[Operation::Brightness, Operation::Color, Operation::Contrast], blend::blended),
    (&[Operation::Sharpness], blend::sharpened),
    (&[Operation::Autocontrast], tone::stretched),
    (&[Operation::Solarize], tone::solarized),
    (&[Operation::Posterize, Operation::Equalize], tone::mapped),
];

/// One random operation of a random strength for each image.
///
/// Müller and Hutter 2021 (arXiv 2103.10158), with the wide space of operations and the 31
/// strengths of torchvision's `TrivialAugmentWide`. For each image an operation, a bin b from 0 to
/// 30 and a sign are drawn, all equally likely; with m = b/30 and s = ±m:
///
/// | operation | what |
/// |---|---|
/// | `identity` | nothing |
/// | `shear-x`, `shear-y` | x (y) of the source is x + 0.99·s·y (y + 0.99·s·x), from the top left corner |
/// | `translate-x`, `translate-y` | moved by 32·s pixels, rounded towards zero |
/// | `rotate` | by 135·s degrees counter-clockwise around the centre |
/// | `brightness`, `color`, `contrast`, `sharpness` | (1 + 0.99·s)·image − 0.99·s·d, clamped; d is black, the image in grey, its mean grey, the image smoothed by (1 1 1; 1 5 1; 1 1 1)/13 inside a border of one pixel |
/// | `posterize` | the highest 8 − round(b/5) of 8 bits |
/// | `solarize` | levels from 255·(1 − m) on are inverted |
/// | `autocontrast` | each channel is stretched to [0, 1] |
/// | `equalize` | each channel's histogram of 256 levels is made flat |
///
/// Geometry takes the nearest pixel, and black from outside. Levels are round(255·x); where
/// torchvision and PIL compute in 8 bits and round, this computes with fractions, as
/// torchvision does for float images. Grey is 0.299·R + 0.587·G + 0.114·B (ITU-R 601-2, as PIL),
/// and the channels' mean if there are not three. Strengths in pixels are meant for images of 32;
/// as in torchvision they do not grow with the image.
#[derive(Params)]
struct TrivialAugment {
    /// The operations to choose from.
    #[param(default = NAMES, choices = NAMES)]
    operations: Operations,
    /// Whether an operation runs on its own images alone, several times faster on a CPU, or on all
    /// with a mask, which never waits for a CUDA device. The results are the same. By default the
    /// first on a CPU, the second elsewhere.
    grouped: Option<bool>,
}

impl Augmentation for TrivialAugment {
    const NAME: &str = "trivial-augment";
    fn augment(&self, batch: Batch, ctx: &Ctx<'_>) -> Batch {
        let draw = Draw::new(&self.operations, &ctx.rng(), &batch.indices);
        let images = match self.grouped.unwrap_or(batch.images.device() == Device::Cpu) {
            true => grouped(batch.images.copy(), &draw),
            false => everywhere(batch.images, &draw),
        };
        Batch { images, ..batch }
    }
}

/// Each stage on all images.
fn everywhere(mut images: Tensor, draw: &Draw<'_>) -> Tensor {
    for (operations, run) in STAGES {
        if draw.any(operations) {
            images = run(&images, draw);
        }
    }
    images
}

/// Each stage on its own images, in place.
fn grouped(images: Tensor, draw: &Draw<'_>) -> Tensor {
    for (operations, run) in STAGES {
        let places = draw.places(operations);
        if places.numel() > 0 {
            let changed = run(&images.index_select(0, &places), &draw.part(&places));
            images.op("aten::index_copy_", &[0_i64.into(), (&places).into(), (&changed).into()]);
        }
    }
    images
}

export_plugin!(augmentations: [TrivialAugment]);
