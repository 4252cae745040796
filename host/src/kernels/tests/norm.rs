//! Batch norm, ReLU and residual against their definitions in f64.

use super::tools::{Numbers, blocked, error, plain};
use crate::kernels::norm::{After, Behind, Norm, Open};
use crate::kernels::pointwise::{Call, Operand, Pointwise};
use crate::kernels::{Buffer, Frame, Isa, Threads};
use proptest::prelude::*;

/// What the definitions give for one channel, with the derivative of each output by each input.
struct Exact {
    deviation: f64,
    y: Vec<f64>,
    to_x: Vec<f64>,
    to_residual: Vec<f64>,
    to_weight: f64,
    to_bias: f64,
}

const EPSILON: f64 = 1e-5;

/// What follows the norm in f64, and its slope.
type Activation = fn(f64) -> (f64, f64);

fn nothing(z: f64) -> (f64, f64) {
    (z, 1.0)
}

fn relu(z: f64) -> (f64, f64) {
    if z > 0.0 { (z, 1.0) } else { (0.0, 0.0) }
}

fn sigmoid(z: f64) -> (f64, f64) {
    let y = 1.0 / (1.0 + (-z).exp());
    (y, y * (1.0 - y))
}

fn swish(z: f64) -> (f64, f64) {
    let (y, slope) = sigmoid(1.5 * z);
    (z * y, y + 1.5 * z * slope)
}

/// Those that kernels compute, of which sigmoid does not keep zero.
fn functions() -> [Pointwise; 2] {
    let (x, beta) = (Operand::Value(0), Operand::Number(1.5));
    let swish = vec![
        Call::Mul { a: x, b: beta },
        Call::Sigmoid(1),
        Call::Mul { a: x, b: Operand::Value(2) },
    ];
    [(vec![Call::Sigmoid(0)], 1), (swish, 3)].map(|(calls, y)| Pointwise::new(calls, y).unwrap())
}

