//! Trivial-augment's operations against plain PyTorch, and how often each is drawn.

use jackpot::plugin::kinds::BatchTensors;
use serde_json::json;
use tch::{Kind, Tensor};

use crate::data::{Case, case_of};
use crate::formula;
use crate::harness::{Item, batch_of, expect, noise, numbers, rows};

/// What an image of an operation's may differ from PyTorch's, in the measure of `distance`.
const TOLERANCE: f64 = 1e-4;

struct Golden {
    case: Case,
    operations: Vec<String>,
    height: i64,
    width: i64,
    directions: [Vec<f64>; formula::PROJECTIONS],
}

impl Golden {
    fn new() -> Self {
        let case = case_of("augmentation.json", "trivial-augment");
        let names = case.about["operations"].as_array().unwrap();
        let operations = names.iter().map(|name| name.as_str().unwrap().to_owned()).collect();
        let (height, width) = (case.number("height") as i64, case.number("width") as i64);
        let pixels = (3 * height * width) as usize;
        let directions = std::array::from_fn(|k| {
            formula::values(pixels, formula::seed(&format!("projection-{k}/augmentation")), 1.0)
        });
        Self { case, operations, height, width, directions }
    }

    /// The image of the golden values, so many times.
    fn batch(&self, count: i64) -> BatchTensors {
        let pixels = (self.height * self.width) as usize;
        let channel = |(start, width): (i64, u64)| {
            let noise =
                formula::labels(pixels, formula::seed(&format!("augmentation/{start}")), width);
            noise.into_iter().map(move |level| level + start)
        };
        let levels: Vec<i64> =
            [(20, 90), (40, 130), (60, 170)].into_iter().flat_map(channel).collect();
        let image = Tensor::from_slice(&levels).to_kind(Kind::Float) / 255.0;
        let image = image.reshape([1, 3, self.height, self.width]);
        batch_of(image.repeat([count, 1, 1, 1]), 10)
    }

    /// Which rows of the operation's table this image is.
    fn matches(&self, table: &[Vec<f64>], image: &[f32]) -> Vec<usize> {
        let found: Vec<f64> = self.directions.iter().map(|d| dot(d, image)).collect();
        let near =
            |row: &usize| formula::distance(&found.clone().try_into().unwrap(), &table[*row]);
        (0..table.len()).filter(|row| near(row) < TOLERANCE).collect()
    }
}

fn dot(direction: &[f64], image: &[f32]) -> f64 {
    direction.iter().zip(image).map(|(d, &x)| d * f64::from(x)).sum()
}

/// Runs one operation alone on many copies of the image, until every strength was drawn.
fn agrees(operation: &str, grouped: bool) {
    let golden = Golden::new();
    let table = golden.case.rows(operation);
    let params = json!({ "operations": [operation], "grouped": grouped });
    let item = Item::new("trivial-augment", params);
    let (count, epochs) = (400, if table.len() > 1 { 4 } else { 1 });
    let batch = golden.batch(count);
    let mut drawn = vec![0_usize; table.len()];
    for epoch in 0..epochs {
        for image in rows(&item.in_epoch(epoch, &batch).images) {
            let matches = golden.matches(&table, &image);
            assert!(!matches.is_empty(), "{operation}: no image of PyTorch's");
            matches.into_iter().for_each(|row| drawn[row] += 1);
        }
    }
    let trials = count as usize * epochs as usize;
    for (row, &n) in drawn.iter().enumerate() {
        // Strengths that do the same are matched together: all rows equal to this one.
        let same = |other: &&Vec<f64>| {
            let this = table[row].clone().try_into().unwrap();
            formula::distance(&this, other) < TOLERANCE
        };
        let weight = |other: usize| match table.len() {
            1 => 1.0,
            61 if other == 30 => 1.0 / 31.0,
            61 => 0.5 / 31.0,
            _ => 1.0 / 31.0,
        };
        let probability: f64 =
            (0..table.len()).filter(|&other| same(&&table[other])).map(weight).sum();
        expect(n, trials, probability.min(1.0), &format!("{operation}, row {row}"));
    }
}

macro_rules! operations {
    ($($test:ident = $name:literal;)*) => { $(
        #[test]
        fn $test() {
            agrees($name, true);
            agrees($name, false);
        }
    )* };
}

operations! {
    identity = "identity";
    shear_x = "shear-x";
    shear_y = "shear-y";
    translate_x = "translate-x";
    translate_y = "translate-y";
    rotate = "rotate";
    brightness = "brightness";
    color = "color";
    contrast = "contrast";
    sharpness = "sharpness";
    posterize = "posterize";
    solarize = "solarize";
    autocontrast = "autocontrast";
    equalize = "equalize";
}

