//! Every method of a tensor, against values of Rust's own arithmetic or worked out by hand. The
//! methods are the contract; the operators behind them are the host's matter.

use jackpot_plugin_api::prelude::*;

const X: [f64; 4] = [-2.0, -0.5, 0.0, 1.5];

/// Fails with the name of the first method that gives something else.
pub fn check(creator: &Creator) -> Result<(), Error> {
    let x = creator.tensor(&X, &[4]);
    unary(&x)?;
    arithmetic(&x)?;
    comparisons(&x)?;
    reductions(creator)?;
    shapes(creator)?;
    creation(creator)?;
    autograd(&x)
}

/// The elements must be these, to 1e-12 of their size.
pub fn same(name: &str, found: &Tensor, expected: &[f64]) -> Result<(), Error> {
    let found: Vec<f64> = found.to_vec();
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * b.abs().max(1.0);
    if found.len() == expected.len() && found.iter().zip(expected).all(near) {
        return Ok(());
    }
    Err(Error::new(format!("`{name}` gives {found:?} instead of {expected:?}")))
}

fn shaped(name: &str, found: &Tensor, shape: &[i64], expected: &[f64]) -> Result<(), Error> {
    if found.shape() != shape {
        return Err(Error::new(format!("`{name}` has shape {:?}, not {shape:?}", found.shape())));
    }
    same(name, found, expected)
}

fn unary(x: &Tensor) -> Result<(), Error> {
    // Φ at the four places.
    const PHI: [f64; 4] =
        [0.022_750_131_948_179_212, 0.308_537_538_725_986_9, 0.5, 0.933_192_798_731_141_9];
    const ERF: [f64; 4] =
        [-0.995_322_265_018_952_7, -0.520_499_877_813_046_5, 0.0, 0.966_105_146_475_310_8];
    let sigmoid = |v: f64| 1.0 / (1.0 + (-v).exp());
    let softplus = |v: f64| v.exp().ln_1p();
    let each = |name: &str, found: Tensor, f: &dyn Fn(f64) -> f64| same(name, &found, &X.map(f));
    each("sigmoid", x.sigmoid(), &sigmoid)?;
    each("tanh", x.tanh(), &f64::tanh)?;
    each("relu", x.relu(), &|v| v.max(0.0))?;
    each("softplus", x.softplus(), &softplus)?;
    same("gelu", &x.gelu(), &[0, 1, 2, 3].map(|i| X[i] * PHI[i]))?;
    each("elu", x.elu(0.7), &|v| if v > 0.0 { v } else { 0.7 * v.exp_m1() })?;
    each("silu", x.silu(), &|v| v * sigmoid(v))?;
    each("mish", x.mish(), &|v| v * softplus(v).tanh())?;
    each("exp", x.exp(), &f64::exp)?;
    each("log", x.exp().log(), &|v| v)?;
    each("sqrt", x.abs().sqrt(), &|v| v.abs().sqrt())?;
    each("rsqrt", (x.abs() + 1.0).rsqrt(), &|v| 1.0 / (v.abs() + 1.0).sqrt())?;
    each("square", x.square(), &|v| v * v)?;
    each("abs", x.abs(), &f64::abs)?;
    same("sign", &x.sign(), &[-1.0, -1.0, 0.0, 1.0])?;
    each("reciprocal", (x + 4.0).reciprocal(), &|v| 1.0 / (v + 4.0))?;
    each("sin", x.sin(), &f64::sin)?;
    each("cos", x.cos(), &f64::cos)?;
    same("floor", &x.floor(), &[-2.0, -1.0, 0.0, 1.0])?;
    // Halves to even.
    same("round", &x.round(), &[-2.0, 0.0, 0.0, 2.0])?;
    same("erf", &x.erf(), &ERF)?;
    each("pow", x.pow(3.0), &|v| v * v * v)?;
    same("clamp", &x.clamp(-1.0, 1.0), &[-1.0, -0.5, 0.0, 1.0])?;
    same("clamp_min", &x.clamp_min(-1.0), &[-1.0, -0.5, 0.0, 1.5])?;
    same("clamp_max", &x.clamp_max(-0.5), &[-2.0, -0.5, -0.5, -0.5])
}

