//! Forward and all gradients on random shapes, masks, strides, paddings and groups.

use super::naive::{exact, single};
use super::tools::{Numbers, blocked, mean_error, plain};
use crate::kernels::conv::{Conv, ConvShape, Over, Single, Tiling, Tilings};
use crate::kernels::norm::Moments;
use crate::kernels::{Buffer, Isa, KernelError, Threads};
use proptest::prelude::*;

/// A convolution to try, and how.
#[derive(Clone, Debug)]
struct Case {
    shape: ConvShape,
    images: usize,
    /// Part of the weights that is kept.
    density: f64,
    seed: u64,
    isa: Isa,
    /// `None`: what the kernels choose themselves.
    tiling: Option<Tiling>,
    /// Zero rows and columns beyond those that are needed.
    spare: usize,
    threads: usize,
}

fn tilings() -> impl Strategy<Value = Option<Tiling>> {
    let any = (
        1..5usize,
        1..5usize,
        prop_oneof![Just(Over::Rows), Just(Over::Images), Just(Over::Whole)],
        1..9usize,
        1..4usize,
    )
        .prop_map(|(rows, cols, over, channels, tiles)| Tiling {
            rows,
            cols,
            over,
            channels,
            tiles,
        });
    proptest::option::of(any)
}

fn cases() -> impl Strategy<Value = Case> {
    let pair = |range: std::ops::Range<usize>| [range.clone(), range];
    let sizes = (
        (1..4usize, 1..6usize, 1..6usize),
        prop_oneof![
            4 => (pair(1..10), pair(1..6), pair(1..4), pair(0..4)),
            // Those with kernels of their own.
            1 => prop_oneof![Just([2, 2]), Just([4, 4])]
                .prop_map(|image| (image, [3, 3], [1, 1], [1, 1])),
        ],
    );
    let rest = (
        1..36usize,
        prop_oneof![Just(0.0), Just(1.0), 0.0..1.0f64, 0.0..0.2f64],
        any::<u64>(),
        prop_oneof![Just(Isa::Avx512), Just(Isa::Avx2), Just(Isa::Portable)],
        tilings(),
        0..2usize,
        1..4usize,
    );
    (sizes, rest)
        .prop_filter("a kernel larger than its image", |((_, (image, kernel, _, padding)), _)| {
            (0..2).all(|axis| kernel[axis] <= image[axis] + 2 * padding[axis])
        })
        .prop_map(|(((groups, inputs, outputs), (image, kernel, stride, padding)), rest)| {
            let (images, density, seed, isa, tiling, spare, threads) = rest;
            let shape = ConvShape {
                in_channels: groups * inputs,
                out_channels: groups * outputs,
                image,
                kernel,
                stride,
                padding,
                groups,
            };
            // Where the processor lacks one, another is tried twice.
            let isa = if isa.is_there() { isa } else { Isa::Portable };
            Case { shape, images, density, seed, isa, tiling, spare, threads }
        })
}

