//! Half of the images mirrored in the first epoch, the other half in the second, and so on.

use serde_json::json;

use crate::harness::{Item, batch_of, noise, part};

const COUNT: i64 = 5000;

/// Which images are mirrored; fails if one is neither itself nor its mirror image.
fn mirrored(item: &Item, step: u64, count: i64) -> Vec<bool> {
    let batch = batch_of(noise([count, 3, 4, 4]), 10);
    let out = item.at(step, &batch);
    let mirror = batch.images.flip([3]);
    let side = |place: i64| {
        let found = out.images.get(place);
        let flipped = found == mirror.get(place);
        assert!(flipped != (found == batch.images.get(place)), "image {place}");
        flipped
    };
    (0..count).map(side).collect()
}

#[test]
fn it_alternates_and_every_image_shows_both_sides() {
    let item = Item::new("alternating-flip", json!({}));
    let first = mirrored(&item, 0, COUNT);
    let share = first.iter().filter(|&&flip| flip).count() as f64 / COUNT as f64;
    assert!((share - 0.5).abs() <= 0.02, "{share}");
    for step in 1..45 {
        let odd = step / 10 % 2 == 1;
        let found = mirrored(&item, step, 200);
        assert!(found.iter().zip(&first).all(|(flip, first)| *flip == (first ^ odd)), "{step}");
    }
}

#[test]
fn the_first_side_depends_on_seed_and_sample_alone() {
    let batch = batch_of(noise([300, 1, 4, 4]), 10);
    let item = Item::new("alternating-flip", json!({}));
    let whole = item.at(0, &batch).images;
    let places: Vec<i64> = (0..300).rev().step_by(7).collect();
    let some = item.at(4, &part(&batch, &places)).images;
    assert_eq!(some, whole.index_select(0, &tch::Tensor::from_slice(&places)));
    let other = Item::new("alternating-flip", json!({})).seeded(2).at(0, &batch).images;
    let same = (0..300).filter(|&i| other.get(i) == whole.get(i)).count();
    assert!((100..=200).contains(&same), "{same} of 300 equal with another seed");
}
