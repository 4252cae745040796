//! Depthwise convolutions against plain loops, and by hand.

use proptest::prelude::*;

use super::tools::{Numbers, error};
use crate::kernels::depthwise::{Before, Depthwise, Given};
use crate::kernels::norm::{After, Behind, Norm, Plain};
use crate::kernels::{Isa, Threads};

/// What there should be, in f64: output, gradient to the input, gradient to the weight.
fn plainly(
    one: &Depthwise,
    images: usize,
    [input, weight, gradient]: [&[f32]; 3],
) -> [Vec<f64>; 3] {
    let (channels, [height, width], [rows, columns]) = (one.channels, one.image, one.output());
    let mut output = vec![0.0; images * rows * columns * channels];
    let (mut to_input, mut to_weight) = (vec![0.0; input.len()], vec![0.0; weight.len()]);
    for place in 0..output.len() {
        let (channel, pixel) = (place % channels, place / channels);
        let (x, y, image) = (pixel % columns, pixel / columns % rows, pixel / columns / rows);
        for at in 0..9 {
            // With the padding of one before it.
            let (from_y, from_x) = (y * one.stride + at / 3, x * one.stride + at % 3);
            if (1..=height).contains(&from_y) && (1..=width).contains(&from_x) {
                let from = (image * height + from_y - 1) * width + from_x - 1;
                let (from, own) = (from * channels + channel, channel * 9 + at);
                let [pixel, weight] = [input[from], weight[own]].map(f64::from);
                output[place] += pixel * weight;
                to_input[from] += f64::from(gradient[place]) * weight;
                to_weight[own] += f64::from(gradient[place]) * pixel;
            }
        }
    }
    [output, to_input, to_weight]
}

/// The same by the kernels.
fn by_kernels(
    one: &Depthwise,
    images: usize,
    [input, weight, gradient]: [&[f32]; 3],
    threads: usize,
) -> [Vec<f32>; 3] {
    let threads = Threads::new(threads).unwrap();
    let (mut output, mut to_input) = (vec![f32::NAN; gradient.len()], vec![f32::NAN; input.len()]);
    one.forward(images, input, None, weight, &mut output, &threads).unwrap();
    let given = Given { images, input, weight, gradient };
    let to_weight = one.backward(given, &mut to_input, &threads).unwrap();
    [output, to_input, to_weight]
}

#[test]
fn a_picture_by_hand() {
    let channels = Isa::best().lanes();
    let spread = |pixels: &[f32]| -> Vec<f32> {
        pixels
            .iter()
            .flat_map(|&pixel| (0..channels).map(move |c| pixel * (c + 1) as f32))
            .collect()
    };
    let weight: Vec<f32> = [0., 0., 0., 0., 1., 2., 0., 10., 0.].repeat(channels);
    let one = Depthwise { channels, image: [2, 3], stride: 1 };
    let input = spread(&[1., 2., 3., 4., 5., 6.]);
    // Itself, twice what is right of it, ten times what is below.
    let want = spread(&[1. + 4. + 40., 2. + 6. + 50., 3. + 60., 4. + 10., 5. + 12., 6.]);
    let given = spread(&[0., 1., 0., 0., 0., 0.]);
    let [output, to_input, to_weight] = by_kernels(&one, 1, [&input, &weight, &given], 1);
    assert_eq!(output, want);
    assert_eq!(to_input, spread(&[0., 1., 2., 0., 10., 0.]));
    let of = |c: usize| {
        [0., 0., 0., 1., 2., 3., 4., 5., 6.].map(|x: f32| x * ((c + 1) * (c + 1)) as f32)
    };
    assert_eq!(to_weight, (0..channels).flat_map(of).collect::<Vec<_>>());
    let one = Depthwise { stride: 2, ..one };
    let given = spread(&[0., 1.]);
    let [output, to_input, to_weight] = by_kernels(&one, 1, [&input, &weight, &given], 1);
    assert_eq!(output, spread(&[45., 63.]));
    assert_eq!(to_input, spread(&[0., 0., 1., 0., 0., 10.]));
    let of = |c: usize| {
        [0., 0., 0., 2., 3., 0., 5., 6., 0.].map(|x: f32| x * ((c + 1) * (c + 1)) as f32)
    };
    assert_eq!(to_weight, (0..channels).flat_map(of).collect::<Vec<_>>());
}