/// Everything that the kernels compute for a case, dense and in NCHW.
fn computed(
    case: &Case,
    mask: &[bool],
    [input, weight, bias, gradient]: [&[f32]; 4],
) -> [Vec<f32>; 3] {
    let Case { shape, images, .. } = case;
    let margin = |need: [usize; 2]| need.map(|need| need + case.spare);
    let margins = (margin(shape.input_margin()), margin(shape.output_margin()));
    let mut conv = match case.tiling {
        Some(tiling) => {
            let tilings =
                Tilings { forward: tiling, input_gradient: tiling, weight_gradient: tiling };
            Conv::with_tilings(*shape, mask, case.isa, margins.0, margins.1, &tilings).unwrap()
        }
        None => Conv::new(*shape, mask, case.isa, margins.0, margins.1).unwrap(),
    };
    conv.set_weights(weight).unwrap();
    let threads = Threads::new(case.threads).unwrap();
    let input = blocked(conv.input(), *images, input);
    let gradient = blocked(conv.output(), *images, gradient);
    // What outputs hold before must not matter.
    let mut output = vec![f32::NAN; gradient.len()];
    let mut input_gradient = vec![f32::NAN; input.len()];
    let mut kept_gradient = vec![f32::NAN; conv.kept().len()];
    let mut moments = Moments::default();
    let told = Some(&mut moments);
    conv.forward(*images, &input, Some(bias), &mut output, told, &threads).unwrap();
    check_moments(&conv, *images, &plain(conv.output(), *images, &output), &moments);
    // One image at a time.
    let mut single = vec![f32::NAN; plain(conv.output(), *images, &output).len()];
    let (x, bias) = (plain(conv.input(), *images, &input), Some(bias));
    let mut one_by_one = Single::new(&conv);
    one_by_one.set_weights(weight).unwrap();
    one_by_one.forward(*images, &x, bias, &mut single, &threads).unwrap();
    for (one, all) in single.iter().zip(plain(conv.output(), *images, &output)) {
        assert!((one - all).abs() < 1e-4, "{one} {all}");
    }
    conv.input_gradient(*images, &gradient, &mut input_gradient, false, &threads).unwrap();
    conv.weight_gradient(*images, &input, &gradient, &mut kept_gradient, &threads).unwrap();
    // Both at once: the same but for the order of sums over several threads' images.
    let mut both = (vec![f32::NAN; input.len()], vec![f32::NAN; kept_gradient.len()]);
    conv.gradients(*images, &input, &gradient, &mut both.0, false, &mut both.1, &threads).unwrap();
    assert_eq!(
        plain(conv.input(), *images, &both.0),
        plain(conv.input(), *images, &input_gradient)
    );
    // Added to what is there.
    let there = Numbers(case.seed).many(plain(conv.input(), *images, &both.0).len());
    let mut sum = blocked(conv.input(), *images, &there);
    conv.gradients(*images, &input, &gradient, &mut sum, true, &mut both.1, &threads).unwrap();
    let sum = plain(conv.input(), *images, &sum);
    for ((sum, there), own) in sum.iter().zip(&there).zip(plain(conv.input(), *images, &both.0)) {
        assert!((sum - (there + own)).abs() < 1e-5 * (1.0 + own.abs()), "{sum} {there} {own}");
    }
    let wide: Vec<f64> = kept_gradient.iter().map(|&value| f64::from(value)).collect();
    assert!(mean_error(&both.1, &wide) < 1e-4);
    let mut weight_gradient = vec![0.0; weight.len()];
    for (&place, &value) in conv.kept().iter().zip(&kept_gradient) {
        weight_gradient[place as usize] = value;
    }
    [
        plain(conv.output(), *images, &output),
        plain(conv.input(), *images, &input_gradient),
        weight_gradient,
    ]
}

/// What was told of the output against mean and variance by their definition.
fn check_moments(conv: &Conv, images: usize, output: &[f32], moments: &Moments) {
    let Some(statistics) = moments.statistics(conv.output(), images) else { return };
    let ([height, width], channels) = (conv.shape().output(), conv.shape().out_channels);
    for channel in 0..channels {
        let of_channel = output.chunks(height * width).skip(channel).step_by(channels).flatten();
        let all: Vec<f64> = of_channel.map(|&value| f64::from(value)).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let variance = all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / all.len() as f64;
        let (got_mean, got) = (statistics.mean[channel], statistics.variance[channel]);
        assert!((got_mean - mean).abs() < 1e-6 * (1.0 + variance.sqrt()), "{got_mean} {mean}");
        assert!((got - variance).abs() < 2e-6 * (1e-3 + variance) * 10.0, "{got} {variance}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn like_the_naive_one(case in cases()) {
        let Case { shape, images, .. } = case;
        let mut numbers = Numbers(case.seed);
        let mask: Vec<bool> = (0..shape.weights())
            .map(|_| numbers.one() < 2.0 * case.density - 1.0)
            .collect();
        let mut weight = numbers.many(shape.weights());
        for (weight, &kept) in weight.iter_mut().zip(&mask) {
            *weight = if kept { *weight } else { 0.0 };
        }
        let [height, width] = shape.image;
        let input = numbers.many(images * shape.in_channels * height * width);
        let bias = numbers.many(shape.out_channels);
        let [height, width] = shape.output();
        let gradient = numbers.many(images * shape.out_channels * height * width);
        let given = [&input[..], &weight, &bias, &gradient];

        let got = computed(&case, &mask, given);
        let (want, dense) = (exact(&shape, images, given), single(&shape, images, given));
        let mut masked = want.weight_gradient;
        let mut dense_masked = dense.weight_gradient;
        for (place, _) in mask.iter().enumerate().filter(|(_, kept)| !**kept) {
            (masked[place], dense_masked[place]) = (0.0, 0.0);
        }
        let sizes = given.map(|slice| slice.iter().map(|value| value.abs()).collect::<Vec<_>>());
        let sizes = exact(&shape, images, [&sizes[0], &sizes[1], &sizes[2], &sizes[3]]);
        let parts = [
            ("output", &got[0], &want.output, &dense.output, sizes.output),
            (
                "input's gradient",
                &got[1],
                &want.input_gradient,
                &dense.input_gradient,
                sizes.input_gradient,
            ),
            ("weight's gradient", &got[2], &masked, &dense_masked, sizes.weight_gradient),
        ];
        for (what, got, want, dense, sizes) in parts {
            let dense: Vec<f32> = dense.iter().map(|&value| value as f32).collect();
            // Where the dense sums happen to be exact, one rounding of the largest sum of sizes.
            let rounding = sizes.iter().fold(0.0f64, |most, &size| most.max(size)) / 2f64.powi(24);
            let allowed = 2.0 * mean_error(&dense, want).max(rounding);
            prop_assert!(
                mean_error(got, want) <= allowed,
                "{what}: {} > {allowed}", mean_error(got, want)
            );
        }
        // The same bits again.
        prop_assert_eq!(got, computed(&case, &mask, given));
    }
}

#[test]
fn outputs_too_large_for_the_cache_are_the_same() {
    // Large enough to be stored past the caches, when aligned; one number further it is not.
    let shape = ConvShape {
        in_channels: 3,
        out_channels: 34,
        image: [32, 32],
        kernel: [3, 3],
        padding: [1, 1],
        ..ConvShape::linear(1, 1)
    };
    let mut numbers = Numbers(5);
    let mask: Vec<bool> = (0..shape.weights()).map(|_| numbers.one() < -0.5).collect();
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_there()) {
        let mut conv = Conv::new(shape, &mask, isa, [1, 1], [1, 1]).unwrap();
        conv.set_weights(&numbers.many(shape.weights())).unwrap();
        let input = numbers.many(3 * 16 * 1024);
        let input = blocked(conv.input(), 16, &input);
        let len = conv.output().len(16);
        assert!(len * 4 > 2 << 20);
        let mut outputs = [Buffer::zeros(len + 1), Buffer::zeros(len + 1)];
        let [aligned, shifted] = &mut outputs;
        conv.forward(16, &input, None, &mut aligned[..len], None, &Threads::one()).unwrap();
        conv.forward(16, &input, None, &mut shifted[1..], None, &Threads::one()).unwrap();
        assert!(aligned[..len] == shifted[1..]);
        assert!(aligned.iter().any(|&value| value != 0.0));
    }
}

