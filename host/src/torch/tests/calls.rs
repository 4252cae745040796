//! Every kind of argument and result, against tch's own methods.

use tch::{Device, Kind, Reduction, Tensor};

use super::{assert_same, call, call_all, ramp};
use crate::torch::{Arg, Op, Value};

#[test]
fn one_tensor() {
    let x = ramp(&[2, 3]);
    assert_same(&call("aten::relu", &[Arg::Tensor(&x)], &[]), &x.relu());
    assert_same(&call("relu", &[], &[("self", Arg::Tensor(&x))]), &x.relu());
}

#[test]
fn a_string_by_name_and_its_default() {
    let x = ramp(&[7]);
    let tanh = call("gelu", &[Arg::Tensor(&x)], &[("approximate", Arg::Str("tanh"))]);
    assert_same(&tanh, &x.gelu("tanh"));
    let default = call("gelu", &[Arg::Tensor(&x)], &[]);
    assert_same(&default, &x.gelu("none"));
    assert!(!default.equal(&tanh));
}

#[test]
fn lists_of_ints_and_an_absent_tensor() {
    let x = ramp(&[1, 2, 5, 5]);
    let w = ramp(&[3, 2, 3, 3]);
    let b = ramp(&[3]);
    let expected = x.conv2d(&w, None::<Tensor>, [2, 2], [1, 1], [1, 1], 1);
    let (x, w) = (Arg::Tensor(&x), Arg::Tensor(&w));
    let lists = [("stride", Arg::IntList(&[2, 2])), ("padding", Arg::IntList(&[1, 1]))];
    assert_same(&call("conv2d", &[x, w, Arg::None], &lists), &expected);
    // A single int fills `int[2]`, and the bias has the default None.
    let ints = [("stride", Arg::Int(2)), ("padding", Arg::Int(1))];
    assert_same(&call("conv2d", &[x, w], &ints), &expected);
    let with_bias = call("conv2d", &[x, w, Arg::Tensor(&b)], &ints);
    assert_same(&with_bias, &(expected + b.view([1, 3, 1, 1])));
}

#[test]
fn a_list_of_tensors() {
    let (a, b) = (ramp(&[2, 2]), ramp(&[2, 3]));
    let joined = call("cat", &[Arg::TensorList(&[&a, &b]), Arg::Int(1)], &[]);
    assert_same(&joined, &Tensor::cat(&[&a, &b], 1));
    let joined = call("cat", &[], &[("tensors", Arg::TensorList(&[&a, &a]))]);
    assert_same(&joined, &Tensor::cat(&[&a, &a], 0));
}

#[test]
fn a_list_of_optional_tensors() {
    let x = ramp(&[3, 4]);
    let columns = Tensor::from_slice(&[3_i64, 0]);
    let picked = call(
        "aten::index.Tensor",
        &[Arg::Tensor(&x), Arg::OptTensorList(&[None, Some(&columns)])],
        &[],
    );
    assert_same(&picked, &x.index_select(1, &columns));
    let rows = call("index", &[Arg::Tensor(&x), Arg::TensorList(&[&Tensor::from(2_i64)])], &[]);
    assert_same(&rows, &x.get(2));
}

#[test]
fn two_results() {
    let x = ramp(&[2, 3]);
    let results = call_all("max", &[Arg::Tensor(&x), Arg::Int(1), Arg::Bool(true)], &[]);
    let [Value::Tensor(values), Value::Tensor(indices)] = results.as_slice() else {
        panic!("not two tensors: {results:?}");
    };
    let (expected_values, expected_indices) = x.max_dim(1, true);
    assert_same(values, &expected_values);
    assert_same(indices, &expected_indices);
}

#[test]
fn a_list_of_tensors_as_result() {
    let x = ramp(&[5, 2]);
    let results = call_all("split", &[Arg::Tensor(&x), Arg::Int(2)], &[]);
    let [Value::TensorList(parts)] = results.as_slice() else {
        panic!("not one list: {results:?}");
    };
    let expected = x.split(2, 0);
    assert_eq!(parts.len(), 3);
    for (part, expected) in parts.iter().zip(&expected) {
        assert_same(part, expected);
    }
}

#[test]
fn an_undefined_result_is_none() {
    let (x, w) = (ramp(&[1, 1, 3, 3]), ramp(&[1, 1, 2, 2]));
    let y = x.conv2d(&w, None::<Tensor>, [1, 1], [0, 0], [1, 1], 1);
    let results = call_all(
        "convolution_backward",
        &[
            Arg::Tensor(&y.ones_like()),
            Arg::Tensor(&x),
            Arg::Tensor(&w),
            Arg::None,
            Arg::IntList(&[1, 1]),
            Arg::IntList(&[0, 0]),
            Arg::IntList(&[1, 1]),
            Arg::Bool(false),
            Arg::IntList(&[0, 0]),
            Arg::Int(1),
            Arg::BoolList(&[false, true, false]),
        ],
        &[],
    );
    let [Value::None, Value::Tensor(gradient), Value::None] = results.as_slice() else {
        panic!("the mask asks for the second alone: {results:?}");
    };
    // dL/dw[i,j] with L = Σy is the sum of the 2×2 window of x at (i,j); x = −1, −0.5, …, 3.
    assert_same(gradient, &Tensor::from_slice(&[0_f32, 2.0, 6.0, 8.0]).view([1, 1, 2, 2]));
}

