//! Kernels for a GPU, compiled for this processor, against the CPU's.

use std::ffi::c_void;

use super::on_host::OnHost;
use super::{Source, Storage};
use crate::kernels::Threads;
use crate::kernels::pointwise::{Call, Operand, Pointwise};

const X: Operand = Operand::Value(0);

fn every_call() -> Vec<Vec<Call>> {
    let (value, number) = (Operand::Value(1), Operand::Number(1.5));
    vec![
        vec![],
        vec![Call::Relu(0)],
        vec![Call::Exp(0)],
        vec![Call::Sigmoid(0)],
        vec![Call::Tanh(0)],
        vec![Call::TanhSoftplus(0)],
        vec![Call::Mish(0)],
        vec![Call::Gelu(0)],
        vec![Call::GeluTanh(0)],
        vec![Call::Swish { of: 0, beta: 2.0 }],
        vec![Call::LeakyRelu { of: 0, scale: 0.1 }],
        vec![Call::Clamp { of: 0, low: -1.0, high: 2.0 }],
        vec![Call::Clamp { of: 0, low: f32::NEG_INFINITY, high: 2.0 }],
        vec![Call::Elu { of: 0, alpha: 1.5 }],
        vec![Call::Softplus { of: 0, beta: 2.0, threshold: 20.0 }],
        vec![Call::Add { a: X, b: number, scale: -1.0 }],
        vec![Call::Div { a: number, b: X }],
        vec![Call::Div { a: X, b: number }, Call::Sigmoid(1), Call::Mul { a: value, b: X }],
        vec![Call::Tanh(0), Call::Mul { a: X, b: value }],
        vec![Call::Mul { a: X, b: X }, Call::Mul { a: value, b: value }],
        // Of no number at all.
        vec![Call::Mul { a: number, b: number }],
    ]
}

fn source(calls: &[Call], storage: Storage) -> Source {
    function(calls).cuda(storage).unwrap()
}

fn function(calls: &[Call]) -> Pointwise {
    Pointwise::new(calls.to_vec(), calls.len()).unwrap()
}

fn on_host<'a>(sources: impl IntoIterator<Item = &'a Source>) -> OnHost {
    let texts: Vec<_> = sources.into_iter().map(|source| source.text.as_str()).collect();
    OnHost::new(&texts)
}

/// Numbers as they lie in memory, at an address that 16 divides.
#[repr(align(16))]
#[derive(Clone, Copy)]
struct Aligned<T, const N: usize>([T; N]);

const COUNT: usize = 1003;

fn numbers() -> [f32; COUNT] {
    let mut all: [f32; COUNT] = std::array::from_fn(|place| (place as f32 - 500.0) / 20.0);
    let far = [-1e30, -120.0, -90.0, -1e-6, -0.0, 1e-7, 50.0, 1e30, f32::NAN];
    all[COUNT - far.len()..].copy_from_slice(&far);
    all
}

/// Runs a kernel, forward where there is no gradient.
fn run<T: Copy, const N: usize>(
    compiled: &OnHost,
    (number, source): (usize, &Source),
    inputs: &[&Aligned<T, N>],
    reads: &[f32],
    width: usize,
) -> [T; N] {
    let mut to = *inputs[0];
    let inputs: Vec<*const T> = inputs.iter().map(|input| input.0.as_ptr()).collect();
    let output = to.0.as_mut_ptr();
    let sizes = [(N / width) as i64, N as i64];
    let reads: Vec<*const f32> = source.reads.iter().map(|&read| &raw const reads[read]).collect();
    let mut with: Vec<*const c_void> = Vec::new();
    with.extend(inputs.iter().map(|input| (&raw const *input).cast::<c_void>()));
    with.push((&raw const output).cast());
    with.extend(sizes.iter().map(|size| (&raw const *size).cast::<c_void>()));
    with.extend(source.numbers.iter().map(|number| (&raw const *number).cast::<c_void>()));
    with.extend(reads.iter().map(|read| (&raw const *read).cast::<c_void>()));
    // SAFETY: these are the kernels' arguments.
    unsafe { compiled.run(number, inputs.len() == 1, 3, 32, &with) };
    to.0
}

