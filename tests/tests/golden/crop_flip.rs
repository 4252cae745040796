//! The crop-flip plugin through the host's batches, against a loop over images.

use std::collections::{BTreeMap, BTreeSet};

use jackpot::data::Normaliser;
use jackpot::train::batches::prepare;
use jackpot_plugin_api::ctx::Progress;
use serde_json::json;
use tch::{Device, Tensor};

use crate::formula;
use crate::setup::{Parts, reference, split};

const SIDE: usize = 8;
const PIXELS: usize = 3 * SIDE * SIDE;
const STEPS_PER_EPOCH: u64 = 10;

/// Where a crop was cut out, and whether it was mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Draw {
    row: usize,
    column: usize,
    mirrored: bool,
}

/// A training on random images with crop-flip.
struct Augmented {
    parts: Parts,
    pixels: Vec<u8>,
    padding: usize,
}

impl Augmented {
    fn new(images: usize, padding: usize, flip: bool) -> Self {
        let mut parts = Parts::new("resnet8", 1, SIDE, 10);
        let noise = formula::values(images * PIXELS, formula::seed("crop-flip"), 127.5);
        // From 1 to 255: no pixel is as black as the border.
        let pixels: Vec<u8> = noise.iter().map(|x| (x + 128.5) as u8).collect();
        parts.feed.train = split(&pixels, parts.feed.shape, 10);
        let params = json!({ "padding": padding, "flip": flip });
        parts.train.augmentation = vec![reference("crop-flip", &params)];
        Self { parts, pixels, padding }
    }

    /// The augmented images of a batch, `[3, 8, 8]` each, in [0, 1].
    fn images(&self, indices: &[i64], step: u64, seed: u64) -> Vec<Vec<f32>> {
        let mut spec = self.parts.spec();
        spec.seed = seed;
        let training = jackpot::train::Training::build(spec).unwrap();
        let progress =
            Progress { step, steps_per_epoch: STEPS_PER_EPOCH, total_steps: STEPS_PER_EPOCH * 100 };
        let batch = prepare(&spec, &training.recipe, &training.network, indices, progress).unwrap();
        assert_eq!(batch.inputs.size(), [indices.len() as i64, 3, SIDE as i64, SIDE as i64]);
        let flat = Vec::<f32>::try_from(batch.inputs.contiguous().view(-1)).unwrap();
        flat.chunks(PIXELS).map(<[f32]>::to_vec).collect()
    }

    /// What one image becomes under a draw, pixel by pixel.
    fn cut(&self, index: usize, draw: Draw) -> impl Iterator<Item = f32> {
        let image = &self.pixels[index * PIXELS..][..PIXELS];
        let padding = self.padding;
        (0..PIXELS).map(move |place| {
            let (channel, row, column) = (place / (SIDE * SIDE), place / SIDE % SIDE, place % SIDE);
            let column = if draw.mirrored { SIDE - 1 - column } else { column };
            // Places in the padded image; outside the image the border is black.
            let row = (row + draw.row).checked_sub(padding).filter(|&row| row < SIDE);
            let column = (column + draw.column).checked_sub(padding).filter(|&c| c < SIDE);
            match (row, column) {
                (Some(row), Some(column)) => {
                    f32::from(image[(channel * SIDE + row) * SIDE + column]) / 255.0
                }
                _ => 0.0,
            }
        })
    }

    /// The draw that gives just these pixels; fails if none does.
    fn draw(&self, index: usize, found: &[f32]) -> Draw {
        let places = 2 * self.padding + 1;
        let draws = (0..places * places * 2).map(|number| Draw {
            row: number / 2 / places,
            column: number / 2 % places,
            mirrored: number % 2 == 1,
        });
        let fits = |draw: &Draw| self.cut(index, *draw).eq(found.iter().copied());
        let all: Vec<_> = draws.filter(fits).collect();
        assert_eq!(all.len(), 1, "image {index} is no crop, or several: {all:?}");
        all[0]
    }

    /// The draws of a batch.
    fn draws(&self, indices: &[i64], step: u64, seed: u64) -> Vec<Draw> {
        let images = self.images(indices, step, seed);
        indices.iter().zip(images).map(|(&i, image)| self.draw(i as usize, &image)).collect()
    }
}

fn all(images: i64) -> Vec<i64> {
    (0..images).collect()
}

