//! A dataset generated in code, for a first try without any file.
//!
//! 32×32 RGB, ten classes. An image shows several copies of one small glyph, its class, at random
//! places, among stray strokes on a coloured ground, with noise. Each copy is brighter or darker
//! than the ground by chance, so that the mean image of every class is the same: a linear
//! classifier of the pixels stays near 10 %, while a network that finds local shapes wherever they
//! are, as a small ResNet does, learns it in seconds.
//!
//! Everything is whole-number arithmetic on [`Stream`] words, so the bytes are the same on every
//! machine; their hash is pinned by a test. Image `i` of a split depends on nothing but `i`. The
//! labels go round (0, 1, …, 9, 0, …), so that the first N images are balanced, too.

mod canvas;
mod glyphs;

use super::source::{Samples, Source};
use crate::random::{Cursor, Stream};
use canvas::{CHANNELS, Canvas, SIZE};
use glyphs::GLYPHS;

/// Training images, of which `data.validation` sets the first aside.
const TRAIN: u64 = 2000;
const TEST: u64 = 1000;
/// The name and the seed of the random streams.
const PURPOSE: &str = "synthetic dataset";
const SEED: u64 = 1;

/// How many copies of the glyph an image has at least and at most.
const COPIES: [i32; 2] = [4, 6];
/// No glyph is nearer to the border, so that cropping by a few pixels loses little.
const MARGIN: i32 = 2;
/// How much a copy or stroke differs from the ground, per channel.
const CONTRAST: [i32; 2] = [40, 110];
/// Stray strokes per image, and their lengths.
const STROKES: u32 = 6;
const STROKE_LENGTH: [i32; 2] = [3, 7];

/// The dataset. It takes about a tenth of a second.
pub fn generate() -> Source {
    Source {
        name: "synthetic".to_owned(),
        shape: [CHANNELS, SIZE, SIZE],
        classes: GLYPHS.len(),
        label_names: Some(GLYPHS.iter().map(|glyph| glyph.name.to_owned()).collect()),
        train: split(0, TRAIN),
        validation: None,
        test: split(1, TEST),
        normalisation: None,
    }
}

fn split(number: u64, n: u64) -> Samples {
    let stream = Stream::new(SEED, PURPOSE, number, 0);
    let mut samples = Samples::default();
    for (i, class) in (0..n).zip((0..GLYPHS.len()).cycle()) {
        draw(class, &mut stream.sub(i).cursor()).write(&mut samples.images);
        samples.labels.push(class as i64);
    }
    samples
}

/// One image of a class.
fn draw(class: usize, random: &mut Cursor) -> Canvas {
    let mut canvas = Canvas::ground(random);
    for _ in 0..STROKES {
        stroke(&mut canvas, random);
    }
    for _ in 0..between(random, COPIES) {
        let range = [MARGIN, SIZE as i32 - glyphs::SIZE - MARGIN];
        let (x, y) = (between(random, range), between(random, range));
        let colour = contrast(random);
        for (dx, dy) in GLYPHS[class].pixels() {
            canvas.add(x + dx, y + dy, colour);
        }
    }
    canvas.add_noise(random);
    canvas
}

/// A short straight line in one of eight directions; it may leave the image.
fn stroke(canvas: &mut Canvas, random: &mut Cursor) {
    const DIRECTIONS: [(i32, i32); 8] =
        [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)];
    let (x, y) = (random.below(SIZE as u32) as i32, random.below(SIZE as u32) as i32);
    let colour = contrast(random);
    let (dx, dy) = DIRECTIONS[random.below(8) as usize];
    for i in 0..between(random, STROKE_LENGTH) {
        canvas.add(x + i * dx, y + i * dy, colour);
    }
}

/// Brighter in all channels or darker in all, by chance.
fn contrast(random: &mut Cursor) -> [i32; CHANNELS] {
    let sign = if random.below(2) == 0 { 1 } else { -1 };
    std::array::from_fn(|_| sign * between(random, CONTRAST))
}

/// A whole number from `low` to `high`.
fn between(random: &mut Cursor, [low, high]: [i32; 2]) -> i32 {
    low + random.below((high - low + 1) as u32) as i32
}

#[cfg(test)]
mod tests;
