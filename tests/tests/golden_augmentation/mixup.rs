//! Mixup: who meets whom, and in what shares.

use std::collections::BTreeMap;

use jackpot::plugin::kinds::BatchTensors;
use serde_json::json;
use tch::{Device, Kind, Tensor};

use crate::harness::{Item, batch_of, expect, noise, numbers, part, rows};

/// Image i is 1 at place i, and so is its target.
fn marked(count: i64) -> BatchTensors {
    let images = Tensor::eye(count, (Kind::Float, Device::Cpu)).reshape([count, 1, 1, count]);
    batch_of(images, count)
}

/// Partner and λ of each image of a marked batch; a sample that met itself has λ = 1.
fn pairs(mixed: &BatchTensors) -> Vec<(usize, f32)> {
    let images = rows(&mixed.images);
    assert_eq!(images, rows(&mixed.targets), "pixels and targets have the same shares");
    let pair = |(place, image): (usize, Vec<f32>)| {
        let mut others = (0..image.len()).filter(|&i| i != place && image[i] > 0.0);
        let partner = others.next().unwrap_or(place);
        assert_eq!(others.next(), None, "three images in one");
        assert!((image.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        (partner, image[place])
    };
    images.into_iter().enumerate().map(pair).collect()
}

/// The partners alone, in an epoch.
fn partners(epoch: u64, batch: &BatchTensors) -> Vec<usize> {
    // Every λ is about one half, so none is rounded to 0 or 1.
    let item = Item::new("mixup", json!({ "alpha": 1000.0 }));
    pairs(&item.in_epoch(epoch, batch)).into_iter().map(|pair| pair.0).collect()
}

#[test]
fn images_and_targets_are_the_same_combination() {
    for per_image in [false, true] {
        let batch = batch_of(noise([40, 3, 5, 4]), 7);
        // Targets that are distributions already.
        let batch =
            BatchTensors { targets: noise([40, 7, 1, 1]).squeeze().softmax(1, None), ..batch };
        let marked = marked(40);
        let item = Item::new("mixup", json!({ "per_image": per_image }));
        let pairs = pairs(&item.at(3, &marked));
        let mixed = item.at(3, &batch);
        for (place, (partner, share)) in pairs.into_iter().enumerate() {
            let combine = |tensor: &Tensor| {
                let (own, other) = (tensor.get(place as i64), tensor.get(partner as i64));
                own.to_kind(Kind::Double) * f64::from(share)
                    + other.to_kind(Kind::Double) * (1.0 - f64::from(share))
            };
            for (found, from) in [(&mixed.images, &batch.images), (&mixed.targets, &batch.targets)]
            {
                let off = (found.get(place as i64) - combine(from)).abs().max();
                assert!(off.double_value(&[]) < 1e-6);
            }
        }
    }
}

#[test]
fn a_batch_has_one_share_unless_every_image_has_its_own() {
    let batch = marked(60);
    let shares = |step, per_image: bool| -> Vec<f32> {
        let item = Item::new("mixup", json!({ "per_image": per_image }));
        let mixed = pairs(&item.at(step, &batch)).into_iter().enumerate();
        mixed.filter(|(place, pair)| pair.0 != *place).map(|(_, pair)| pair.1).collect()
    };
    let one = |step| {
        let mut shares = shares(step, false);
        assert!(shares.len() > 50);
        shares.dedup();
        assert_eq!(shares.len(), 1);
        shares[0].to_bits()
    };
    // Another one at every step, also within an epoch.
    let mut all: Vec<_> = (0..50).map(one).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 50);
    let mut own: Vec<_> = shares(0, true).into_iter().map(f32::to_bits).collect();
    let count = own.len();
    own.sort_unstable();
    own.dedup();
    assert_eq!(own.len(), count);
}

#[test]
fn partners_are_a_uniform_permutation() {
    let batch = marked(3);
    let mut counts = BTreeMap::<_, usize>::new();
    let epochs = 3000;
    for epoch in 0..epochs {
        *counts.entry(partners(epoch, &batch)).or_default() += 1;
    }
    assert_eq!(counts.len(), 6);
    for (partners, n) in counts {
        expect(n, epochs as usize, 1.0 / 6.0, &format!("{partners:?}"));
    }
    let mut many = partners(0, &marked(500));
    many.sort_unstable();
    assert!(many.into_iter().eq(0..500));
}

#[test]
fn partners_do_not_depend_on_the_order_of_the_batch() {
    let batch = marked(50);
    let order: Vec<i64> = (0..50).map(|i| (i * 7 + 3) % 50).collect();
    let plain = partners(2, &batch);
    // Sample s is marked at s, wherever it stands.
    let item = Item::new("mixup", json!({ "alpha": 1000.0 }));
    let mixed = item.in_epoch(2, &part(&batch, &order));
    for (image, &sample) in rows(&mixed.images).iter().zip(&order) {
        assert!(image[plain[sample as usize]] > 0.0);
    }
    // Other epochs, other partners.
    let same = plain.iter().zip(partners(3, &batch)).filter(|(a, b)| **a == *b).count();
    assert!(same < 8, "{same} of 50");
}

#[test]
fn only_a_part_is_mixed() {
    let batch = marked(50);
    let untouched = |per_image: bool, step| {
        let item = Item::new("mixup", json!({ "p": 0.4, "per_image": per_image, "alpha": 50.0 }));
        pairs(&item.at(step, &batch)).iter().filter(|pair| pair.1 == 1.0).count()
    };
    let steps = 1500;
    let whole = (0..steps).filter(|&step| untouched(false, step) == 50).count();
    expect(whole, steps as usize, 0.6, "batches that stay");
    let single: usize = (0..40).map(|epoch| untouched(true, epoch * 10)).sum();
    // Some samples meet themselves.
    expect(single, 2000, 0.6 + 0.4 / 50.0, "images that stay");
    let never = Item::new("mixup", json!({ "p": 0.0 })).at(0, &batch);
    assert_eq!(numbers(&never.images), numbers(&batch.images));
}
