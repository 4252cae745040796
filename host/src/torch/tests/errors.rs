//! A wrong call is an error of one line that names operator and argument.

use tch::{Device, Kind};

use super::{call_all, failure, ramp};
use crate::torch::{Arg, Op, OpError};

/// One line, without a trace of C++.
#[track_caller]
fn assert_plain(error: &OpError) {
    let text = error.to_string();
    assert!(!text.contains('\n'), "{text}");
    for noise in ["frame #", "Exception raised", ".cpp", "backtrace", "c10::"] {
        assert!(!text.contains(noise), "{noise} in {text}");
    }
}

#[test]
fn a_missing_argument() {
    let error = failure("gelu.default", &[], &[("approximate", Arg::Str("none"))]);
    let OpError::MissingArgument { op, argument, schema } = &error else {
        panic!("another error: {error}");
    };
    assert_eq!((op.as_str(), argument.as_str()), ("aten::gelu.default", "self"));
    assert!(schema.starts_with("aten::gelu("));
    assert_plain(&error);
}

#[test]
fn an_unknown_named_argument() {
    let x = ramp(&[2]);
    let error = failure("gelu.default", &[Arg::Tensor(&x)], &[("approximat", Arg::Str("none"))]);
    let OpError::UnknownArgument { argument, .. } = &error else {
        panic!("another error: {error}");
    };
    assert_eq!(argument, "approximat");
    assert_plain(&error);
}

#[test]
fn an_argument_given_twice() {
    let x = ramp(&[2]);
    let error = failure("relu.default", &[Arg::Tensor(&x)], &[("self", Arg::Tensor(&x))]);
    assert!(matches!(&error, OpError::DuplicateArgument { argument, .. } if argument == "self"));
    let twice = [("self", Arg::Tensor(&x)), ("self", Arg::Tensor(&x))];
    let error = failure("relu.default", &[], &twice);
    assert!(matches!(&error, OpError::DuplicateArgument { argument, .. } if argument == "self"));
}

#[test]
fn too_many_positional_arguments() {
    let x = ramp(&[2]);
    let error = failure("relu.default", &[Arg::Tensor(&x), Arg::Int(1)], &[]);
    let OpError::TooManyArguments { accepted, given, .. } = &error else {
        panic!("another error: {error}");
    };
    assert_eq!((*accepted, *given), (1, 2));
    // `alpha` is to be given by name.
    let args = [Arg::Tensor(&x), Arg::Tensor(&x), Arg::Int(1)];
    let error = failure("add.Tensor", &args, &[]);
    assert!(matches!(&error, OpError::TooManyArguments { accepted: 2, given: 3, .. }));
    assert_plain(&error);
}

#[test]
fn wrong_types() {
    let x = ramp(&[2]);
    let wrong =
        |args: &[Arg<'_>], named: &[(&str, Arg<'_>)], op: &str| match failure(op, args, named) {
            OpError::WrongType { argument, expected, given, .. } => (argument, expected, given),
            other => panic!("another error: {other}"),
        };
    let own = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    let tensor = Arg::Tensor(&x);
    assert_eq!(wrong(&[Arg::Int(3)], &[], "relu.default"), own("self", "Tensor", "int"));
    assert_eq!(wrong(&[Arg::None], &[], "relu.default"), own("self", "Tensor", "None"));
    assert_eq!(
        wrong(&[tensor], &[("approximate", Arg::Bool(true))], "gelu.default"),
        own("approximate", "str", "bool")
    );
    // Without a fixed length one int is no list; a float is no int; an int is no bool.
    assert_eq!(wrong(&[tensor, Arg::Int(0)], &[], "permute.default"), own("dims", "int[]", "int"));
    assert_eq!(wrong(&[tensor, Arg::Float(1.0)], &[], "softmax.int"), own("dim", "int", "float"));
    assert_eq!(wrong(&[tensor, Arg::Int(1)], &[], "std.default"), own("unbiased", "bool", "int"));
    assert_eq!(
        wrong(&[Arg::TensorList(&[&x]), Arg::Str("x")], &[], "cat.default"),
        own("dim", "int", "str")
    );
    assert_eq!(
        wrong(&[tensor], &[("generator", Arg::Int(1))], "bernoulli.default"),
        own("generator", "Generator?", "int")
    );
}

#[test]
fn no_overload_fits() {
    let x = ramp(&[2]);
    let error = failure("add", &[Arg::Tensor(&x), Arg::Str("one")], &[("alpha", Arg::Int(1))]);
    let OpError::NoOverload { op, given, candidates } = &error else {
        panic!("another error: {error}");
    };
    assert_eq!((op.as_str(), given.as_str()), ("aten::add", "Tensor, str, alpha=int"));
    assert!(candidates.contains("aten::add.Tensor(") && candidates.contains("aten::add.Scalar("));
    assert!(!candidates.contains("out"), "{candidates}");
    assert_plain(&error);
}

