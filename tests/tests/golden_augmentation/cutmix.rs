//! Cutmix: the rectangles, their sizes and the shares of the targets.

use jackpot::plugin::kinds::BatchTensors;
use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};

use crate::harness::{Item, batch_of, expect, noise, rows};

const COUNT: i64 = 64;
const SIDE: i64 = 8;

/// What one image became.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pasted {
    partner: usize,
    /// First row and column, and those behind the last.
    rows: (i64, i64),
    columns: (i64, i64),
}

/// Image i has the colour i/64; sample i is of class i.
fn coloured() -> BatchTensors {
    let colours = Tensor::arange(COUNT, (Kind::Float, Device::Cpu)) / COUNT as f64;
    batch_of(colours.reshape([COUNT, 1, 1, 1]).expand([COUNT, 2, SIDE, SIDE], false), COUNT)
}

/// What became of the coloured images; `None` where nothing of another one is seen. Fails unless
/// it is a rectangle, with targets by its share of the pixels.
fn pasted(params: &Value, step: u64) -> Vec<Option<Pasted>> {
    let out = Item::new("cutmix", params.clone()).at(step, &coloured());
    let targets = rows(&out.targets);
    let images = rows(&out.images).into_iter().zip(targets).enumerate();
    images.map(|(own, (image, target))| read(own, &image, &target)).collect()
}

fn read(own: usize, image: &[f32], target: &[f32]) -> Option<Pasted> {
    let colour = |x: f32| (x * COUNT as f32).round() as usize;
    let others = || (0..image.len()).filter(|&place| colour(image[place]) != own);
    let mut expected = vec![0.0; COUNT as usize];
    expected[own] = 1.0;
    let found = others().next().map(|first| {
        let row = |place: usize| place as i64 / SIDE % SIDE;
        let column = |place: usize| place as i64 % SIDE;
        let span = |of: &dyn Fn(usize) -> i64| {
            (others().map(of).min().unwrap(), others().map(of).max().unwrap() + 1)
        };
        let partner = colour(image[first]);
        let found = Pasted { partner, rows: span(&row), columns: span(&column) };
        for (place, &x) in image.iter().enumerate() {
            let inside = (found.rows.0..found.rows.1).contains(&row(place))
                && (found.columns.0..found.columns.1).contains(&column(place));
            assert_eq!(colour(x), if inside { partner } else { own });
        }
        let area = (found.rows.1 - found.rows.0) * (found.columns.1 - found.columns.0);
        let share = area as f32 / (SIDE * SIDE) as f32;
        expected[own] = 1.0 - share;
        expected[partner] = share;
        found
    });
    // The image has 64 pixels: shares are exact.
    assert_eq!(target, expected);
    found
}

#[test]
fn a_batch_has_one_rectangle_unless_every_image_has_its_own() {
    let boxes = |per_image: bool, step| {
        let found = pasted(&json!({ "p": 1.0, "per_image": per_image }), step);
        let mut boxes: Vec<_> = found.iter().flatten().map(|p| (p.rows, p.columns)).collect();
        boxes.sort_unstable();
        boxes.dedup();
        boxes
    };
    assert!((0..50).all(|step| boxes(false, step).len() <= 1));
    let mut steps: Vec<_> = (0..50).flat_map(|step| boxes(false, step)).collect();
    steps.sort_unstable();
    steps.dedup();
    assert!(steps.len() > 30, "{} rectangles in 50 steps", steps.len());
    assert!(boxes(true, 0).len() > 30);
}

/// √(1−λ) of a uniform λ: a side of s or more of 8 pixels has the probability 1 − (s/8)². A
/// rectangle of side s lies wholly inside for (9 − s)² of the 64 centres.
#[test]
fn sizes_and_places_are_as_drawn() {
    let epochs = 150;
    let trials = epochs * COUNT as usize;
    let params = json!({ "p": 1.0, "per_image": true });
    let all: Vec<_> = (0..epochs).flat_map(|epoch| pasted(&params, epoch as u64 * 10)).collect();
    let met_another = 1.0 - 1.0 / COUNT as f64;
    for side in 1..SIDE {
        let inside = |span: (i64, i64)| span.1 - span.0 == side && span.0 >= 0 && span.1 <= SIDE;
        // Squares of this side that touch no border: their size is not clipped.
        let free = |span: (i64, i64)| inside(span) && span.0 > 0 && span.1 < SIDE;
        let count = all.iter().flatten().filter(|p| free(p.rows) && free(p.columns)).count();
        let drawn = ((side + 1).pow(2) - side.pow(2)) as f64 / 64.0;
        let places = ((SIDE - 1 - side).max(0) as f64 / SIDE as f64).powi(2);
        expect(count, trials, drawn * places * met_another, &format!("side {side}"));
    }
    // Sides that are rounded down to 0 paste nothing.
    let nothing = all.iter().filter(|p| p.is_none()).count();
    expect(nothing, trials, 1.0 - met_another * 63.0 / 64.0, "nothing pasted");
    // Every pixel is pasted somewhere; the middle of the image most often.
    let at = |row: i64, column: i64| {
        let covers = |span: (i64, i64), place| (span.0..span.1).contains(&place);
        all.iter().flatten().filter(|p| covers(p.rows, row) && covers(p.columns, column)).count()
    };
    for place in 0..SIDE * SIDE {
        assert!(at(place / SIDE, place % SIDE) > 0);
    }
    assert!(at(4, 4) > at(0, 0));
}

#[test]
fn half_of_the_batches_are_mixed() {
    let steps = 500;
    let mixed = |params: &Value| {
        (0..steps).filter(|&step| pasted(params, step).iter().any(Option::is_some)).count()
    };
    // One of 64 rectangles is empty.
    expect(mixed(&json!({})), steps as usize, 0.5 * 63.0 / 64.0, "by default");
    assert_eq!(mixed(&json!({ "p": 0.0 })), 0);
}

#[test]
fn soft_targets_stay_distributions_and_pixels_are_copied() {
    let batch = batch_of(noise([30, 3, 7, 5]), 6);
    let soft = noise([30, 6, 1, 1]).squeeze().softmax(1, None);
    let batch = BatchTensors { targets: soft, ..batch };
    let out = Item::new("cutmix", json!({ "p": 1.0, "per_image": true })).at(0, &batch);
    let sums = rows(&out.targets);
    assert!(sums.iter().all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-6));
    for (image, own) in rows(&out.images).iter().zip(rows(&batch.images)) {
        // Every pixel is the image's own or one of another image at this place.
        for (place, x) in image.iter().enumerate() {
            let mut all = rows(&batch.images).into_iter().map(|other| other[place]);
            assert!(*x == own[place] || all.any(|other| other == *x));
        }
    }
}