fn same(found: f32, wanted: f32, error: f32) -> bool {
    found.to_bits() == wanted.to_bits()
        || (found.is_nan() && wanted.is_nan())
        || (found - wanted).abs() <= error * (wanted.abs() + 1.0)
}

#[test]
fn values_and_slopes_are_those_of_the_cpus_kernels() {
    let calls = every_call();
    let sources: Vec<_> = calls.iter().map(|calls| source(calls, Storage::F32)).collect();
    let compiled = on_host(&sources);
    let (x, given) = (Aligned(numbers()), Aligned([1.5; COUNT]));
    for (number, (calls, source)) in calls.iter().zip(&sources).enumerate() {
        let (mut y, mut to_x) = ([0.0; COUNT], [0.0; COUNT]);
        function(calls).forward(&x.0, &mut y, &Threads::one());
        function(calls).backward(&x.0, &given.0, &mut to_x, &Threads::one());
        let found = run(&compiled, (number, source), &[&x], &[], 4);
        let found_to_x = run(&compiled, (number, source), &[&x, &given], &[], 4);
        for (place, x) in x.0.into_iter().enumerate() {
            // e to such powers is as large as f32 gets, which kernels stop at.
            let is_beyond = calls == &[Call::Exp(0)] && x > 88.0;
            let [found, wanted] = [found[place], y[place]];
            assert!(same(found, wanted, 1e-6) || is_beyond, "{calls:?} {x}: {found} {wanted}");
            let [found, wanted] = [found_to_x[place], to_x[place]];
            assert!(same(found, wanted, 2e-6) || is_beyond, "{calls:?}' {x}: {found} {wanted}");
        }
    }
}

#[test]
fn what_is_no_number_stays_so_and_what_is_far_out_is_the_libraries() {
    let calls = every_call();
    let sources: Vec<_> = calls.iter().map(|calls| source(calls, Storage::F32)).collect();
    let compiled = on_host(&sources);
    let x = Aligned([f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, -90.0]);
    let given = Aligned([1.0; 6]);
    for (number, (calls, source)) in calls.iter().zip(&sources).enumerate() {
        let y = run(&compiled, (number, source), &[&x], &[], 4);
        let to_x = run(&compiled, (number, source), &[&x, &given], &[], 4);
        let last = calls.last();
        // PyTorch's ReLUs, too, let the gradient through there, and its bounds stop it.
        let is_flat = matches!(
            last,
            Some(Call::Relu(_) | Call::LeakyRelu { .. } | Call::Clamp { .. } | Call::Add { .. })
        );
        let reads_x = !matches!(last, None | Some(Call::Mul { a: Operand::Number(_), .. }));
        assert!(y[0].is_nan() || !reads_x && !calls.is_empty(), "{calls:?}: {}", y[0]);
        assert!(to_x[0].is_nan() || is_flat || !reads_x, "{calls:?}': {}", to_x[0]);
        if let Some(Call::Swish { .. } | Call::Mish(_) | Call::Gelu(_) | Call::GeluTanh(_)) = last {
            assert_eq!(y[1], f32::INFINITY, "{calls:?}");
            assert!(y[2].is_nan(), "{calls:?}: zero times infinity");
            assert!((y[3] / f32::MAX - 1.0).abs() < 2e-7, "{calls:?}");
            assert!(y[4] == 0.0 && y[5].abs() < 1e-36, "{calls:?}: {} {}", y[4], y[5]);
            assert_eq!([to_x[1], to_x[3]], [1.0, 1.0], "{calls:?}'");
            assert!([to_x[2], to_x[4]].iter().all(|slope| slope.abs() < 1e-36), "{calls:?}'");
        }
    }
}

fn wide(number: u16) -> f32 {
    f32::from_bits(u32::from(number) << 16)
}