fn arithmetic(x: &Tensor) -> Result<(), Error> {
    let y = x.square();
    let both = |name: &str, found: Tensor, f: &dyn Fn(f64, f64) -> f64| {
        same(name, &found, &X.map(|v| f(v, v * v)))
    };
    both("+", x + &y, &|a, b| a + b)?;
    both("-", x - &y, &|a, b| a - b)?;
    both("*", x * &y, &|a, b| a * b)?;
    both("/", x / (&y + 1.0), &|a, b| a / (b + 1.0))?;
    both("neg", -x, &|a, _| -a)?;
    both("number +", 2.0 + x, &|a, _| 2.0 + a)?;
    both("number -", 2.0 - x, &|a, _| 2.0 - a)?;
    both("number *", 3.0 * (x - 1.0), &|a, _| 3.0 * (a - 1.0))?;
    both("number /", 3.0 / (x + 4.0) / 2.0, &|a, _| 1.5 / (a + 4.0))?;
    both("maximum", x.maximum(&y), &f64::max)?;
    both("minimum", x.minimum(&y), &f64::min)?;
    both("lerp", x.lerp(&y, 0.25), &|a, b| a + 0.25 * (b - a))?;
    let positive = x.gt(0.0);
    same("where_self", &x.where_self(&positive, &y), &[4.0, 0.25, 0.0, 1.5])?;
    same("masked_fill", &x.masked_fill(&positive, 9.0), &[-2.0, -0.5, 0.0, 9.0])
}

fn comparisons(x: &Tensor) -> Result<(), Error> {
    let zero = x.zeros_like();
    let truth = |name: &str, found: Tensor, expected: [u8; 4]| {
        if found.dtype() != Dtype::Bool {
            return Err(Error::new(format!("`{name}` gives {}, not truth values", found.dtype())));
        }
        same(name, &found, &expected.map(f64::from))
    };
    truth("gt", x.gt(-0.5), [0, 0, 1, 1])?;
    truth("ge", x.ge(-0.5), [0, 1, 1, 1])?;
    truth("lt", x.lt(-0.5), [1, 0, 0, 0])?;
    truth("le", x.le(-0.5), [1, 1, 0, 0])?;
    truth("eq", x.eq(0.0), [0, 0, 1, 0])?;
    truth("ne", x.ne(0.0), [1, 1, 0, 1])?;
    truth("gt_tensor", x.gt_tensor(&zero), [0, 0, 0, 1])?;
    truth("eq_tensor", x.eq_tensor(&zero), [0, 0, 1, 0])?;
    truth("logical_and", x.gt(-1.0).logical_and(&x.lt(1.0)), [0, 1, 1, 0])?;
    truth("logical_not", x.gt(-1.0).logical_not(), [1, 0, 0, 0])?;
    truth("largest", x.largest(2), [0, 0, 1, 1])
}