#[test]
fn each_operation_is_drawn_equally_often() {
    let golden = Golden::new();
    assert_eq!(golden.operations.len(), 14);
    let tables: Vec<_> = golden.operations.iter().map(|name| golden.case.rows(name)).collect();
    let original = |row: &[f64]| {
        let row = row.to_vec().try_into().unwrap();
        formula::distance(&row, &tables[golden.place("identity")][0]) < TOLERANCE
    };
    let item = Item::new("trivial-augment", json!({}));
    let (count, epochs) = (500, 6);
    let batch = golden.batch(count);
    let mut drawn = [0_usize; 14];
    for epoch in 0..epochs {
        for image in rows(&item.in_epoch(epoch, &batch).images) {
            let mut of: Vec<_> =
                (0..14).filter(|&o| !golden.matches(&tables[o], &image).is_empty()).collect();
            // Many operations leave the image as it is at their smallest strengths.
            if of.contains(&golden.place("identity")) {
                of = vec![golden.place("identity")];
            }
            assert_eq!(of.len(), 1, "{of:?}");
            drawn[of[0]] += 1;
        }
    }
    let trials = count as usize * epochs as usize;
    let mut changed = 0.0;
    for (name, (table, n)) in golden.operations.iter().zip(tables.iter().zip(drawn)) {
        if name != "identity" {
            let same = table.iter().filter(|row| original(row)).count();
            // Row 30 of the signed ones stands for both signs of strength 0.
            let all = if table.len() == 61 { (62.0, 2.0) } else { (table.len() as f64, 1.0) };
            let share = (all.0 - all.1 * same as f64) / all.0 / 14.0;
            changed += share;
            expect(n, trials, share, name);
        }
    }
    expect(drawn[golden.place("identity")], trials, 1.0 - changed, "unchanged");
}

impl Golden {
    fn place(&self, name: &str) -> usize {
        self.operations.iter().position(|known| known == name).unwrap()
    }
}

#[test]
fn the_operations_can_be_chosen_and_wrong_lists_are_refused() {
    let batch = batch_of(noise([300, 3, 8, 8]), 10);
    let item = Item::new("trivial-augment", json!({ "operations": ["solarize", "translate-x"] }));
    let out = rows(&item.at(0, &batch).images);
    let before = rows(&batch.images);
    let inverted = |image: &[f32], own: &[f32]| {
        image.iter().zip(own).all(|(x, own)| x == own || (x + own - 1.0).abs() < 1e-6)
    };
    let solarized = out.iter().zip(&before).filter(|(image, own)| inverted(image, own)).count();
    // An image that stayed where it was counts, too: a shift of 0 (strength 0), 1/31 of all.
    expect(solarized, 300, 0.5 + 0.5 / 31.0, "solarized");
    for (list, message) in [
        (json!([]), "at least one operation"),
        (json!(["rotate", "rotate"]), "\\\"rotate\\\" stands there twice"),
        (json!(["turn"]), "\"turn\" is none of identity, shear-x"),
    ] {
        let refused = Item::create("trivial-augment", json!({ "operations": list }));
        let error = refused.err().expect("the list is wrong").to_string();
        assert!(error.contains(&message.replace('\\', "")), "{error}");
    }
}

#[test]
fn both_ways_to_compute_give_the_same_bits() {
    for side in [5, 32] {
        let batch = batch_of(noise([300, 3, side, side]), 10);
        let out = |grouped: bool| {
            Item::new("trivial-augment", json!({ "grouped": grouped })).at(0, &batch).images
        };
        assert_eq!(out(true), out(false));
    }
}

#[test]
fn images_of_any_size_and_number_of_channels_are_taken() {
    for size in [[50, 1, 28, 28], [50, 4, 5, 3], [50, 3, 1, 1], [50, 2, 2, 40], [50, 3, 64, 64]] {
        let batch = batch_of(noise(size), 10);
        for (epoch, grouped) in [(0, true), (1, true), (2, false), (3, false)] {
            let item = Item::new("trivial-augment", json!({ "grouped": grouped }));
            let out = item.in_epoch(epoch, &batch).images;
            assert_eq!(out.size(), size);
            let all = numbers(&out);
            assert!(all.iter().all(|x| (0.0..=1.0).contains(x)));
        }
    }
}

#[test]
fn grey_images_have_no_colour_and_flat_channels_no_contrast() {
    let only = |name: &str| Item::new("trivial-augment", json!({ "operations": [name] }));
    let grey = batch_of(noise([200, 1, 6, 6]), 10);
    let off = (only("color").at(0, &grey).images - &grey.images).abs().max();
    assert!(off.double_value(&[]) < 1e-6);
    let flat = batch_of(noise([200, 3, 1, 1]).expand([200, 3, 6, 6], false), 10);
    for name in ["autocontrast", "equalize"] {
        assert_eq!(only(name).at(0, &flat).images, flat.images, "{name}");
    }
}