#[test]
fn optional_numbers() {
    let x = ramp(&[6]);
    let (low, high) = (Arg::Float(-0.25), Arg::Int(1));
    assert_same(&call("clamp", &[Arg::Tensor(&x), low, high], &[]), &x.clamp(-0.25, 1.0));
    assert_same(&call("clamp", &[Arg::Tensor(&x), low], &[]), &x.clamp_min(-0.25));
    assert_same(&call("clamp", &[Arg::Tensor(&x), Arg::None, high], &[]), &x.clamp_max(1));
}

#[test]
fn dtypes_and_devices() {
    let named = [("dtype", Arg::Dtype(Kind::Double)), ("device", Arg::Device(Device::Cpu))];
    let expected = Tensor::arange(4, (Kind::Double, Device::Cpu));
    assert_same(&call("arange", &[Arg::Int(4)], &named), &expected);
    let as_number = [("dtype", Arg::Int(7))];
    assert_same(&call("arange", &[Arg::Int(4)], &as_number), &expected);

    let x = ramp(&[3]);
    let half = call("to", &[Arg::Tensor(&x), Arg::Dtype(Kind::Half)], &[]);
    assert_same(&half, &x.to_kind(Kind::Half));
    let moved = call("to", &[Arg::Tensor(&x), Arg::Device(Device::Cpu), Arg::Int(7)], &[]);
    assert_same(&moved, &x.to_kind(Kind::Double));
}

#[test]
fn a_dtype_as_result() {
    let (x, y) = (ramp(&[2]), ramp(&[2]).to_kind(Kind::Double));
    let results = call_all("result_type", &[Arg::Tensor(&x), Arg::Tensor(&y)], &[]);
    assert!(matches!(results.as_slice(), [Value::Dtype(Kind::Double)]), "{results:?}");
}

#[test]
fn numbers_and_bools_as_results() {
    let item = |tensor: &Tensor| call_all("_local_scalar_dense", &[Arg::Tensor(tensor)], &[]);
    assert!(matches!(item(&Tensor::from(2.5_f64)).as_slice(), [Value::Float(2.5)]));
    assert!(matches!(item(&Tensor::from(-7_i64)).as_slice(), [Value::Int(-7)]));
    assert!(matches!(item(&Tensor::from(true)).as_slice(), [Value::Bool(true)]));
    let x = ramp(&[3]);
    let same = call_all("equal", &[Arg::Tensor(&x), Arg::Tensor(&x)], &[]);
    assert!(matches!(same.as_slice(), [Value::Bool(true)]));
    let size = call_all("sym_size.int", &[Arg::Tensor(&x), Arg::Int(0)], &[]);
    assert!(matches!(size.as_slice(), [Value::Int(3)]));
}

#[test]
fn lists_of_floats_and_of_numbers() {
    let x = ramp(&[1, 1, 2, 2]);
    let scaled = call(
        "upsample_nearest2d.vec",
        &[Arg::Tensor(&x), Arg::None, Arg::FloatList(&[2.0, 3.0])],
        &[],
    );
    assert_same(&scaled, &x.upsample_nearest2d([4, 6], 2.0, 3.0));
    // Ints serve for floats.
    let same =
        call("upsample_nearest2d.vec", &[Arg::Tensor(&x), Arg::None, Arg::IntList(&[2, 3])], &[]);
    assert_same(&same, &scaled);

    let y = ramp(&[2]);
    let results = call_all(
        "_foreach_mul.ScalarList",
        &[Arg::TensorList(&[&y, &y]), Arg::FloatList(&[2.0, -1.0])],
        &[],
    );
    let [Value::TensorList(products)] = results.as_slice() else {
        panic!("not one list: {results:?}");
    };
    assert_same(&products[0], &(&y * 2.0));
    assert_same(&products[1], &(&y * -1.0));
}

#[test]
fn batch_norm_updates_its_statistics() {
    let x = ramp(&[4, 2, 3, 3]);
    let (w, b) = (ramp(&[2]), ramp(&[2]));
    let fresh = || {
        (
            Tensor::zeros([2], (Kind::Float, Device::Cpu)),
            Tensor::ones([2], (Kind::Float, Device::Cpu)),
        )
    };
    let ((mean, var), (tch_mean, tch_var)) = (fresh(), fresh());
    let found = call(
        "batch_norm",
        &[
            Arg::Tensor(&x),
            Arg::Tensor(&w),
            Arg::Tensor(&b),
            Arg::Tensor(&mean),
            Arg::Tensor(&var),
            Arg::Bool(true),
            Arg::Float(0.1),
            Arg::Float(1e-5),
            Arg::Bool(false),
        ],
        &[],
    );
    let expected =
        x.batch_norm(Some(&w), Some(&b), Some(&tch_mean), Some(&tch_var), true, 0.1, 1e-5, false);
    assert_same(&found, &expected);
    assert_same(&mean, &tch_mean);
    assert_same(&var, &tch_var);
    assert!(mean.double_value(&[0]) != 0.0);
}

