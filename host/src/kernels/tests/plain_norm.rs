//! Batch norm over images as PyTorch has them: as in the blocked layout.

use super::tools::{Numbers, blocked, error, plain};
use crate::kernels::norm::{After, Behind, Gradients, Layout, Norm, Open, Plain, Statistics};
use crate::kernels::pointwise::{Call, Pointwise};
use crate::kernels::{Frame, Isa, Threads};
use proptest::prelude::*;

/// What a norm gives, row-major.
#[derive(Debug, PartialEq)]
struct Found {
    statistics: Statistics,
    y: Vec<f32>,
    gradients: Gradients,
    to_x: Vec<f32>,
    to_branch: Vec<f32>,
}

/// Row-major numbers in another order, and back.
struct Order<'a> {
    there: &'a dyn Fn(&[f32]) -> Vec<f32>,
    back: &'a dyn Fn(&[f32]) -> Vec<f32>,
}

fn run(
    norm: &Norm<'_>,
    images: usize,
    order: &Order<'_>,
    [x, branch, to_y]: [&[f32]; 3],
    has_branch: bool,
    threads: &Threads,
) -> Found {
    let [x, branch, to_y] = [x, branch, to_y].map(|all| (order.there)(all));
    let statistics = norm.statistics(images, &x, threads).unwrap();
    let [mut y, mut to_x, mut gated] = [0; 3].map(|_| vec![0.0; x.len()]);
    let mut open = Open::default();
    let is_told = has_branch && norm.after == After::Relu;
    let told = is_told.then_some(&mut open);
    let given = has_branch.then_some(&branch[..]);
    norm.forward(images, &statistics, &x, given, &mut y, told, threads).unwrap();
    let is_function = matches!(norm.after, After::Function(_));
    let behind = match is_function {
        true => Behind::Function(given, &mut gated),
        false if is_told => Behind::Told(&open, &mut gated),
        false => Behind::Input,
    };
    let (gradients, rest) = norm.backward(images, &statistics, &x, behind, &to_y, threads).unwrap();
    let behind = if is_function || is_told { &gated } else { &to_y };
    rest.all(&x, behind, &mut to_x, threads).unwrap();
    let [y, to_x, to_branch] = [&y, &to_x, behind].map(|all| (order.back)(all));
    Found { statistics, y, gradients, to_x, to_branch }
}

/// `[N, C, P]` to `[N, P, C]`; with the numbers of channels and pixels exchanged, back.
fn turned(all: &[f32], channels: usize, pixels: usize) -> Vec<f32> {
    let image = |image: &[f32]| -> Vec<f32> {
        let at = |place: usize| image[place % channels * pixels + place / channels];
        (0..image.len()).map(at).collect()
    };
    all.chunks(channels * pixels).flat_map(image).collect()
}

fn wide(all: &[f32]) -> Vec<f64> {
    all.iter().copied().map(f64::from).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn as_in_the_blocked_layout(
        channels in prop_oneof![1..7usize, Just(16usize), Just(24), Just(64), Just(96), Just(128)],
        (height, width) in prop_oneof![Just((8usize, 8usize)), Just((4, 16)), Just((12, 12)), Just((3, 3))],
        images in prop_oneof![Just(16usize), Just(32usize), 2..20usize],
        channels_last: bool,
        which in 0..3usize,
        has_branch: bool,
        seed: u64,
        threads in 1..3usize,
    ) {
        let pixels = height * width;
        let form = Plain { channels, pixels, channels_last };
        prop_assume!(form.is_known(images));
        let len = images * channels * pixels;
        let mut numbers = Numbers(seed);
        let (weight, bias) = (numbers.many(channels), numbers.many(channels));
        let x: Vec<f32> = numbers.many(len).iter().map(|x| 3.0 * x + 1.0).collect();
        let (branch, to_y) = (numbers.many(len), numbers.many(len));
        let threads = Threads::new(threads).unwrap();
        let sigmoid = Pointwise::new(vec![Call::Sigmoid(0)], 1).unwrap();
        let after = [After::Nothing, After::Relu, After::Function(&sigmoid)][which];
        let norm = |layout: Layout| {
            Norm { layout, weight: &weight, bias: &bias, epsilon: 1e-5, after }
        };
        let given = [&x[..], &branch, &to_y];

        let frame = Frame::new(Isa::best().lanes(), channels, height, width, [1, 1]);
        let order = Order {
            there: &|all| blocked(&frame, images, all),
            back: &|all| plain(&frame, images, all),
        };
        let want = run(&norm(frame.into()), images, &order, given, has_branch, &threads);
        let order = Order {
            there: &|all| if channels_last { turned(all, channels, pixels) } else { all.to_vec() },
            back: &|all| if channels_last { turned(all, pixels, channels) } else { all.to_vec() },
        };
        let norm = norm(form.into());
        let got = run(&norm, images, &order, given, has_branch, &threads);
        // Whoever computes it, it is the same.
        let alone = run(&norm, images, &order, given, has_branch, &Threads::one());
        prop_assert_eq!(&got, &alone);

        for (got, want) in [
            (&got.statistics.mean, &want.statistics.mean),
            (&got.statistics.variance, &want.statistics.variance),
        ] {
            let far = got.iter().zip(want).map(|(got, want)| (got - want).abs());
            prop_assert!(far.fold(0.0, f64::max) < 1e-5);
        }
        prop_assert!(error(&got.y, &wide(&want.y)) < 1e-5);
        // Where an output is zero but for rounding, its gate may differ.
        if which != 1 || want.y.iter().all(|&y| y == 0.0 || y.abs() > 1e-5) {
            prop_assert!(error(&got.to_x, &wide(&want.to_x)) < 1e-5);
            prop_assert!(which == 2 || got.to_branch == want.to_branch);
            prop_assert!(error(&got.to_branch, &wide(&want.to_branch)) < 1e-5);
            let scale = 1e-6 * (images * pixels) as f64;
            let (weight, bias) = (&got.gradients.weight, &got.gradients.bias);
            prop_assert!(error(weight, &wide(&want.gradients.weight)) < 1e-5 + scale);
            prop_assert!(error(bias, &wide(&want.gradients.bias)) < 1e-5 + scale);
        }
    }
}

