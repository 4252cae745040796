//! Functions and their slopes against f64.

use super::{Call, Operand, Pointwise};
use crate::kernels::Threads;

const X: Operand = Operand::Value(0);

/// From far below to far above, close to zero, and what is no number: more than two chunks.
fn numbers() -> Vec<f32> {
    let even = (0..600).map(|place| (place as f32 - 300.0) / 12.0);
    even.chain([-1e30, -100.0, -1e-6, 0.0, 1e-7, 50.0, 89.0, 1e30]).collect()
}

fn function(calls: &[Call]) -> Pointwise {
    Pointwise::new(calls.to_vec(), calls.len()).unwrap()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Values to a relative error of a few units in the last place, slopes likewise or absolutely.
fn check(name: &str, calls: &[Call], exact: fn(f64) -> f64, slope: fn(f64) -> f64) {
    check_from(1e-30, name, calls, exact, slope);
}

/// The same, values below the least absolutely.
fn check_from(
    least: f32,
    name: &str,
    calls: &[Call],
    exact: fn(f64) -> f64,
    slope: fn(f64) -> f64,
) {
    let (x, function) = (numbers(), function(calls));
    let weights: Vec<f32> = (0..x.len()).map(|place| 1.0 + place as f32 / 500.0).collect();
    for threads in [1, 2] {
        let threads = Threads::new(threads).unwrap();
        let (mut y, mut to_x) = (vec![f32::NAN; x.len()], vec![f32::NAN; x.len()]);
        function.forward(&x, &mut y, &threads);
        function.backward(&x, &weights, &mut to_x, &threads);
        for (place, &x) in x.iter().enumerate() {
            let wanted = exact(f64::from(x)) as f32;
            // A last place of a function's argument is as many of e to its power.
            let error = 4e-7 * x.abs().clamp(1.0, 40.0);
            let close = |found: f32, wanted: f32, at_least: f32| {
                found == wanted || (found - wanted).abs() <= error * wanted.abs().max(at_least)
            };
            assert!(close(y[place], wanted, least), "{name}({x}) = {} not {wanted}", y[place]);
            let wanted = (slope(f64::from(x)) * f64::from(weights[place])) as f32;
            let found = to_x[place];
            assert!(close(found, wanted, 1.0), "{name}'({x}) = {found} not {wanted}");
        }
    }
}

#[test]
fn each_call_is_right_to_a_few_units_in_the_last_place() {
    check("x", &[], |x| x, |_| 1.0);
    check("relu", &[Call::Relu(0)], |x| x.max(0.0), |x| f64::from(u8::from(x > 0.0)));
    check("sigmoid", &[Call::Sigmoid(0)], sigmoid, |x| sigmoid(x) * (1.0 - sigmoid(x)));
    check("tanh", &[Call::Tanh(0)], f64::tanh, |x| 1.0 - x.tanh().powi(2));
    let softplus = Call::Softplus { of: 0, beta: 2.0, threshold: 20.0 };
    let exact = |x: f64| if 2.0 * x > 20.0 { x } else { (2.0 * x).exp().ln_1p() / 2.0 };
    check("softplus", &[softplus], exact, |x| if x > 10.0 { 1.0 } else { sigmoid(2.0 * x) });
    let leaky = Call::LeakyRelu { of: 0, scale: 0.25 };
    check("leaky", &[leaky], |x| x.max(0.25 * x), |x| if x > 0.0 { 1.0 } else { 0.25 });
    let clamp = Call::Clamp { of: 0, low: -2.0, high: 3.0 };
    let is_within = |x: f64| f64::from(u8::from((-2.0..=3.0).contains(&x)));
    check("clamp", &[clamp], |x| x.clamp(-2.0, 3.0), is_within);
    let elu = Call::Elu { of: 0, alpha: 1.5 };
    let exact = |x: f64| if x > 0.0 { x } else { 1.5 * x.exp_m1() };
    check("elu", &[elu], exact, |x| if x > 0.0 { 1.0 } else { 1.5 * x.exp() });
    // Small slopes have all their digits, too.
    let mut found = [0.0; 3];
    function(&[elu]).backward(&[-10.0, -17.0, -30.0], &[1.0; 3], &mut found, &Threads::one());
    for (x, found) in [-10.0_f64, -17.0, -30.0].into_iter().zip(found) {
        assert!((f64::from(found) / (1.5 * x.exp()) - 1.0).abs() < 4e-7, "{x}: {found}");
    }
    let half = [Call::Div { a: Operand::Number(3.0), b: X }];
    let x: Vec<f32> = numbers().into_iter().filter(|x| x.abs() > 0.01 && x.abs() < 1e6).collect();
    let mut found = vec![0.0; x.len()];
    function(&half).backward(&x, &vec![1.0; x.len()], &mut found, &Threads::one());
    for (x, found) in x.iter().zip(found) {
        assert!((found + 3.0 / (x * x)).abs() <= 1e-6 * found.abs(), "{x} {found}");
    }
}

/// The normal distribution's density, Φ's slope.
fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
}

/// Φ by a series, and further out by a continued fraction (Abramowitz & Stegun).
fn normal(x: f64) -> f64 {
    let density = density(x);
    if x.abs() < 3.0 {
        // 26.2.11
        let (mut term, mut sum) = (x, x);
        for k in 1..60 {
            term *= x * x / f64::from(2 * k + 1);
            sum += term;
        }
        return 0.5 + density * sum;
    }
    // 26.2.14
    let tail = (1..200).rev().fold(0.0, |rest, k| f64::from(k) / (x.abs() + rest));
    let tail = density / (x.abs() + tail);
    if x > 0.0 { 1.0 - tail } else { tail }
}