#[test]
fn every_offset_is_reached_and_half_are_mirrored() {
    let count = 5000;
    let augmented = Augmented::new(count as usize, 4, true);
    let draws = augmented.draws(&all(count), 0, 1);
    let mut places = BTreeMap::<_, u32>::new();
    for draw in &draws {
        *places.entry((draw.row, draw.column)).or_default() += 1;
    }
    assert_eq!(places.len(), 81);
    // 62 of each are expected, ± 8; five standard deviations.
    assert!(places.values().all(|n| (22..=102).contains(n)), "{places:?}");
    let mirrored = draws.iter().filter(|draw| draw.mirrored).count() as f64 / count as f64;
    assert!((mirrored - 0.5).abs() <= 0.02, "{mirrored}");
    // Row, column and mirror are three independent numbers: all 162 combinations occur.
    assert_eq!(draws.iter().collect::<BTreeSet<_>>().len(), 162);
}

#[test]
fn draws_do_not_depend_on_the_batch() {
    let augmented = Augmented::new(60, 4, true);
    let whole = augmented.draws(&all(60), 7, 1);
    let mut turned = all(60);
    turned.reverse();
    let mut back = augmented.draws(&turned, 7, 1);
    back.reverse();
    assert_eq!(back, whole);
    let parts = [&all(60)[..7], &all(60)[7..]].map(|part| augmented.draws(part, 7, 1));
    assert_eq!(parts.concat(), whole);
}

#[test]
fn draws_differ_between_samples_epochs_and_seeds() {
    let augmented = Augmented::new(60, 4, true);
    let indices = all(60);
    let draws = |step, seed| augmented.draws(&indices, step, seed);
    let first = draws(0, 1);
    assert_eq!(draws(0, 1), first);
    // Of 60 equal by chance: 60/162.
    let shared = |other: &[Draw]| first.iter().zip(other).filter(|(a, b)| a == b).count();
    for (what, other) in [
        ("the next epoch", draws(STEPS_PER_EPOCH, 1)),
        ("the epoch after it", draws(2 * STEPS_PER_EPOCH, 1)),
        ("another seed", draws(0, 2)),
    ] {
        assert!(shared(&other) <= 5, "{what} has the same draws: {}", shared(&other));
    }
    // Two steps of an epoch see other samples, and so other draws.
    let [one, two] = [&indices[..30], &indices[30..]].map(|part| augmented.draws(part, 0, 1));
    let equal = one.iter().zip(&two).filter(|(a, b)| a == b).count();
    assert!(equal <= 5, "two steps have the same draws: {equal}");
}

#[test]
fn the_crop_and_the_mirror_can_be_switched_off() {
    let indices = all(200);
    let crops = Augmented::new(200, 2, false).draws(&indices, 0, 1);
    assert!(crops.iter().all(|draw| !draw.mirrored));
    let places: BTreeSet<_> = crops.iter().map(|draw| (draw.row, draw.column)).collect();
    assert_eq!(places.len(), 25);
    let mirrors = Augmented::new(200, 0, true).draws(&indices, 0, 1);
    let mirrored = mirrors.iter().filter(|draw| draw.mirrored).count();
    assert!((70..=130).contains(&mirrored), "{mirrored}");
    let nothing = Augmented::new(20, 0, false).draws(&all(20), 0, 1);
    let same = Draw { row: 0, column: 0, mirrored: false };
    assert!(nothing.iter().all(|draw| *draw == same));
}

#[test]
fn the_border_is_black_before_normalisation() {
    let mut augmented = Augmented::new(40, 4, true);
    let plain = augmented.images(&all(40), 0, 1);
    let (mean, std) = ([0.25_f32, 0.5, 0.75], [0.5_f32, 0.25, 2.0]);
    augmented.parts.feed.normaliser = Normaliser::new(&mean, &std, Device::Cpu).unwrap();
    let normalised = augmented.images(&all(40), 0, 1);
    let mut black = 0;
    for (before, after) in plain.iter().zip(&normalised) {
        for (place, (x, y)) in before.iter().zip(after).enumerate() {
            let channel = place / (SIDE * SIDE);
            assert_eq!(*y, (x - mean[channel]) / std[channel]);
            black += usize::from(x.to_bits() == 0);
        }
    }
    assert!(black > 1000, "{black} black pixels");
}

#[test]
fn targets_and_order_stay() {
    let mut augmented = Augmented::new(10, 4, true);
    let labels: Vec<i64> = (0..10).rev().collect();
    augmented.parts.feed.train.labels = Tensor::from_slice(&labels);
    let spec = augmented.parts.spec();
    let training = augmented.parts.training();
    let indices = [3, 1, 4];
    let progress = spec.start();
    let batch = prepare(&spec, &training.recipe, &training.network, &indices, progress).unwrap();
    assert_eq!(Vec::<i64>::try_from(batch.targets.argmax(1, false)).unwrap(), [6, 8, 5]);
    assert_eq!(batch.targets.sum(tch::Kind::Float).double_value(&[]), 3.0);
}
