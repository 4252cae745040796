//! Names, overloads and schemas.

use tch::Kind;

use super::{assert_same, call, ramp};
use crate::torch::op::ArgType;
use crate::torch::{Arg, Op, OpError, Value};

#[test]
fn the_arguments_choose_the_overload() {
    let (x, y) = (ramp(&[3]), ramp(&[3]));
    let add = Op::find("add").unwrap();
    let by_tensor = add.call1(&[Arg::Tensor(&x), Arg::Tensor(&y)], &[("alpha", Arg::Int(3))]);
    assert_same(&by_tensor.unwrap(), &(&x + &y * 3.0));
    let by_scalar = add.call1(&[Arg::Tensor(&x), Arg::Float(2.5)], &[]);
    assert_same(&by_scalar.unwrap(), &(&x + 2.5));
}

#[test]
fn reductions_choose_by_what_they_are_given() {
    let x = ramp(&[2, 3]);
    assert_same(&call("sum", &[Arg::Tensor(&x)], &[]), &x.sum(None::<Kind>));
    let rows = x.sum_dim_intlist([1].as_slice(), false, None::<Kind>);
    assert_same(&call("sum", &[Arg::Tensor(&x), Arg::IntList(&[1])], &[]), &rows);
    assert_same(&call("sum", &[Arg::Tensor(&x), Arg::Int(1)], &[]), &rows);
    assert_same(&call("max", &[Arg::Tensor(&x), Arg::Tensor(&-&x)], &[]), &x.maximum(&-&x));
    assert_same(&call("pow", &[Arg::Tensor(&x), Arg::Int(2)], &[]), &(&x * &x));
}

#[test]
fn one_name_is_one_operator() {
    let relu = Op::find("relu").unwrap();
    assert_eq!(relu, Op::find("aten::relu").unwrap());
    assert_ne!(relu, Op::find("aten::relu.default").unwrap());
    assert_eq!(Op::from_id(relu.id()), Some(relu));
    assert_eq!(relu.name(), "aten::relu");
    assert_eq!(Op::find("add.Tensor").unwrap().schemas().len(), 1);
    assert_eq!(Op::from_id(u32::MAX), None);
    assert_eq!(Op::from_id(32_000), None);
}

#[test]
fn a_schema_tells_all() {
    let schema = &Op::find("add.Tensor").unwrap().schemas()[0];
    assert_eq!(schema.name, "aten::add");
    assert_eq!(schema.overload, "Tensor");
    assert_eq!(schema.returns, 1);
    assert!(schema.text.starts_with("aten::add.Tensor(Tensor self, Tensor other"));
    let [this, other, alpha] = schema.args.as_slice() else {
        panic!("not three arguments: {schema:?}");
    };
    assert_eq!((this.name.as_str(), this.ty), ("self", ArgType::Tensor));
    assert_eq!((other.name.as_str(), other.has_default), ("other", false));
    assert_eq!((alpha.name.as_str(), alpha.ty), ("alpha", ArgType::Number));
    assert!(alpha.has_default && alpha.kwarg_only && !alpha.mutable && !alpha.optional);
    assert!(matches!(schema.default(2), Ok(Some(Value::Int(1)))));
    assert!(matches!(schema.default(0), Ok(None)));
    assert!(matches!(schema.default(9), Ok(None)));
}

#[test]
fn types_are_the_real_ones() {
    let of = |op: &str, arg: &str| {
        let schema = &Op::find(op).unwrap().schemas()[0];
        let spec = schema.args.iter().find(|spec| spec.name == arg).unwrap();
        (spec.ty, spec.optional, spec.fixed_len, spec.to_string())
    };
    let conv = "conv2d.default";
    assert_eq!(of(conv, "bias"), (ArgType::Tensor, true, None, "Tensor?".to_owned()));
    assert_eq!(of(conv, "stride"), (ArgType::IntList, false, Some(2), "int[2]".to_owned()));
    let empty = "empty.memory_format";
    assert_eq!(of(empty, "dtype").0, ArgType::Dtype);
    assert_eq!(of(empty, "layout").0, ArgType::Layout);
    assert_eq!(of(empty, "device").0, ArgType::Device);
    assert_eq!(of(empty, "memory_format").0, ArgType::MemoryFormat);
    assert_eq!(of("index.Tensor", "indices").0, ArgType::OptTensorList);
    assert_eq!(of("cat.default", "tensors").0, ArgType::TensorList);
    assert_eq!(of("bernoulli.default", "generator").0, ArgType::Generator);
    assert_eq!(of("gelu.default", "approximate").0, ArgType::Str);
    assert_eq!(of("_foreach_add.ScalarList", "scalars").0, ArgType::NumberList);
    assert_eq!(of("convolution_backward.default", "output_mask").0, ArgType::BoolList);
    let sgd = &Op::find("_fused_sgd_.tensor_lr").unwrap().schemas()[0];
    assert!(sgd.args[0].mutable && sgd.args[2].mutable && !sgd.args[3].mutable);
    assert_eq!(sgd.returns, 0);
}

#[test]
fn overloads_that_write_come_last() {
    let schemas = Op::find("relu").unwrap().schemas();
    assert_eq!(schemas[0].overload, "");
    assert_eq!(schemas.last().unwrap().overload, "out");
    let schemas = Op::find("add").unwrap().schemas();
    let writes = |at: usize| schemas[at].args.iter().any(|arg| arg.mutable);
    assert!((1..schemas.len()).all(|at| writes(at) || !writes(at - 1)));
}

#[test]
fn an_unknown_name_lists_the_nearest() {
    let error = Op::find("leeky_relu").unwrap_err();
    let OpError::UnknownOperator { name, nearest } = &error else {
        panic!("another error: {error}");
    };
    assert_eq!(name, "aten::leeky_relu");
    assert_eq!(nearest[0], "leaky_relu");
    assert!(nearest.len() <= 3);
    assert!(error.to_string().contains("`leaky_relu`"));

    let OpError::UnknownOperator { nearest, .. } = Op::find("add.Tenser").unwrap_err() else {
        panic!("another error");
    };
    assert_eq!(nearest[0], "add.Tensor");
}

#[test]
fn a_name_like_nothing_lists_nothing() {
    for name in ["", ".", "aten::", "a\0b", "relu.", "xyzxyzxyzxyzxyz", "nowhere::relu", "ü.ü"] {
        match Op::find(name) {
            Err(OpError::UnknownOperator { nearest, .. }) => assert!(nearest.len() <= 3),
            // `relu.` spells the overload without a name.
            Ok(op) => assert_eq!((name, op.schemas().len()), ("relu.", 1)),
            Err(other) => panic!("another error: {other}"),
        }
    }
}