#[test]
fn by_hand() {
    // Two channels of eight pixels each, 0 and 2 by turns, and 1 and 5: mean 1 and 3, deviation 1 and 2.
    let lanes = Isa::best().lanes();
    let x: Vec<f32> = (0..2 * lanes).map(|at| [0.0, 1.0, 2.0, 5.0][at % 4]).collect();
    let form = Plain { channels: 2, pixels: lanes, channels_last: true };
    let (weight, bias) = (&[1.0, 2.0], &[0.0, 1.0]);
    let norm = Norm { layout: form.into(), weight, bias, epsilon: 0.0, after: After::Relu };
    let statistics = norm.statistics(1, &x, &Threads::one()).unwrap();
    assert_eq!(
        (statistics.mean.as_slice(), statistics.variance.as_slice()),
        (&[1.0, 3.0][..], &[1.0, 4.0][..])
    );
    let mut y = vec![9.0; x.len()];
    norm.forward(1, &statistics, &x, None, &mut y, None, &Threads::one()).unwrap();
    assert_eq!(y[..4], [0.0, 0.0, 1.0, 3.0]);
    assert!(norm.forward(1, &statistics, &x, None, &mut y[1..], None, &Threads::one()).is_err());
}

/// Sums are wide within a large image, too, whose first pixel is far from the mean.
#[test]
fn large_row_major_images_have_their_variance() {
    let mut numbers = Numbers(4).many(1 << 18);
    numbers[0] = 100.0;
    let form = Plain { channels: 1, pixels: numbers.len(), channels_last: false };
    let norm = Norm {
        layout: form.into(),
        weight: &[1.0],
        bias: &[0.0],
        epsilon: 0.0,
        after: After::Nothing,
    };
    let found = norm.statistics(1, &numbers, &Threads::one()).unwrap();
    let count = numbers.len() as f64;
    let mean = wide(&numbers).iter().sum::<f64>() / count;
    let variance = wide(&numbers).iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
    assert!((found.variance[0] / variance - 1.0).abs() < 3e-4, "{found:?} {variance}");
    assert!((found.mean[0] - mean).abs() < 1e-5, "{found:?} {mean}");
}

#[test]
fn what_is_no_number_stays_so() {
    let form = Plain { channels: 1, pixels: 64, channels_last: false };
    let norm = Norm {
        layout: form.into(),
        weight: &[1.0],
        bias: &[0.0],
        epsilon: 0.0,
        after: After::Relu,
    };
    let mut x = Numbers(5).many(64);
    x[3] = f32::INFINITY;
    let found = norm.statistics(1, &x, &Threads::one()).unwrap();
    assert!(found.variance[0].is_nan(), "{found:?}");
    let mut y = vec![0.0; 64];
    norm.forward(1, &found, &x, None, &mut y, None, &Threads::one()).unwrap();
    assert!(y.iter().all(|y| y.is_nan()));
}

#[test]
fn other_forms_have_no_kernels() {
    let form = |channels, pixels, channels_last| Plain { channels, pixels, channels_last };
    assert!(form(16, 1024, false).is_known(1) && form(16, 1024, true).is_known(1));
    // The pixels of a channel fill no whole registers, or hardly any.
    assert!(!form(16, 49, false).is_known(128) && !form(512, 16, false).is_known(128));
    // Nor do all channels of all pixels.
    assert!(!form(3, 49, true).is_known(1) && form(3, 49, true).is_known(16));
    let layout = form(3, 49, true).into();
    let norm =
        Norm { layout, weight: &[1.0; 3], bias: &[0.0; 3], epsilon: 0.0, after: After::Nothing };
    assert!(norm.statistics(1, &[0.0; 147], &Threads::one()).is_err());
}