fn reductions(creator: &Creator) -> Result<(), Error> {
    // 1 2 4
    // 8 5 3
    let m = creator.tensor(&[1.0_f64, 2.0, 4.0, 8.0, 5.0, 3.0], &[2, 3]);
    shaped("sum", &m.sum(), &[], &[23.0])?;
    shaped("mean", &m.mean(), &[], &[23.0 / 6.0])?;
    shaped("sum_dim", &m.sum_dim(&[1], false), &[2], &[7.0, 16.0])?;
    shaped("mean_dim", &m.mean_dim(&[0], true), &[1, 3], &[4.5, 3.5, 3.5])?;
    shaped("max", &m.max(), &[], &[8.0])?;
    shaped("min", &m.min(), &[], &[1.0])?;
    shaped("amax", &m.amax(&[0], false), &[3], &[8.0, 5.0, 4.0])?;
    shaped("amin", &m.amin(&[1], true), &[2, 1], &[1.0, 3.0])?;
    shaped("argmax", &m.argmax(1, false), &[2], &[2.0, 0.0])?;
    shaped("norm", &m.norm(), &[], &[119.0_f64.sqrt()])?;
    shaped("cumsum", &m.cumsum(1), &[2, 3], &[1.0, 3.0, 7.0, 8.0, 13.0, 16.0])?;
    // Of 1 and 8: differences (−3.5, 3.5); n − 1 = 1, then n = 2.
    shaped("var_dim", &m.var_dim(&[0], 1.0, false), &[3], &[24.5, 4.5, 0.5])?;
    shaped("var_dim", &m.var_dim(&[0], 0.0, false), &[3], &[12.25, 2.25, 0.25])?;
    let rows = [[1.0_f64, 2.0, 4.0], [8.0, 5.0, 3.0]];
    let sums = rows.map(|row| row.iter().map(|v| v.exp()).sum::<f64>());
    let share = |i: usize| (rows[i / 3][i % 3]).exp() / sums[i / 3];
    let shares: Vec<f64> = (0..6).map(share).collect();
    let logs: Vec<f64> = shares.iter().map(|share| share.ln()).collect();
    shaped("softmax", &m.softmax(1), &[2, 3], &shares)?;
    shaped("log_softmax", &m.log_softmax(-1), &[2, 3], &logs)?;
    shaped("logsumexp", &m.logsumexp(&[1], false), &[2], &sums.map(f64::ln))
}

fn shapes(creator: &Creator) -> Result<(), Error> {
    let m = creator.tensor(&[1.0_f64, 2.0, 4.0, 8.0, 5.0, 3.0], &[2, 3]);
    let turned = [1.0, 8.0, 2.0, 5.0, 4.0, 3.0];
    shaped("transpose", &m.transpose(0, 1), &[3, 2], &turned)?;
    shaped("permute", &m.permute(&[1, 0]).contiguous(), &[3, 2], &turned)?;
    // 1·1 + 2·2 + 4·4 = 21, and so on.
    shaped("matmul", &m.matmul(&m.transpose(0, 1)), &[2, 2], &[21.0, 30.0, 30.0, 98.0])?;
    let flat = [1.0, 2.0, 4.0, 8.0, 5.0, 3.0];
    shaped("reshape", &m.reshape(&[3, -1]), &[3, 2], &flat)?;
    shaped("flatten", &m.flatten(0, -1), &[6], &flat)?;
    shaped("unsqueeze", &m.unsqueeze(1), &[2, 1, 3], &flat)?;
    shaped("squeeze", &m.unsqueeze(1).squeeze(1), &[2, 3], &flat)?;
    shaped("expand", &m.narrow(0, 0, 1).expand(&[2, 3]), &[2, 3], &[1.0, 2.0, 4.0, 1.0, 2.0, 4.0])?;
    shaped("narrow", &m.narrow(1, 1, 2), &[2, 2], &[2.0, 4.0, 5.0, 3.0])?;
    shaped("select", &m.select(0, 1), &[3], &[8.0, 5.0, 3.0])?;
    let places = creator.tensor(&[2_i64, 0], &[2]);
    shaped("index_select", &m.index_select(1, &places), &[2, 2], &[4.0, 1.0, 3.0, 8.0])?;
    shaped("gather", &m.gather(1, &places.reshape(&[2, 1])), &[2, 1], &[4.0, 8.0])?;
    shaped("flip", &m.flip(&[1]), &[2, 3], &[4.0, 2.0, 1.0, 3.0, 5.0, 8.0])?;
    let padded = [0.5, 1.0, 2.0, 4.0, 0.5, 8.0, 5.0, 3.0];
    shaped("pad", &m.pad(&[1, 0], 0.5), &[2, 4], &padded)?;
    let both = [m.clone(), &m * 2.0];
    let joined = [1.0, 2.0, 4.0, 8.0, 5.0, 3.0, 2.0, 4.0, 8.0, 16.0, 10.0, 6.0];
    shaped("cat", &Tensor::cat(&both, 0), &[4, 3], &joined)?;
    shaped("stack", &Tensor::stack(&both, 0), &[2, 2, 3], &joined)?;
    let parts = m.split(2, 1);
    shaped("split", &parts[0], &[2, 2], &[1.0, 2.0, 8.0, 5.0])?;
    shaped("split", &parts[1], &[2, 1], &[4.0, 3.0])?;
    if (m.size(-1), m.numel(), parts.len()) != (3, 6, 2) {
        return Err(Error::new("`size`, `numel` or `split` counts wrongly"));
    }
    same("op", &m.op("aten::prod", &[]), &[960.0])
}

