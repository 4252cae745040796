//! An image while it is drawn: whole numbers that may leave the range of a byte.

use super::between;
use crate::random::Cursor;

pub const CHANNELS: usize = 3;
/// Width and height.
pub const SIZE: usize = 32;

/// The ground's brightness in the middle of the image.
const GROUND: [i32; 2] = [97, 157];
/// How much brighter or darker the ground gets from the middle to the border.
const SLOPE: [i32; 2] = [-24, 24];
/// The noise is the sum of four bytes minus its mean (standard deviation 148), times this / 128.
const NOISE: i32 = 20;

pub struct Canvas {
    /// Channel, row, column.
    pixels: [[[i32; SIZE]; SIZE]; CHANNELS],
}

impl Canvas {
    /// A ground of one colour that changes evenly in one direction, for each channel.
    pub fn ground(random: &mut Cursor) -> Self {
        let half = SIZE as i32 / 2;
        let pixels = std::array::from_fn(|_| {
            let base = between(random, GROUND);
            let (dx, dy) = (between(random, SLOPE), between(random, SLOPE));
            let at = |x: i32, y: i32| base + (dx * (x - half) + dy * (y - half)) / half;
            std::array::from_fn(|y| std::array::from_fn(|x| at(x as i32, y as i32)))
        });
        Self { pixels }
    }

    /// Adds a colour at a place, which may be outside.
    pub fn add(&mut self, x: i32, y: i32, colour: [i32; CHANNELS]) {
        let inside = 0..SIZE as i32;
        if inside.contains(&x) && inside.contains(&y) {
            for (plane, value) in self.pixels.iter_mut().zip(colour) {
                plane[y as usize][x as usize] += value;
            }
        }
    }

    /// Adds noise to every pixel and channel, of one random word each.
    pub fn add_noise(&mut self, random: &mut Cursor) {
        for pixel in self.pixels.as_flattened_mut().as_flattened_mut() {
            let sum: i32 = random.word().to_le_bytes().into_iter().map(i32::from).sum();
            *pixel += (sum - 2 * 255) * NOISE / 128;
        }
    }

    /// Appends the image as bytes; what is too dark or too bright becomes black or white.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        let pixels = self.pixels.as_flattened().as_flattened();
        bytes.extend(pixels.iter().map(|&pixel| pixel.clamp(0, 255) as u8));
    }
}