#[test]
fn what_does_not_fit_is_refused() {
    let lanes = Isa::best().lanes();
    let one = Depthwise { channels: lanes, image: [3, 3], stride: 1 };
    assert!(one.is_known());
    assert!(!Depthwise { stride: 3, ..one }.is_known());
    assert!(!Depthwise { stride: 0, ..one }.is_known());
    assert!(!Depthwise { channels: lanes + 1, ..one }.is_known());
    assert!(!Depthwise { image: [0, 3], ..one }.is_known());
    let (numbers, weight) = (vec![0.0; 9 * lanes], vec![0.0; 9 * lanes]);
    let short = &mut vec![0.0; 8 * lanes];
    assert!(one.forward(1, &numbers, None, &weight, short, &Threads::one()).is_err());
    assert!(
        one.forward(1, &numbers, None, &weight[1..], &mut numbers.clone(), &Threads::one())
            .is_err()
    );
    let given = Given { images: 1, input: &numbers, weight: &weight, gradient: &numbers };
    assert!(one.backward(given, short, &Threads::one()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn as_plain_loops_and_the_same_bits_on_any_threads(
        registers in 1usize..4, height in 1usize..9, width in 1usize..9, stride in 1usize..3,
        images in 1usize..40, seed: u64,
    ) {
        let one = Depthwise {
            channels: registers * Isa::best().lanes(), image: [height, width], stride,
        };
        let [rows, columns] = one.output();
        let mut numbers = Numbers(seed);
        let input = numbers.many(images * height * width * one.channels);
        let weight = numbers.many(9 * one.channels);
        let gradient = numbers.many(images * rows * columns * one.channels);
        let given = [&input[..], &weight[..], &gradient[..]];
        let want = plainly(&one, images, given);
        let got = by_kernels(&one, images, given, 1);
        for (got, want) in got.iter().zip(&want) {
            let largest = want.iter().fold(1.0, |most: f64, one| most.max(one.abs()));
            prop_assert!(error(got, want) < 2e-6 * largest);
        }
        prop_assert_eq!(by_kernels(&one, images, given, 3), got);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn through_a_norm_as_norm_and_convolution_one_after_the_other(
        registers in 1usize..4, height in 1usize..9, width in 1usize..9, stride in 1usize..3,
        images in 1usize..40, seed: u64,
    ) {
        let channels = registers * Isa::best().lanes();
        let one = Depthwise { channels, image: [height, width], stride };
        let [rows, columns] = one.output();
        let mut numbers = Numbers(seed);
        let x = numbers.many(images * height * width * channels);
        let weight = numbers.many(9 * channels);
        let given = numbers.many(images * rows * columns * channels);
        let (scales, shifts) = (numbers.many(channels), numbers.many(channels));
        let layout = Plain { channels, pixels: height * width, channels_last: true }.into();
        let norm =
            Norm { layout, weight: &scales, bias: &shifts, epsilon: 1e-2, after: After::Relu };
        let alone = Threads::one();
        let statistics = norm.statistics(images, &x, &alone).unwrap();

        let mut between = vec![0.0; x.len()];
        norm.forward(images, &statistics, &x, None, &mut between, None, &alone).unwrap();
        let [output, to_between, to_weight] =
            by_kernels(&one, images, [&between, &weight, &given], 1);
        let (found, rest) =
            norm.backward(images, &statistics, &x, Behind::Input, &to_between, &alone).unwrap();
        let mut to_x = vec![0.0; x.len()];
        rest.all(&x, &to_between, &mut to_x, &alone).unwrap();

        let before = Before { norm: &norm, statistics: &statistics };
        let through = |threads: usize| {
            let threads = Threads::new(threads).unwrap();
            let (mut output, mut to_x) = (vec![f32::NAN; given.len()], vec![f32::NAN; x.len()]);
            one.forward(images, &x, Some(&before), &weight, &mut output, &threads).unwrap();
            let given = Given { images, input: &x, weight: &weight, gradient: &given };
            let mut behind = vec![f32::NAN; x.len()];
            let found = one.backward_through(given, &before, &mut behind, &threads);
            let (to_weight, found, rest) = found.unwrap();
            rest.all(&x, &behind, &mut to_x, &threads).unwrap();
            [output, to_x, to_weight, found.weight, found.bias]
        };
        let got = through(1);
        let want = [output, to_x, to_weight, found.weight, found.bias];
        for (got, want) in got.iter().zip(&want) {
            let want: Vec<f64> = want.iter().copied().map(f64::from).collect();
            let largest = want.iter().fold(1.0, |most: f64, one| most.max(one.abs()));
            prop_assert!(error(got, &want) < 2e-5 * largest);
        }
        prop_assert_eq!(through(3), got);
    }
}

#[test]
fn without_a_relu_between_them_norm_and_convolution_are_apart() {
    let channels = Isa::best().lanes();
    let one = Depthwise { channels, image: [2, 2], stride: 1 };
    let numbers = vec![1.0; 4 * channels];
    let layout = Plain { channels, pixels: 4, channels_last: true }.into();
    let (weight, bias) = (&vec![1.0; channels], &vec![0.0; channels]);
    let norm = Norm { layout, weight, bias, epsilon: 1.0, after: After::Nothing };
    let statistics = norm.statistics(1, &numbers, &Threads::one()).unwrap();
    let before = Before { norm: &norm, statistics: &statistics };
    let (places, output) = (vec![0.0; 9 * channels], &mut vec![0.0; 4 * channels]);
    let found = one.forward(1, &numbers, Some(&before), &places, output, &Threads::one());
    assert!(found.is_err());
}