#[test]
fn by_hand() {
    // One image of 2 × 2, kernel 1 × 2, no padding: out = 3·left − 1·right.
    let shape = ConvShape { kernel: [1, 2], image: [2, 2], ..ConvShape::linear(1, 1) };
    let mut conv = Conv::new(shape, &[true, true], Isa::best(), [0, 0], [0, 1]).unwrap();
    conv.set_weights(&[3.0, -1.0]).unwrap();
    let input = blocked(conv.input(), 1, &[1.0, 2.0, 5.0, 7.0]);
    let mut output = vec![0.0; conv.output().len(1)];
    conv.forward(1, &input, None, &mut output, None, &Threads::one()).unwrap();
    assert_eq!(plain(conv.output(), 1, &output), [1.0, 8.0]);

    let gradient = blocked(conv.output(), 1, &[10.0, 1.0]);
    let mut to_input = vec![0.0; conv.input().len(1)];
    conv.input_gradient(1, &gradient, &mut to_input, false, &Threads::one()).unwrap();
    assert_eq!(plain(conv.input(), 1, &to_input), [30.0, -10.0, 3.0, -1.0]);
    let mut to_weight = [0.0; 2];
    conv.weight_gradient(1, &input, &gradient, &mut to_weight, &Threads::one()).unwrap();
    assert_eq!(to_weight, [10.0 + 5.0, 20.0 + 7.0]);
}

#[test]
fn what_does_not_go_together_is_told() {
    let shape =
        ConvShape { kernel: [3, 3], padding: [1, 1], image: [4, 4], ..ConvShape::linear(2, 2) };
    let isa = Isa::Portable;
    let mask = vec![true; 36];
    let told = |result: Result<Conv, KernelError>| result.err().unwrap().to_string();
    assert_eq!(
        told(Conv::new(shape, &mask[1..], isa, [1, 1], [1, 1])),
        "the mask has 35 numbers where 36 are needed"
    );
    assert_eq!(
        told(Conv::new(shape, &mask, isa, [1, 0], [1, 1])),
        "the input needs 1 and 1 zero rows and columns around an image, but its frame has 1 and 0"
    );
    let odd = ConvShape { groups: 3, ..shape };
    assert_eq!(
        told(Conv::new(odd, &mask, isa, [1, 1], [1, 1])),
        "no kernel computes 3 groups with 2 input and 2 output channels: both must be \
         divisible"
    );
    let large = ConvShape { kernel: [7, 3], ..shape };
    assert_eq!(
        told(Conv::new(large, &mask, isa, [1, 1], [1, 1])),
        "no kernel computes a kernel of 7 on 4 pixels with padding 1"
    );
    let conv = Conv::new(shape, &mask, isa, [1, 1], [1, 1]).unwrap();
    let short = conv.forward(1, &[0.0], None, &mut [0.0], None, &Threads::one());
    assert!(matches!(short, Err(KernelError::Length { what: "the input", got: 1, .. })));
}
