//! Positions, separation and statistics of streams. The seeds are fixed: no test is left to chance.

use super::*;

fn stream() -> Stream {
    Stream::new(42, "test", 3, 7)
}

/// The 95 % bound of a chi-square statistic is about `df + 1.645 sqrt(2 df)`; this allows 5 sigma.
fn assert_even(counts: &[u32], name: &str) {
    let total: u32 = counts.iter().sum();
    let expected = f64::from(total) / counts.len() as f64;
    let chi2: f64 = counts.iter().map(|&c| (f64::from(c) - expected).powi(2) / expected).sum();
    let freedom = (counts.len() - 1) as f64;
    assert!((chi2 - freedom).abs() < 5.0 * (2.0 * freedom).sqrt(), "{name}: {chi2} for {freedom}");
}

fn mean_and_variance(values: &[f32]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    (mean, values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n)
}

#[test]
fn the_layout_is_the_documented_one() {
    let key = key(42, "test");
    let words = philox4x32([1, 0, 7, 3], [key as u32, (key >> 32) as u32]);
    assert_eq!((4..8).map(|i| stream().at(i)).collect::<Vec<_>>(), words);
    let words = philox4x32([0, 6, 7, 3], [key as u32, (key >> 32) as u32]);
    assert_eq!(stream().sub(5).block(0), words);
    // The counter holds 32 bits of each coordinate, the key the rest.
    let (a, b) = (3 | 5 << 32, 7 | 9 << 32);
    let key = absorb(absorb(key, 1), 5 << 32 | 9);
    let words = philox4x32([0, 0, 7, 3], [key as u32, (key >> 32) as u32]);
    assert_eq!(Stream::new(42, "test", a, b).block(0), words);
}

#[test]
fn the_format_has_not_changed() {
    assert_eq!(stream().block(0), FIRST_BLOCK);
    assert_eq!(stream().permutation(8), FIRST_PERMUTATION);
}

#[test]
fn a_value_does_not_depend_on_what_was_drawn_before() {
    let s = stream();
    let mut cursor = s.cursor();
    let read: Vec<u32> = (0..23).map(|_| cursor.word()).collect();
    assert_eq!(read, (0..23).map(|i| s.at(i)).collect::<Vec<_>>());
    assert_eq!(s.uniform(5), s.uniform(9)[..5]);
    assert_eq!(s.uniform_f64(5), s.uniform_f64(9)[..5]);
    assert_eq!(s.normal(5), s.normal(9)[..5]);
    assert_eq!(s.below(5, 100), s.below(9, 100)[..5]);
    assert_eq!(s.signs(5), s.signs(9)[..5]);
}

#[test]
fn every_coordinate_gives_another_stream() {
    let base = stream();
    let others = [
        Stream::new(43, "test", 3, 7),
        Stream::new(42, "tesu", 3, 7),
        Stream::new(42, "test", 7, 3),
        Stream::new(42, "test", 4, 7),
        Stream::new(42, "test", 3, 8),
        Stream::new(42, "test", 3 | 1 << 32, 7),
        Stream::new(42, "test", 3, 7 | 1 << 32),
        base.sub(0),
        base.sub(1),
        base.sub(u64::from(u32::MAX)),
        base.sub(1 << 32),
        base.sub((1 << 32) + 5),
        base.sub(u64::from(u32::MAX)).sub(5),
        base.sub(0).sub(0),
        base.sub(1).sub(0),
    ];
    let blocks: Vec<_> = [base].iter().chain(&others).map(|s| s.block(0)).collect();
    for (i, a) in blocks.iter().enumerate() {
        assert!(blocks[..i].iter().all(|b| a != b), "stream {i}");
    }
    assert_ne!(base.block(0), base.block(1 << 32));
}

#[test]
fn uniform_numbers_are_uniform() {
    let values = stream().uniform(100_000);
    assert!(values.iter().all(|x| (0.0..1.0).contains(x)));
    let (mean, variance) = mean_and_variance(&values);
    assert!((mean - 0.5).abs() < 0.004, "{mean}");
    assert!((variance - 1.0 / 12.0).abs() < 0.001, "{variance}");
    let mut counts = [0; 64];
    values.iter().for_each(|x| counts[(x * 64.0) as usize] += 1);
    assert_even(&counts, "uniform");
    let mut counts = [0; 64];
    stream().uniform_f64(100_000).iter().for_each(|x| counts[(x * 64.0) as usize] += 1);
    assert_even(&counts, "uniform_f64");
}

#[test]
fn normal_numbers_are_normal() {
    let values = stream().normal(100_001);
    assert_eq!(values.len(), 100_001);
    let (mean, variance) = mean_and_variance(&values);
    assert!(mean.abs() < 0.015, "{mean}");
    assert!((variance - 1.0).abs() < 0.02, "{variance}");
    let fourth = values.iter().map(|&x| f64::from(x).powi(4)).sum::<f64>() / values.len() as f64;
    assert!((fourth - 3.0).abs() < 0.15, "{fourth}");
    // 68.27 % lie within one standard deviation; neighbours are independent.
    let inside = values.iter().filter(|x| x.abs() < 1.0).count() as f64 / values.len() as f64;
    assert!((inside - 0.6827).abs() < 0.006, "{inside}");
    let correlation =
        values.windows(2).map(|w| f64::from(w[0]) * f64::from(w[1])).sum::<f64>() / 1e5;
    assert!(correlation.abs() < 0.015, "{correlation}");
}

#[test]
fn bounded_numbers_are_even() {
    let mut counts = [0; 10];
    stream().below(50_000, 10).iter().for_each(|&x| counts[x as usize] += 1);
    assert_even(&counts, "below 10");
    assert_eq!(stream().below(3, 0), [0, 0, 0]);
    assert_eq!(stream().below(3, 1), [0, 0, 0]);
}

#[test]
fn signs_are_even() {
    let signs = stream().signs(10_000);
    assert!(signs.iter().all(|&s| s == 1.0 || s == -1.0));
    assert!(signs.iter().sum::<f32>().abs() < 400.0);
}

#[test]
fn permutations_are_permutations_and_all_equally_likely() {
    assert!(stream().permutation(0).is_empty());
    assert_eq!(stream().permutation(1), [0]);
    let mut sorted = stream().permutation(1000);
    assert_ne!(sorted, (0..1000).collect::<Vec<_>>());
    sorted.sort_unstable();
    assert_eq!(sorted, (0..1000).collect::<Vec<_>>());
    let mut counts = [0; 24];
    for i in 0..24_000 {
        let p = stream().sub(i).permutation(4);
        // Its rank in base 4, squeezed into 24 places.
        let rank = p[0] * 6
            + p[1..].iter().filter(|&&x| x < p[1]).count() as u32 * 2
            + u32::from(p[3] < p[2]);
        counts[rank as usize] += 1;
    }
    assert_even(&counts, "permutations of 4");
}

const FIRST_BLOCK: [u32; 4] = [3740783010, 2503477469, 3268763446, 3956696497];
const FIRST_PERMUTATION: [u32; 8] = [7, 3, 2, 5, 1, 0, 6, 4];
