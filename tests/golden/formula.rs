//! The closed formulas for the inputs of the golden tests; `formula.py` is the same in Python, and
//! `README.md` explains. Both give the same bits: integer arithmetic, then operations whose rounding
//! IEEE 754 prescribes.

// Each test that includes this file uses a part of it.
#![allow(dead_code)]

/// FNV-1a, 64 bits, of the label's bytes.
pub fn seed(label: &str) -> u64 {
    let step = |value: u64, byte| (value ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    label.bytes().fold(0xCBF2_9CE4_8422_2325, step)
}

/// The `i`-th number of 64 bits (from 0) of a seed: SplitMix64.
fn bits(seed: u64, i: usize) -> u64 {
    let step = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut z = seed.wrapping_add(step);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The `i`-th number in [0, 1), a multiple of 2⁻⁵³.
fn unit(seed: u64, i: usize) -> f64 {
    (bits(seed, i) >> 11) as f64 / (1_u64 << 53) as f64
}

/// `n` numbers in [−scale, scale).
pub fn values(n: usize, seed: u64, scale: f64) -> Vec<f64> {
    (0..n).map(|i| (unit(seed, i) * 2.0 - 1.0) * scale).collect()
}

/// `n` class numbers.
pub fn labels(n: usize, seed: u64, classes: u64) -> Vec<i64> {
    (0..n).map(|i| (bits(seed, i) % classes).cast_signed()).collect()
}

/// `n` truth values, each true (kept) with about the probability `keep`.
pub fn mask(n: usize, seed: u64, keep: f64) -> Vec<bool> {
    (0..n).map(|i| unit(seed, i) < keep).collect()
}

/// A parameter or buffer of the state `label`, by its name's ending and its rank.
pub fn tensor(label: &str, name: &str, shape: &[usize]) -> Vec<f64> {
    let n = shape.iter().product();
    let seed = seed(&format!("{label}/{name}"));
    let around_one = |scale| values(n, seed, scale).into_iter().map(|x| 1.0 + x).collect();
    if name.ends_with("num_batches_tracked") {
        vec![0.0; n]
    } else if name.ends_with("running_var") {
        around_one(0.5)
    } else if name.ends_with("running_mean") || name.ends_with("bias") {
        values(n, seed, 0.25)
    } else if shape.len() == 1 {
        around_one(0.25)
    } else {
        let fan_in: usize = shape[1..].iter().product();
        values(n, seed, (3.0 / fan_in as f64).sqrt())
    }
}

/// How many projections are stored of each tensor.
pub const PROJECTIONS: usize = 4;

/// The inner products of a tensor with four random directions of its name.
pub fn projections(name: &str, tensor: &[f64]) -> [f64; PROJECTIONS] {
    std::array::from_fn(|k| {
        let direction = values(tensor.len(), seed(&format!("projection-{k}/{name}")), 1.0);
        tensor.iter().zip(direction).map(|(x, r)| x * r).sum()
    })
}

/// An estimate of ‖x − x*‖ from the projections of both: a direction's entries have variance 1/3.
pub fn distance(ours: &[f64; PROJECTIONS], theirs: &[f64]) -> f64 {
    let squares = ours.iter().zip(theirs).map(|(a, b)| (a - b) * (a - b));
    (3.0 / PROJECTIONS as f64 * squares.sum::<f64>()).sqrt()
}

#[cfg(test)]
mod formula_tests {
    use super::*;

    // The numbers are those of `data/formula.safetensors` and the index, written by `make.py`.

    #[test]
    fn seeds_and_bits() {
        assert_eq!(seed(""), 14_695_981_039_346_656_037);
        assert_eq!(seed("a"), 12_638_187_200_555_641_996);
        assert_eq!(seed("step-00/0/layer1.0.conv1.weight"), 10_975_055_289_574_396_143);
        let found: Vec<_> = (0..3).map(|i| bits(seed("a"), i)).collect();
        let expected =
            [6_857_225_946_766_476_583, 18_412_106_973_715_859_535, 18_301_134_958_189_622_382];
        assert_eq!(found, expected);
    }

    #[test]
    fn values_labels_and_masks() {
        let expected =
            [-0.5130761462583635, 1.9924892761876483, 1.9684260561239197, 0.7437634524568364];
        assert_eq!(values(4, seed("a"), 2.0), expected);
        assert_eq!(labels(8, seed("a"), 10), [3, 5, 2, 6, 0, 2, 2, 0]);
        let (t, f) = (true, false);
        assert_eq!(mask(12, seed("a"), 0.5), [t, f, f, f, t, t, f, f, f, f, t, f]);
    }

    #[test]
    fn tensors_by_name_and_rank() {
        let weight = tensor("step-00/0", "layer1.0.conv1.weight", &[2, 2, 3, 3]);
        assert_eq!(weight.len(), 36);
        assert_eq!(weight[..3], [0.28072944566268787, -0.01856260472937079, -0.2750436775255569]);
        let counter = tensor("step-00/0", "bn1.num_batches_tracked", &[]);
        assert_eq!(counter, [0.0]);
        let scale = tensor("step-00/0", "bn1.weight", &[64]);
        assert!(scale.iter().all(|x| (0.75..1.25).contains(x)));
        let variance = tensor("step-00/0", "bn1.running_var", &[64]);
        assert!(variance.iter().all(|x| (0.5..1.5).contains(x)));
        assert!(variance.iter().any(|x| *x < 0.75));
    }

    #[test]
    fn projections_and_distance() {
        let x: Vec<f64> = (0..10).map(f64::from).collect();
        let found = projections("layer1.0.conv1.weight", &x);
        let expected =
            [-16.061727392548228, -3.3071539362309035, 10.385891728462147, -19.21780309700159];
        assert!(distance(&found, &expected) < 1e-13);
        // ‖x‖ is 16.9; against zeros the estimate is within a factor of two.
        let norm = distance(&found, &[0.0; PROJECTIONS]);
        assert!((8.0..34.0).contains(&norm), "{norm}");
    }
}
