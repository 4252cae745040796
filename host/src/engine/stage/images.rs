//! The stage's images: noise, and one bright quadrant that tells the class.

use tch::{Device, Kind, Tensor};

use crate::data::{Normalisation, Normaliser, Split};
use crate::random::{Cursor, Stream};
use crate::train::{Feed, TrainError};

/// Channels, height, width of the stage's own network.
pub const SHAPE: [usize; 3] = [3, 8, 8];
pub const CLASSES: usize = 4;
const TRAIN: usize = 64;
const TEST: usize = 16;
const SEED: u64 = 1;

/// The same images whatever the seed of a training, as those of a dataset are.
pub fn feed(shape: [usize; 3], device: Device) -> Result<Feed, TrainError> {
    let [train, validation, test] = [(0, TRAIN), (1, TEST), (2, TEST)]
        .map(|(number, count)| split(number, count, shape)?.to_device(device));
    let (train, validation, test) = (train?, validation?, test?);
    let Normalisation { mean, std } = Normalisation::measured(&train, shape)?;
    let normaliser = Normaliser::new(&mean, &std, device)?;
    Ok(Feed { train, validation, test, normaliser, classes: CLASSES, shape })
}

/// Images of the classes 0, 1, 2, 3, 0, …
fn split(number: u64, count: usize, shape: [usize; 3]) -> Result<Split, tch::TchError> {
    let mut cursor = Stream::new(SEED, "stage/images", number, 0).cursor();
    let labels: Vec<i64> = (0..CLASSES as i64).cycle().take(count).collect();
    let pixels: Vec<u8> =
        labels.iter().flat_map(|&label| image(label, shape, &mut cursor)).collect();
    let [c, h, w] = shape.map(|size| size as i64);
    let images = Tensor::f_from_data_size(&pixels, &[count as i64, c, h, w], Kind::Uint8)?;
    Ok(Split { images, labels: Tensor::f_from_slice(&labels)?, classes: CLASSES })
}

/// Pixels up to 127, and 128 more in the class's quadrant.
fn image(label: i64, [channels, height, width]: [usize; 3], cursor: &mut Cursor) -> Vec<u8> {
    let places = (0..channels * height).flat_map(|row| (0..width).map(move |x| (row % height, x)));
    let bright = |(y, x): (usize, usize)| (2 * (2 * y / height) + 2 * x / width) as i64 == label;
    let pixel = |place| cursor.below(128) as u8 + if bright(place) { 128 } else { 0 };
    places.map(pixel).collect()
}