#[test]
fn both_gelus_are_right_to_a_few_units_in_the_last_place() {
    check(
        "gelu",
        &[Call::Gelu(0)],
        |x| if x.abs() < 13.2 { x * normal(x) } else { x.max(0.0) },
        |x| normal(x) + x * density(x),
    );
    // A cube's last place is many of e to its power.
    check_from(
        1e-6,
        "gelu-tanh",
        &[Call::GeluTanh(0)],
        |x| {
            let u = 2.0 * (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            if u < -87.0 { 0.0 } else { x * sigmoid(u) }
        },
        |x| {
            let c = 2.0 * (2.0 / std::f64::consts::PI).sqrt();
            let s = sigmoid(c * (x + 0.044_715 * x.powi(3)));
            let rest = s * (1.0 - s);
            s + if rest == 0.0 { 0.0 } else { x * rest * c * (1.0 + 3.0 * 0.044_715 * x * x) }
        },
    );
}

#[test]
fn the_exponential_function_ends_where_f32_ends() {
    let x = [-103.0_f32, -87.0, -1.0, 0.0, 1.0, 80.0, 88.0, 88.7, 89.0, f32::INFINITY];
    let mut y = [f32::NAN; 10];
    function(&[Call::Exp(0)]).forward(&x, &mut y, &Threads::one());
    for (x, y) in x.iter().zip(y) {
        let wanted = f64::from(*x).exp() as f32;
        let close = (y - wanted).abs() <= 2e-7 * wanted.max(1e-30);
        assert!(y == wanted || close || (wanted > 3.3e38 && y > 3.3e38), "{x}: {y} {wanted}");
    }
}

#[test]
fn activations_that_are_several_calls() {
    let beta = Operand::Number(1.5);
    let swish =
        [Call::Mul { a: X, b: beta }, Call::Sigmoid(1), Call::Mul { a: X, b: Operand::Value(2) }];
    check(
        "swish",
        &swish,
        |x| x * sigmoid(1.5 * x),
        |x| {
            let s = sigmoid(1.5 * x);
            if s == 0.0 { 0.0 } else { s + 1.5 * x * s * (1.0 - s) }
        },
    );
    let mish = [
        Call::Softplus { of: 0, beta: 1.0, threshold: 20.0 },
        Call::Tanh(1),
        Call::Mul { a: X, b: Operand::Value(2) },
    ];
    let steps: Vec<_> = function(&mish).steps.iter().map(|step| (step.value, step.call)).collect();
    assert_eq!(steps, [(3, Call::Mish(0))]);
    // The softness in place of the steepness, as a knob may say it.
    let by_softness = [
        Call::Div { a: X, b: Operand::Number(1.0 / 1.5) },
        Call::Sigmoid(1),
        Call::Mul { a: Operand::Value(2), b: X },
    ];
    let only = |calls: &[Call]| function(calls).steps[0].call;
    assert_eq!(only(&swish), Call::Swish { of: 0, beta: 1.5 });
    assert_eq!(only(&by_softness), Call::Swish { of: 0, beta: 1.5 });
    check(
        "mish",
        &mish,
        |x| x * x.exp().ln_1p().min(40.0).tanh(),
        |x| {
            let (t, s) = (x.exp().ln_1p().min(40.0).tanh(), sigmoid(x));
            if s == 0.0 { 0.0 } else { t + x * (1.0 - t * t) * s }
        },
    );
    let sum = [
        Call::Add { a: X, b: Operand::Number(2.0), scale: 0.5 },
        Call::Mul { a: Operand::Value(1), b: Operand::Value(1) },
    ];
    check("(x + 1)²", &sum, |x| (x + 1.0).powi(2), |x| 2.0 * (x + 1.0));
}

#[test]
fn what_is_no_number_stays_so() {
    for call in [
        Call::Relu(0),
        Call::Exp(0),
        Call::Sigmoid(0),
        Call::Tanh(0),
        Call::TanhSoftplus(0),
        Call::Gelu(0),
        Call::GeluTanh(0),
        Call::Elu { of: 0, alpha: 1.0 },
        Call::LeakyRelu { of: 0, scale: 0.1 },
    ] {
        let (mut y, mut to_x) = ([0.0], [0.0]);
        function(&[call]).forward(&[f32::NAN], &mut y, &Threads::one());
        function(&[call]).backward(&[f32::NAN], &[1.0], &mut to_x, &Threads::one());
        // PyTorch's ReLUs, too, let the gradient through there.
        let is_relu = matches!(call, Call::Relu(_) | Call::LeakyRelu { .. });
        assert!(y[0].is_nan() && (to_x[0].is_nan() || is_relu), "{call:?} {to_x:?}");
    }
}

#[test]
fn calls_read_what_is_there() {
    assert!(Pointwise::new(vec![Call::Exp(1)], 1).is_none());
    assert!(Pointwise::new(vec![Call::Exp(0)], 2).is_none());
}

#[test]
fn activations_far_out_are_the_libraries() {
    let (swish, mish) = (Call::Swish { of: 0, beta: 2.0 }, Call::Mish(0));
    for call in [swish, mish] {
        let (x, mut y) = ([f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, -90.0], [0.0; 5]);
        function(&[call]).forward(&x, &mut y, &Threads::one());
        assert_eq!(y[0], f32::INFINITY, "{call:?}");
        assert!(y[1].is_nan(), "{call:?}: zero times infinity");
        assert!((y[2] / f32::MAX - 1.0).abs() < 2e-7, "{call:?}");
        assert_eq!(y[3..], [0.0, 0.0], "{call:?}");
    }
    let (mut y, flat) = ([1.0], Call::Swish { of: 0, beta: f32::NAN });
    function(&[flat]).forward(&[2.0], &mut y, &Threads::one());
    assert!(y[0].is_nan());
}
