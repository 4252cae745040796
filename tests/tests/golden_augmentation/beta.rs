//! The numbers that mixup and cutmix draw from Beta(α, α), read off mixed images.

use serde_json::json;
use tch::{Device, Kind, Tensor};

use crate::harness::{Item, batch_of, expect, noise, rows};

/// λ of every image that met another one: image i is 1 at place i.
fn shares(alpha: f64, epochs: u64) -> Vec<f64> {
    let count = 1000;
    let images = Tensor::eye(count, (Kind::Float, Device::Cpu)).reshape([count, 1, 1, count]);
    let batch = batch_of(images, 1);
    let mixed = |alpha: f64, epoch| {
        let item = Item::new("mixup", json!({ "alpha": alpha, "per_image": true }));
        rows(&item.in_epoch(epoch, &batch).images)
    };
    let mut out = Vec::new();
    for epoch in 0..epochs {
        // The partners do not depend on α, and here every λ is about one half.
        let halves = mixed(1000.0, epoch);
        for (place, image) in mixed(alpha, epoch).iter().enumerate() {
            assert!((image.iter().sum::<f32>() - 1.0).abs() < 1e-6);
            if halves[place][place] < 1.0 {
                out.push(f64::from(image[place]));
            }
        }
    }
    out
}

#[test]
fn mean_variance_and_kurtosis_are_right() {
    for alpha in [0.3, 0.5, 1.0, 2.0, 8.0, 100.0] {
        let draws = shares(alpha, 10);
        let n = draws.len() as f64;
        assert!(n > 9900.0, "{n}");
        let moment = |power: i32| draws.iter().map(|x| (x - 0.5).powi(power)).sum::<f64>() / n;
        let variance = 1.0 / (4.0 * (2.0 * alpha + 1.0));
        let kurtosis = 3.0 - 6.0 / (2.0 * alpha + 3.0);
        let deviation = (variance / n).sqrt();
        assert!(moment(1).abs() < 5.0 * deviation, "α {alpha}: mean off by {}", moment(1));
        let found = moment(2) / variance;
        let deviation = ((kurtosis - 1.0) / n).sqrt();
        assert!((found - 1.0).abs() < 5.0 * deviation, "α {alpha}: variance is {found} times");
        let found = moment(4) / variance.powi(2);
        assert!((found / kurtosis - 1.0).abs() < 0.1, "α {alpha}: kurtosis {found}, {kurtosis}");
    }
}

#[test]
fn the_distribution_is_right() {
    type Cdf = fn(f64) -> f64;
    let cdfs: [(f64, Cdf); 4] = [
        (0.5, |x| x.sqrt().asin() * std::f64::consts::FRAC_2_PI),
        (1.0, |x| x),
        (2.0, |x| x * x * (3.0 - 2.0 * x)),
        (3.0, |x| x.powi(3) * (10.0 - 15.0 * x + 6.0 * x * x)),
    ];
    for (alpha, cdf) in cdfs {
        let mut draws = shares(alpha, 10);
        draws.sort_by(f64::total_cmp);
        let n = draws.len() as f64;
        let distance = draws.iter().enumerate().map(|(i, &x)| {
            let (below, upto) = (i as f64 / n, (i + 1) as f64 / n);
            (cdf(x) - below).abs().max((upto - cdf(x)).abs())
        });
        // Kolmogorov and Smirnov: 2 / √n is exceeded once in 1500 times.
        let distance = distance.fold(0.0, f64::max) * n.sqrt();
        assert!(distance < 2.0, "α {alpha}: {distance}");
    }
}

/// For a small α nearly all numbers are at the ends: P(λ < x) = x^α / (2·Γ(1+α)²/Γ(1+2α)) for small
/// x; for α = 0.01 the divisor is 1.9997.
#[test]
fn a_small_alpha_keeps_the_ends_apart() {
    let batch = batch_of(noise([2, 1, 1, 1]), 2);
    let item = Item::new("mixup", json!({ "alpha": 0.01, "per_image": true }));
    let trials = 4000;
    let own = |epoch| item.in_epoch(epoch, &batch).targets.double_value(&[1, 1]);
    let shares: Vec<_> = (0..trials).map(own).collect();
    for (bound, below) in [(1e-30, 0.2506), (1e-10, 0.3972), (0.5, 0.5)] {
        let count = shares.iter().filter(|&&share| share < bound).count();
        // In half of the batches each sample meets itself, and keeps its target.
        expect(count, trials as usize, below / 2.0, &format!("below {bound}"));
    }
}