#[test]
fn more_operators_agree_with_tch() {
    let x = ramp(&[2, 1, 4, 4]);
    let flat = ramp(&[3, 5]);
    let (image, rows) = (Arg::Tensor(&x), Arg::Tensor(&flat));

    let pooled = call("max_pool2d", &[image, Arg::Int(2)], &[]);
    assert_same(&pooled, &x.max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false));

    let soft = call("softmax.int", &[rows, Arg::Int(-1)], &[("dtype", Arg::Dtype(Kind::Double))]);
    assert_same(&soft, &flat.softmax(-1, Kind::Double));

    let summed =
        call("sum.dim_IntList", &[rows, Arg::IntList(&[0])], &[("keepdim", Arg::Bool(true))]);
    assert_same(&summed, &flat.sum_dim_intlist([0].as_slice(), true, None::<Kind>));

    let floor = [("rounding_mode", Arg::Str("floor"))];
    assert_same(
        &call("div", &[rows, Arg::Float(0.3)], &floor),
        &flat.divide_scalar_mode(0.3, "floor"),
    );

    let product = call("einsum", &[Arg::Str("ij,kj->ik"), Arg::TensorList(&[&flat, &flat])], &[]);
    assert_same(&product, &Tensor::einsum("ij,kj->ik", &[&flat, &flat], None::<i64>));

    let mask = flat.gt(0.0);
    let kept = call("where", &[Arg::Tensor(&mask), rows, Arg::Int(0)], &[]);
    assert_same(&kept, &flat.where_scalarother(&mask, 0));

    let labels = Tensor::from_slice(&[0_i64, 4, 2]);
    let smoothed = call(
        "cross_entropy_loss",
        &[rows, Arg::Tensor(&labels)],
        &[("label_smoothing", Arg::Float(0.1))],
    );
    let expected = flat.cross_entropy_loss(&labels, None::<Tensor>, Reduction::Mean, -100, 0.1);
    assert_same(&smoothed, &expected);
}

#[test]
fn in_place_operators_write_and_return_their_argument() {
    let x = ramp(&[4]);
    let expected = x.relu();
    let returned = call("relu_", &[Arg::Tensor(&x)], &[]);
    assert_same(&x, &expected);
    assert_eq!(returned.data_ptr(), x.data_ptr());
}

#[test]
fn the_out_variant_writes_where_it_is_told() {
    let (x, out) = (ramp(&[4]), Tensor::zeros([4], (Kind::Float, Device::Cpu)));
    let named = [("out", Arg::Tensor(&out))];
    let returned = call("add", &[Arg::Tensor(&x), Arg::Tensor(&x)], &named);
    assert_eq!(returned.data_ptr(), out.data_ptr());
    assert_same(&out, &(&x + &x));
}

#[test]
fn more_results_than_the_inline_room() {
    let x = ramp(&[2, 3]);
    let args = [Arg::Tensor(&x), Arg::IntList(&[3]), Arg::None, Arg::None, Arg::Float(1e-5)];
    let results = call_all("native_layer_norm", &args, &[]);
    let [Value::Tensor(y), Value::Tensor(mean), Value::Tensor(rstd)] = results.as_slice() else {
        panic!("not three tensors: {results:?}");
    };
    let (none, shape) = (None::<&Tensor>, [3_i64]);
    let expected = Tensor::native_layer_norm(&x, shape.as_slice(), none, none, 1e-5);
    assert_same(y, &expected.0);
    assert_same(mean, &expected.1);
    assert_same(rstd, &expected.2);
}

#[test]
fn more_arguments_than_the_inline_room() {
    let (x, w) = (ramp(&[1, 2, 3, 3]), ramp(&[2, 1, 2, 2]));
    let op = Op::find("aten::_convolution.default").unwrap();
    assert_eq!(op.schemas()[0].args.len(), 13);
    let (ones, zeros) = (Arg::IntList(&[1, 1]), Arg::IntList(&[0, 0]));
    let (yes, no) = (Arg::Bool(true), Arg::Bool(false));
    let (x_arg, w_arg, groups) = (Arg::Tensor(&x), Arg::Tensor(&w), Arg::Int(2));
    let args = [x_arg, w_arg, Arg::None, ones, zeros, ones, no, zeros, groups, no, no, yes, yes];
    let expected = x.conv2d(&w, None::<Tensor>, [1, 1], [0, 0], [1, 1], 2);
    assert_same(&op.call1(&args, &[]).unwrap(), &expected);
}

#[test]
fn several_threads_call_at_once() {
    let threads: Vec<_> = (0..8)
        .map(|seed| {
            std::thread::spawn(move || {
                for step in 0..200 {
                    let x = Tensor::from(f64::from(seed * 1000 + step));
                    let name = if step % 2 == 0 { "aten::add" } else { "add.Scalar" };
                    let sum = call(name, &[Arg::Tensor(&x), Arg::Int(1)], &[]);
                    assert_eq!(sum.double_value(&[]), f64::from(seed * 1000 + step + 1));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
