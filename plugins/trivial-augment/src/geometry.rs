//! Shearing, moving and turning: one nearest-pixel sampling for all of them.

use jackpot_plugin_api::prelude::*;

use crate::draw::Draw;
use crate::operations::Operation::{self, Rotate, ShearX, ShearY, TranslateX, TranslateY};

pub const OPERATIONS: [Operation; 5] = [ShearX, ShearY, TranslateX, TranslateY, Rotate];

const SHEAR: f64 = 0.99;
const PIXELS: f64 = 32.0;
const DEGREES: f64 = 135.0;

/// `aten::grid_sampler`'s numbers for nearest pixels and for zeros outside.
const NEAREST: i64 = 1;
const ZEROS: i64 = 0;

/// The images, each pixel taken from where its operation says.
pub fn moved(images: &Tensor, draw: &Draw<'_>) -> Tensor {
    // As `[N, 1, 1]`, to meet the rows and the columns.
    let amount = |operation, largest| draw.amount(operation, largest).squeeze(3);
    let angle = amount(Rotate, DEGREES.to_radians());
    let (sine, cosine) = (angle.sin(), angle.cos());
    let (width, height) = (images.size(3), images.size(2));
    // Centres of pixels, as seen from the image's centre.
    let from_centre = |length: i64| images.creator().arange(length) + (0.5 - 0.5 * length as f64);
    let (x, y) =
        (from_centre(width).reshape(&[1, 1, -1]), from_centre(height).reshape(&[1, -1, 1]));
    // For an image of another operation these are x and y, exactly.
    let source_x = &cosine * &x - &sine * &y + amount(ShearX, SHEAR) * (&y + 0.5 * height as f64)
        - amount(TranslateX, PIXELS).op("aten::trunc", &[]);
    let source_y = &sine * &x + &cosine * &y + amount(ShearY, SHEAR) * (&x + 0.5 * width as f64)
        - amount(TranslateY, PIXELS).op("aten::trunc", &[]);
    // −1 and 1 are the image's edges.
    let grid = [source_x * (2.0 / width as f64), source_y * (2.0 / height as f64)];
    let grid = Tensor::stack(&grid, 3);
    let options = [(&grid).into(), NEAREST.into(), ZEROS.into(), false.into()];
    images.op("aten::grid_sampler", &options)
}
