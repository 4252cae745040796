//! What a convolution tells about its output, and the batch's mean and variance from it.

use super::sums::{Statistics, not_below_zero};
use crate::kernels::frame::Frame;
use crate::kernels::micro::told::Told;

/// Sums over each channel in each block of images. Empty where nothing was told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments(Vec<Told>);

impl Moments {
    /// Room for so many images: by block, then channel.
    pub(in crate::kernels) fn reset(&mut self, frame: &Frame, images: usize) -> &mut [Told] {
        self.0.clear();
        self.0.resize(frame.blocks(images) * frame.channels, Told::NOTHING);
        &mut self.0
    }

    /// Mean and variance, if it was told of so many images of this frame.
    pub fn statistics(&self, frame: &Frame, images: usize) -> Option<Statistics> {
        let channels = frame.channels;
        if self.0.is_empty() || self.0.len() != frame.blocks(images) * channels {
            return None;
        }
        let pixels = frame.height * frame.width;
        let mut of_all = vec![Spread::default(); channels];
        for (block, told) in self.0.chunks(channels).enumerate() {
            let in_use = (images - block * frame.lanes).min(frame.lanes);
            for (all, told) in of_all.iter_mut().zip(told) {
                let [sum, squares] = told.totals.map(|lanes| lanes[..in_use].iter().sum::<f64>());
                let count = (in_use * pixels) as f64;
                let mean = f64::from(told.from) + sum / count;
                *all = all.with(Spread { count, mean, squares: squares - sum * sum / count });
            }
        }
        Some(Statistics {
            mean: of_all.iter().map(|all| all.mean).collect(),
            variance: of_all.iter().map(|all| not_below_zero(all.squares / all.count)).collect(),
        })
    }
}

/// How many numbers, their mean, and the sum of their squared distances from it.
#[derive(Clone, Copy, Default)]
struct Spread {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Spread {
    /// Of both together (Chan, Golub and LeVeque 1979).
    fn with(self, other: Self) -> Self {
        let count = self.count + other.count;
        let distance = other.mean - self.mean;
        let share = other.count / count;
        Self {
            count,
            mean: self.mean + distance * share,
            squares: self.squares + other.squares + distance * distance * self.count * share,
        }
    }
}