/// The same rounding, written otherwise.
fn rounded(number: f32) -> u16 {
    if number.is_nan() {
        return 0x7fc0;
    }
    let (bits, rest) = (number.to_bits() >> 16, number.to_bits() & 0xffff);
    let is_up = rest > 0x8000 || (rest == 0x8000 && bits % 2 == 1);
    (bits + u32::from(is_up)) as u16
}

#[test]
fn bf16_is_rounded_once() {
    let calls = every_call();
    let [f32s, bf16s] = [Storage::F32, Storage::Bf16]
        .map(|storage| -> Vec<_> { calls.iter().map(|calls| source(calls, storage)).collect() });
    let compiled = on_host(f32s.iter().chain(&bf16s));
    let x = Aligned(numbers().map(rounded));
    let given = Aligned(std::array::from_fn(|place| rounded(1.0 + place as f32 / 300.0)));
    let [wide_x, wide_given] = [Aligned(x.0.map(wide)), Aligned(given.0.map(wide))];
    let alike = |found: u16, wanted: f32| match wanted.is_nan() {
        true => wide(found).is_nan(),
        false => found == rounded(wanted),
    };
    for (number, (f32s, bf16s)) in f32s.iter().zip(&bf16s).enumerate() {
        let found = run(&compiled, (calls.len() + number, bf16s), &[&x], &[], 8);
        let wanted = run(&compiled, (number, f32s), &[&wide_x], &[], 4);
        let found_to_x = run(&compiled, (calls.len() + number, bf16s), &[&x, &given], &[], 8);
        let wanted_to_x = run(&compiled, (number, f32s), &[&wide_x, &wide_given], &[], 4);
        for place in 0..COUNT {
            let what = (&calls[number], wide_x.0[place]);
            assert!(alike(found[place], wanted[place]), "{what:?}");
            assert!(alike(found_to_x[place], wanted_to_x[place]), "{what:?}'");
        }
    }
}

#[test]
fn what_is_no_number_is_never_rounded_to_one() {
    // Its last bits are all set: adding to them would give a zero.
    let none = f32::from_bits(0x7fff_ffff);
    let source = source(&[Call::Mul { a: X, b: Operand::Number(none) }], Storage::Bf16);
    let found = run(&on_host([&source]), (0, &source), &[&Aligned([0x3f80_u16; 9])], &[], 8);
    assert!(found.into_iter().all(|number| wide(number).is_nan()), "{found:x?}");
}

#[test]
fn numbers_are_read_when_a_kernel_runs() {
    let calls = [
        Call::Div { a: X, b: Operand::Read(1) },
        Call::Mul { a: Operand::Value(1), b: Operand::Read(0) },
    ];
    let source = source(&calls, Storage::F32);
    assert_eq!((source.reads.as_slice(), source.numbers.len()), ([1, 0].as_slice(), 0));
    let compiled = on_host([&source]);
    let (x, given) = (Aligned([6.0_f32; 5]), Aligned([1.0; 5]));
    for [times, by] in [[2.0, 3.0], [5.0, 4.0]] {
        let (y, to_x) = (
            run(&compiled, (0, &source), &[&x], &[times, by], 4),
            run(&compiled, (0, &source), &[&x, &given], &[times, by], 4),
        );
        assert_eq!((y, to_x), ([6.0 / by * times; 5], [times / by; 5]));
    }
    // The CPU's kernels have nothing to read, and say so.
    let mut y = [0.0];
    function(&calls).forward(&[1.0], &mut y, &Threads::one());
    assert!(y[0].is_nan());
}

#[test]
fn other_numbers_are_the_same_text() {
    let source = |beta| source(&[Call::Swish { of: 0, beta }], Storage::Bf16);
    assert_eq!(source(1.0).text, source(2.5).text);
    assert_eq!(source(2.5).numbers, [2.5]);
    assert_ne!(source(1.0).text, self::source(&[Call::Mish(0)], Storage::Bf16).text);
}

#[test]
fn a_function_may_be_too_long() {
    let long: Vec<_> = (0..300).map(Call::Tanh).collect();
    assert!(function(&long).cuda(Storage::F32).is_none());
}
