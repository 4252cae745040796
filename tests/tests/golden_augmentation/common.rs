//! What holds for all augmentations, alone and in a list.

use jackpot::plugin::kinds::BatchTensors;
use serde_json::{Value, json};
use tch::{Kind, Tensor};

use crate::harness::{Item, STEPS_PER_EPOCH, batch_of, noise, numbers, part, rows};

/// All of them, those that draw for a batch in both ways.
fn all() -> Vec<Item> {
    let each = |(name, params): (&str, Value)| Item::new(name, params);
    per_sample().into_iter().chain(mixing().map(each)).collect()
}

/// Those whose draws for a sample depend on no other one of the batch.
fn per_sample() -> [Item; 4] {
    [
        Item::new("crop-flip", json!({ "padding": 2 })),
        Item::new("alternating-flip", json!({})),
        Item::new("cutout", json!({ "size": 5, "p": 0.7 })),
        Item::new("trivial-augment", json!({})),
    ]
}

fn mixing() -> [(&'static str, Value); 4] {
    [
        ("mixup", json!({ "alpha": 0.4 })),
        ("mixup", json!({ "per_image": true, "p": 0.8 })),
        ("cutmix", json!({ "p": 0.9 })),
        ("cutmix", json!({ "per_image": true })),
    ]
}

/// A batch of images of 256 levels with soft targets.
fn batch(count: i64) -> BatchTensors {
    let targets = (noise([count, 10, 1, 1]).reshape([count, 10]) * 5.0).softmax(1, None);
    BatchTensors { targets, ..batch_of(noise([count, 3, 8, 8]), 10) }
}

fn same(a: &BatchTensors, b: &BatchTensors) -> bool {
    a.images == b.images && a.targets == b.targets && a.indices == b.indices
}

/// Shape and dtype are kept (the host checks these, too), pixels stay in [0, 1], targets are
/// distributions, samples keep their numbers.
#[track_caller]
fn sound(out: &BatchTensors, before: &BatchTensors, what: &str) {
    assert_eq!(out.images.size(), before.images.size(), "{what}");
    assert_eq!(out.images.kind(), Kind::Float, "{what}");
    assert_eq!(out.targets.kind(), Kind::Float, "{what}");
    assert!(numbers(&out.images).iter().all(|x| (0.0..=1.0).contains(x)), "{what}");
    for row in rows(&out.targets) {
        let sum = row.iter().map(|&x| f64::from(x)).sum::<f64>();
        assert!((sum - 1.0).abs() <= 1e-6 && row.iter().all(|&x| x >= 0.0), "{what}: {sum}");
    }
    assert_eq!(out.indices, before.indices, "{what}");
}

#[test]
fn form_and_bounds_are_kept_and_the_batch_is_not_written_to() {
    for item in all() {
        for count in [1, 2, 37] {
            let given = batch(count);
            let kept = batch(count);
            for step in 0..30 {
                sound(&item.at(step, &given), &given, item.name());
            }
            assert!(same(&given, &kept), "{} writes to its batch", item.name());
        }
    }
}

#[test]
fn equal_places_of_a_training_have_equal_draws_and_others_do_not() {
    let given = batch(60);
    for item in all() {
        let first = item.at(3, &given);
        assert!(same(&item.at(3, &given), &first), "{}", item.name());
        // One step may leave a whole batch as it is; five in a row do not.
        let differs =
            |from: u64| (from..from + 5).any(|step| !same(&item.at(step, &given), &first));
        assert!(differs(STEPS_PER_EPOCH), "{}: the next epoch", item.name());
    }
    for (one, other) in all().into_iter().zip(all()) {
        let other = other.seeded(2);
        let differs = (0..5).any(|step| !same(&one.at(step, &given), &other.at(step, &given)));
        assert!(differs, "{}: another seed", one.name());
    }
}

#[test]
fn the_order_of_the_batch_does_not_matter() {
    let given = batch(60);
    let order: Vec<i64> = (0..60).map(|i| (i * 23 + 11) % 60).collect();
    for item in all() {
        let (whole, turned) = (item.at(7, &given), item.at(7, &part(&given, &order)));
        assert!(same(&turned, &part(&whole, &order)), "{}", item.name());
    }
}

#[test]
fn draws_for_a_sample_do_not_depend_on_the_others() {
    let given = batch(60);
    for item in per_sample() {
        let whole = item.at(7, &given);
        for places in [(0..13).collect::<Vec<i64>>(), (13..60).collect()] {
            let alone = item.at(9, &part(&given, &places));
            assert!(same(&alone, &part(&whole, &places)), "{}", item.name());
        }
    }
}

#[test]
fn they_compose_in_any_order() {
    let given = batch(12);
    let items = all();
    let mut order: Vec<usize> = (0..items.len()).collect();
    let mut seen = Vec::new();
    // Each item stands in each place, before and after each other one.
    for round in 0..items.len() * 2 {
        let mut out = BatchTensors { ..part(&given, &(0..12).collect::<Vec<_>>()) };
        for &number in &order {
            out = items[number].at(round as u64, &out);
            sound(&out, &given, &format!("{order:?}"));
        }
        assert_ne!(out.images, given.images);
        seen.push(order.clone());
        order.rotate_left(1);
        if round == items.len() - 1 {
            order.reverse();
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), items.len() * 2);
}

#[test]
fn parameters_out_of_range_are_refused() {
    for (name, params) in [
        ("cutout", json!({ "size": 0 })),
        ("cutout", json!({ "p": 1.5 })),
        ("cutout", json!({ "fill": -0.1 })),
        ("mixup", json!({ "alpha": 0.0 })),
        ("mixup", json!({ "p": -1.0 })),
        ("cutmix", json!({ "alpha": "nan" })),
        ("cutmix", json!({ "p": 2.0 })),
        ("alternating-flip", json!({ "p": 0.5 })),
    ] {
        let key = params.as_object().unwrap().keys().next().unwrap().clone();
        let error = Item::create(name, params).err().expect("out of range").to_string();
        assert!(error.contains(&key), "{error}");
    }
}

/// Black borders and holes that a mixing item brings together are no third colour.
#[test]
fn a_white_training_set_stays_white_or_black() {
    let ones = Tensor::ones([30, 3, 8, 8], (Kind::Float, tch::Device::Cpu));
    let given = batch_of(ones, 10);
    for step in 0..20 {
        let cut = Item::new("cutout", json!({ "size": 3 })).at(step, &given);
        let mixed = Item::new("cutmix", json!({ "p": 1.0 })).at(step, &cut);
        assert!(numbers(&mixed.images).iter().all(|&x| x == 0.0 || x == 1.0));
    }
}
