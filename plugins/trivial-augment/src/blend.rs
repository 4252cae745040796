//! Brightness, colour, contrast and sharpness: (1 + a)·image − a·d, with four different d.

use jackpot_plugin_api::prelude::*;

use crate::draw::Draw;
use crate::operations::Operation::{Brightness, Color, Contrast, Sharpness};

const LARGEST: f64 = 0.99;

/// Brightness, colour and contrast.
pub fn blended(images: &Tensor, draw: &Draw<'_>) -> Tensor {
    let amount = |operation| draw.amount(operation, LARGEST);
    let (color, contrast) = (amount(Color), amount(Contrast));
    let strengthened = images * (amount(Brightness) + &color + &contrast + 1.0);
    let grey = grey(images);
    let weakened = color * &grey + contrast * grey.mean_dim(&[1, 2, 3], true);
    (strengthened - weakened).clamp(0.0, 1.0)
}

/// Sharpness.
pub fn sharpened(images: &Tensor, draw: &Draw<'_>) -> Tensor {
    (images + draw.amount(Sharpness, LARGEST) * detail(images)).clamp(0.0, 1.0)
}

/// `[N, 1, H, W]`.
fn grey(images: &Tensor) -> Tensor {
    match images.size(1) {
        3 => {
            let channel = |number| images.narrow(1, number, 1);
            channel(0) * 0.299 + channel(1) * 0.587 + channel(2) * 0.114
        }
        _ => images.mean_dim(&[1], true),
    }
}

/// The image less the smoothed image: 0 on the border of one pixel, which is not smoothed.
fn detail(images: &Tensor) -> Tensor {
    let (height, width) = (images.size(2), images.size(3));
    if height < 3 || width < 3 {
        return images.zeros_like();
    }
    // Sums of three rows, then of three columns.
    let row = |from| images.narrow(2, from, height - 2);
    let rows = row(0) + row(1) + row(2);
    let column = |from| rows.narrow(3, from, width - 2);
    let sums = column(0) + column(1) + column(2);
    let inside = images.narrow(2, 1, height - 2).narrow(3, 1, width - 2);
    // x − (sum + 4·x)/13.
    ((inside * 9.0 - sums) / 13.0).pad(&[1; 4], 0.0)
}
