//! Operations on single pixels: posterize, solarize, autocontrast, equalize.

use jackpot_plugin_api::prelude::*;

use crate::draw::{Draw, LAST_BIN};
use crate::operations::Operation::{Autocontrast, Equalize, Posterize, Solarize};

/// The levels of a channel.
const LEVELS: i64 = 256;
const TOP: f64 = 255.0;

/// Autocontrast: each channel with its darkest pixel at 0 and its brightest at 1; a channel of one
/// colour stays.
pub fn stretched(images: &Tensor, draw: &Draw<'_>) -> Tensor {
    let (low, high) = (images.amin(&[2, 3], true), images.amax(&[2, 3], true));
    let chosen = high.gt_tensor(&low).logical_and(&draw.is(Autocontrast));
    let stays = chosen.logical_not();
    (images - low.masked_fill(&stays, 0.0)) / (high - &low).masked_fill(&stays, 1.0)
}

/// Solarize: what is as bright as a threshold, or brighter, is inverted.
pub fn solarized(images: &Tensor, draw: &Draw<'_>) -> Tensor {
    // No level of another operation's image reaches the threshold.
    let other = draw.is(Solarize).logical_not();
    let threshold = (LAST_BIN - &draw.bin) * (TOP / LAST_BIN);
    let threshold = threshold.masked_fill(&other, 2.0 * TOP);
    let inverted = levels(images).op("aten::ge.Tensor", &[(&threshold).into()]);
    (1.0 - images).where_self(&inverted, images)
}

/// Posterize and equalize, through a table of the 256 levels for each channel.
pub fn mapped(images: &Tensor, draw: &Draw<'_>) -> Tensor {
    let flat = levels(images).to_dtype(Dtype::I64).flatten(2, 3);
    let equalized = draw.is(Equalize);
    let table = equalize_table(&flat).where_self(&equalized.squeeze(3), &posterize_table(draw));
    let found = (table / TOP).gather(2, &flat).reshape(&images.shape());
    let chosen = equalized.op("aten::logical_or", &[(&draw.is(Posterize)).into()]);
    found.where_self(&chosen, images)
}

/// Whole numbers from 0 to 255.
fn levels(images: &Tensor) -> Tensor {
    (images * TOP).round()
}

/// The levels with their lowest round(b/5) bits cleared: `[N, 1, 256]`.
fn posterize_table(draw: &Draw<'_>) -> Tensor {
    // Rounded, as not every device's power of two is a whole number.
    let step = (&draw.bin / 5.0).round().op("aten::exp2", &[]).round().squeeze(3);
    (draw.bin.creator().arange(LEVELS) / &step).floor() * step
}

/// The equalizing tables `[N, C, 256]` of levels `[N, C, H·W]`.
///
/// As PIL: with h the histogram and s = ⌊(pixels − h(brightest level)) / 255⌋, level v becomes
/// min(⌊(Σ h(u < v) + ⌊s/2⌋) / s⌋, 255); if s is 0, the channel stays. Counts are whole numbers in
/// f32, exact in any order.
fn equalize_table(levels: &Tensor) -> Tensor {
    let shape = [levels.size(0), levels.size(1), LEVELS];
    let create = levels.creator();
    let ones = create.ones(&[1], Dtype::F32).expand(&levels.shape());
    let counts = create.zeros(&shape, Dtype::F32);
    let counts = counts.op("aten::scatter_add", &[2_i64.into(), levels.into(), (&ones).into()]);
    let below = counts.cumsum(2) - &counts;
    let darker_than_brightest = below.gather(2, &levels.amax(&[2], true));
    // Half a pixel more, as not every device divides exactly.
    let step = ((darker_than_brightest + 0.5) / TOP).floor();
    let table = (below + (&step * 0.5).floor()) / step.clamp_min(1.0);
    let stays = create.arange(LEVELS).to_dtype(Dtype::F32);
    stays.where_self(&step.eq(0.0), &table.floor().clamp_max(TOP))
}