fn exact(
    x: &[f64],
    residual: &[f64],
    to_y: &[f64],
    weight: f64,
    bias: f64,
    activation: Activation,
) -> Exact {
    let count = x.len() as f64;
    let mean = x.iter().sum::<f64>() / count;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
    let deviation = (variance + EPSILON).sqrt();
    let normal: Vec<f64> = x.iter().map(|x| (x - mean) / deviation).collect();
    let z: Vec<f64> =
        normal.iter().zip(residual).map(|(normal, r)| normal * weight + bias + r).collect();
    let to_z: Vec<f64> = z.iter().zip(to_y).map(|(&z, &to_y)| to_y * activation(z).1).collect();
    let to_x = (0..x.len()).map(|i| {
        let by = |j: usize| {
            let same = f64::from(u8::from(i == j));
            weight / deviation * (same - 1.0 / count - normal[i] * normal[j] / count)
        };
        (0..x.len()).map(|j| to_z[j] * by(j)).sum()
    });
    Exact {
        deviation,
        to_x: to_x.collect(),
        to_weight: to_z.iter().zip(&normal).map(|(to_z, normal)| to_z * normal).sum(),
        to_bias: to_z.iter().sum(),
        y: z.into_iter().map(|z| activation(z).0).collect(),
        to_residual: to_z,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn like_the_definition(
        lanes in prop_oneof![Just(8usize), Just(Isa::best().lanes())],
        channels in 1..4usize,
        (height, width) in prop_oneof![(1..5usize, 1..5usize), (9..12usize, 8..12usize)],
        margin in [0..2usize, 0..2usize],
        images in 2..20usize,
        which in 0..4usize,
        branch: bool,
        seed: u64,
        threads in 1..3usize,
    ) {
        let frame = Frame::new(lanes, channels, height, width, margin);
        let (pixels, len) = (height * width, frame.plain_len(images));
        let mut numbers = Numbers(seed);
        let (weight, bias) = (numbers.many(channels), numbers.many(channels));
        let x: Vec<f32> = numbers.many(len).iter().map(|x| 3.0 * x + 1.0).collect();
        let residual = if branch { numbers.many(len) } else { vec![0.0; len] };
        let to_y = numbers.many(len);

        let functions = functions();
        let activation = [nothing as Activation, relu, sigmoid, swish][which];
        let after = match which {
            0 => After::Nothing,
            1 => After::Relu,
            function => After::Function(&functions[function - 2]),
        };
        let (relu, is_function) = (which == 1, which > 1);
        let norm = Norm { layout: frame.into(), weight: &weight, bias: &bias, epsilon: EPSILON, after };
        let threads = Threads::new(threads).unwrap();
        let put = |plain: &[f32]| blocked(&frame, images, plain);
        let (bx, bresidual, bto_y) = (put(&x), put(&residual), put(&to_y));
        let statistics = norm.statistics(images, &bx, &threads).unwrap();
        let (mut y, mut to_x) = (put(&x), put(&x));
        let mut to_residual = put(&x);
        let given = branch.then_some(&bresidual[..]);
        let mut open = Open::default();
        norm.forward(images, &statistics, &bx, given, &mut y, Some(&mut open), &threads).unwrap();
        let is_left = is_function || (branch && relu);
        let behind = match is_function {
            true => Behind::Function(given, &mut to_residual),
            false if is_left => Behind::Told(&open, &mut to_residual),
            false => Behind::Input,
        };
        let (gradients, rest) =
            norm.backward(images, &statistics, &bx, behind, &bto_y, &threads).unwrap();
        let given = if is_left { &to_residual } else { &bto_y };
        rest.all(&bx, given, &mut to_x, &threads).unwrap();
        if !is_left {
            to_residual = bto_y.clone();
        }
        if relu && !branch {
            // What the ReLU lets through follows from the input as well as from what was told.
            let (mut gated, mut again) = (put(&x), put(&x));
            let told = Behind::Told(&open, &mut gated);
            let same = norm.backward(images, &statistics, &bx, told, &bto_y, &threads);
            let (same, rest) = same.unwrap();
            rest.all(&bx, &gated, &mut again, &threads).unwrap();
            prop_assert_eq!((same, &again), (gradients.clone(), &to_x));
        }

        for channel in 0..channels {
            let of = |plain: &[f32]| -> Vec<f32> {
                let chunks = plain.chunks(pixels).skip(channel).step_by(channels);
                chunks.flatten().copied().collect()
            };
            let wide = |plain: &[f32]| -> Vec<f64> { of(plain).into_iter().map(f64::from).collect() };
            let (weight, bias) = (f64::from(weight[channel]), f64::from(bias[channel]));
            let want = exact(&wide(&x), &wide(&residual), &wide(&to_y), weight, bias, activation);
            // Two values that happen to be close make everything large, errors as well.
            if want.deviation < 0.3 {
                continue;
            }
            let got = |blocked: &[f32]| of(&plain(&frame, images, blocked));
            prop_assert!(error(&got(&y), &want.y) < 1e-5);
            // Where an output is zero but for rounding, its gate may differ.
            if !relu || want.y.iter().all(|&y| y == 0.0 || y.abs() > 1e-5) {
                prop_assert!(error(&got(&to_x), &want.to_x) < 2e-5);
                if branch {
                    prop_assert!(error(&got(&to_residual), &want.to_residual) < 1e-5);
                }
                let scale = 1e-6 * (images * pixels) as f64;
                prop_assert!(error(&[gradients.weight[channel]], &[want.to_weight]) < 1e-5 + scale);
                prop_assert!(error(&[gradients.bias[channel]], &[want.to_bias]) < 1e-5 + scale);
            }
        }
        // Margins and lanes without an image still hold zeros.
        prop_assert_eq!(&put(&plain(&frame, images, &y)), &y);
        prop_assert_eq!(&put(&plain(&frame, images, &to_x)), &to_x);
    }
}

#[test]
fn a_mean_far_from_zero_does_not_hide_the_variance() {
    let frame = Frame::new(Isa::best().lanes(), 1, 8, 8, [1, 1]);
    let norm = Norm {
        layout: frame.into(),
        weight: &[1.0],
        bias: &[0.0],
        epsilon: 0.0,
        after: After::Nothing,
    };
    let numbers: Vec<f32> =
        Numbers(3).many(32 * 64).iter().map(|number| 4096.0 + (64.0 * number).round()).collect();
    let statistics = norm.statistics(32, &blocked(&frame, 32, &numbers), &Threads::one()).unwrap();
    let mean = numbers.iter().map(|&x| f64::from(x)).sum::<f64>() / 2048.0;
    let variance = numbers.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / 2048.0;
    assert!((statistics.mean[0] / mean - 1.0).abs() < 1e-6, "{statistics:?} {mean}");
    assert!((statistics.variance[0] / variance - 1.0).abs() < 1e-6, "{statistics:?} {variance}");
}

#[test]
fn by_hand() {
    // Mean 3, variance 4: (1, 5) become (-1, 1), times 2 plus 1: (-1, 3), and ReLU: (0, 3).
    let frame = Frame::new(8, 1, 1, 1, [0, 0]);
    let norm = Norm {
        layout: frame.into(),
        weight: &[2.0],
        bias: &[1.0],
        epsilon: 0.0,
        after: After::Relu,
    };
    let x = blocked(&frame, 2, &[1.0, 5.0]);
    let statistics = norm.statistics(2, &x, &Threads::one()).unwrap();
    assert_eq!((statistics.mean[0], statistics.variance[0]), (3.0, 4.0));
    let mut y = vec![0.0; 8];
    norm.forward(2, &statistics, &x, None, &mut y, None, &Threads::one()).unwrap();
    assert_eq!(plain(&frame, 2, &y), [0.0, 3.0]);
    assert!(norm.forward(2, &statistics, &x, None, &mut y[1..], None, &Threads::one()).is_err());
}

/// Large results go past the caches: the same numbers as one channel after the other.
#[test]
fn large_results_are_those_of_small_ones() {
    let (channels, images, threads) = (36, 16, Threads::new(2).unwrap());
    let many = Frame::new(Isa::best().lanes(), channels, 32, 32, [1, 1]);
    let one = Frame { channels: 1, ..many };
    let mut numbers = Numbers(9);
    let [x, branch, to_y] = [0; 3].map(|_| numbers.many(many.plain_len(images)));
    let [weight, bias] = [0; 2].map(|_| numbers.many(channels));
    let run = |frame: Frame, channel: usize| {
        let of = |plain: &[f32]| -> Vec<f32> {
            let pixels = plain.chunks(1024).enumerate();
            let own = |place: usize| frame.channels > 1 || place % channels == channel;
            let own = pixels.filter(|(place, _)| own(*place)).flat_map(|(_, pixels)| pixels);
            blocked(&frame, images, &own.copied().collect::<Vec<f32>>())
        };
        let range = channel..channel + frame.channels;
        let (weight, bias) = (&weight[range.clone()], &bias[range]);
        let norm = Norm { layout: frame.into(), weight, bias, epsilon: 1e-5, after: After::Relu };
        let (x, branch, to_y) = (of(&x), of(&branch), of(&to_y));
        let statistics = norm.statistics(images, &x, &threads).unwrap();
        let [mut y, mut to_x, mut to_branch] = [0; 3].map(|_| Buffer::zeros(x.len()));
        let (given, mut open) = (Some(&branch[..]), Open::default());
        norm.forward(images, &statistics, &x, given, &mut y, Some(&mut open), &threads).unwrap();
        let told = Behind::Told(&open, &mut to_branch);
        let (_, rest) = norm.backward(images, &statistics, &x, told, &to_y, &threads).unwrap();
        rest.all(&x, &to_branch, &mut to_x, &threads).unwrap();
        [y, to_x, to_branch].map(|all| plain(&frame, images, &all))
    };
    let all = run(many, 0);
    for channel in 0..channels {
        for (all, own) in all.iter().zip(run(one, channel)) {
            let of_channel = all.chunks(1024).skip(channel).step_by(channels).flatten();
            assert!(of_channel.eq(own.iter()), "channel {channel}");
        }
    }
}