/// Beside `relu` there is `relu.out`, which nobody means who gives no `out`.
#[test]
fn the_only_overload_in_question_is_explained() {
    let error = failure("relu", &[Arg::Str("x")], &[]);
    assert!(matches!(&error, OpError::WrongType { op, .. } if op == "aten::relu"), "{error}");
    let x = ramp(&[2]);
    let error = failure("relu", &[Arg::Str("x")], &[("out", Arg::Tensor(&x))]);
    assert!(matches!(&error, OpError::NoOverload { .. }), "{error}");
}

#[test]
fn a_kernel_that_a_device_lacks() {
    let args = [Arg::Float(0.1), Arg::Bool(true), Arg::Int(0)];
    let named = [("dtype", Arg::Dtype(Kind::Uint8)), ("device", Arg::Device(Device::Cpu))];
    let error = failure("_cudnn_init_dropout_state", &args, &named);
    let text = error.to_string();
    assert!(text.contains("Could not run") && text.ends_with("backend."), "{text}");
}

#[test]
fn shapes_that_do_not_fit() {
    let error = failure("add", &[Arg::Tensor(&ramp(&[3])), Arg::Tensor(&ramp(&[4]))], &[]);
    assert_eq!(
        error,
        OpError::Failed {
            op: "aten::add".to_owned(),
            message: "The size of tensor a (3) must match the size of tensor b (4) at \
                      non-singleton dimension 0"
                .to_owned()
        }
    );
    let error = failure("mm", &[Arg::Tensor(&ramp(&[2, 3])), Arg::Tensor(&ramp(&[2, 3]))], &[]);
    assert!(matches!(&error, OpError::Failed { .. }));
    assert_plain(&error);
}

#[test]
fn values_that_libtorch_refuses() {
    let x = ramp(&[2]);
    for error in [
        failure("gelu", &[Arg::Tensor(&x)], &[("approximate", Arg::Str("best"))]),
        failure("softmax.int", &[Arg::Tensor(&x), Arg::Int(7)], &[]),
        failure("cat", &[Arg::TensorList(&[])], &[]),
        failure("zeros", &[Arg::IntList(&[-1])], &[]),
        failure("zeros", &[Arg::IntList(&[1 << 40, 1 << 40])], &[]),
    ] {
        assert!(matches!(&error, OpError::Failed { .. }), "{error}");
        assert_plain(&error);
    }
}

#[test]
fn numbers_of_no_dtype_layout_or_device() {
    let shape = Arg::IntList(&[2]);
    for (name, bad) in [
        ("dtype", Arg::Int(-1)),
        ("dtype", Arg::Int(1000)),
        ("layout", Arg::Int(99)),
        ("memory_format", Arg::Int(99)),
        ("device", Arg::Device(Device::Cuda(100_000))),
    ] {
        let error = failure("empty.memory_format", &[shape], &[(name, bad)]);
        assert!(matches!(&error, OpError::Failed { .. }), "{name}: {error}");
        assert_plain(&error);
    }
}

#[test]
fn an_operator_without_a_kernel_for_the_dtype() {
    let x = ramp(&[2, 2]).to_kind(Kind::Int64);
    let error = failure("linalg_qr", &[Arg::Tensor(&x)], &[]);
    assert!(matches!(&error, OpError::Failed { .. }), "{error}");
    assert_plain(&error);
}

#[test]
fn one_tensor_asked_of_something_else() {
    let x = ramp(&[2, 2]);
    let found = |op: &str, args: &[Arg<'_>]| match Op::find(op).unwrap().call1(args, &[]) {
        Err(OpError::NotOneTensor { found, .. }) => found,
        other => panic!("another result: {other:?}"),
    };
    assert_eq!(found("max", &[Arg::Tensor(&x), Arg::Int(0)]), "2 values");
    assert_eq!(found("equal", &[Arg::Tensor(&x), Arg::Tensor(&x)]), "bool");
    assert_eq!(found("unbind", &[Arg::Tensor(&x)]), "Tensor[]");
}

#[test]
fn a_failed_call_leaves_the_operator_usable() {
    let x = ramp(&[3]);
    failure("add", &[Arg::Tensor(&x), Arg::Tensor(&ramp(&[4]))], &[]);
    assert_eq!(call_all("add", &[Arg::Tensor(&x), Arg::Tensor(&x)], &[]).len(), 1);
}