fn creation(creator: &Creator) -> Result<(), Error> {
    let one = creator.ones(&[2], Dtype::F64);
    same("zeros", &creator.zeros(&[2], Dtype::F32), &[0.0; 2])?;
    same("ones", &one, &[1.0; 2])?;
    same("full", &creator.full(&[2], 0.5, Dtype::Bf16), &[0.5; 2])?;
    same("arange", &creator.arange(3), &[0.0, 1.0, 2.0])?;
    same("ones_like", &one.zeros_like().ones_like(), &[1.0; 2])?;
    same("full_like", &one.full_like(7.0), &[7.0; 2])?;
    same("to_dtype", &creator.tensor(&[1.75_f32, -1.75], &[2]).to_dtype(Dtype::I64), &[1.0, -1.0])?;
    same("to_device_of", &one.to_device_of(&one), &[1.0; 2])?;
    let copy = one.copy();
    copy.copy_(&one.full_like(3.0));
    same("copy_", &copy, &[3.0; 2])?;
    same("copy", &one, &[1.0; 2])?;
    for dtype in
        [Dtype::U8, Dtype::I8, Dtype::I16, Dtype::I32, Dtype::F16, Dtype::Bf16, Dtype::Bool]
    {
        let there = one.to_dtype(dtype);
        if there.dtype() != dtype || there.device() != one.device() {
            return Err(Error::new(format!("{dtype} is no dtype here")));
        }
        same("to_vec", &there, &[1.0; 2])?;
    }
    if creator.tensor(&[5_u8], &[]).item() != 5.0 {
        return Err(Error::new("`item` gives another number"));
    }
    match one.try_op("aten::no_such_operator", &[], &[]) {
        Err(_) => Ok(()),
        Ok(_) => Err(Error::new("an operator that does not exist gives something")),
    }
}

fn autograd(x: &Tensor) -> Result<(), Error> {
    let leaf = x.detach().copy().requires_grad_(true);
    if !leaf.requires_grad() || x.requires_grad() {
        return Err(Error::new("`requires_grad_` is for this tensor alone"));
    }
    let create = GradOptions { create_graph: true, ..GradOptions::default() };
    let first = grad(&[leaf.pow(3.0).sum()], std::slice::from_ref(&leaf), create);
    let first = first[0].clone().ok_or("there is no gradient")?;
    same("grad", &first, &X.map(|v| 3.0 * v * v))?;
    let second = grad(&[first.sum()], std::slice::from_ref(&leaf), GradOptions::default());
    same(
        "grad of grad",
        second[0].as_ref().ok_or("there is no second gradient")?,
        &X.map(|v| 6.0 * v),
    )?;
    let unused = GradOptions { allow_unused: true, ..GradOptions::default() };
    let other = x.ones_like().requires_grad_(true);
    if grad(&[leaf.sum()], &[other], unused)[0].is_some() {
        return Err(Error::new("a tensor that is not used has a gradient"));
    }
    let quiet = no_grad(x, || (&leaf * 2.0).requires_grad());
    let loud = no_grad(x, || with_grad(x, || (&leaf * 2.0).requires_grad()));
    if quiet || !loud || leaf.detach().requires_grad() {
        return Err(Error::new("`no_grad`, `with_grad` or `detach` does not act"));
    }
    Ok(())
}
