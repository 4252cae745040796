//! `+ − × ÷` between tensors and numbers, by value and by reference.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Tensor;
use super::op::OpSlot;

static ADD: OpSlot = OpSlot::new("aten::add.Tensor");
static SUB: OpSlot = OpSlot::new("aten::sub.Tensor");
static MUL: OpSlot = OpSlot::new("aten::mul.Tensor");
static DIV: OpSlot = OpSlot::new("aten::div.Tensor");
static ADD_SCALAR: OpSlot = OpSlot::new("aten::add.Scalar");
static SUB_SCALAR: OpSlot = OpSlot::new("aten::sub.Scalar");
static MUL_SCALAR: OpSlot = OpSlot::new("aten::mul.Scalar");
static DIV_SCALAR: OpSlot = OpSlot::new("aten::div.Scalar");
static RSUB_SCALAR: OpSlot = OpSlot::new("aten::rsub.Scalar");
static NEG: OpSlot = OpSlot::new("aten::neg");

fn binary(op: &OpSlot, a: &Tensor, b: &Tensor) -> Tensor {
    op.call(a.raw().host, &[a.into(), b.into()])
}

fn with_scalar(op: &OpSlot, a: &Tensor, b: f64) -> Tensor {
    op.call(a.raw().host, &[a.into(), b.into()])
}

/// number ∘ tensor.
fn from_scalar(trait_name: &str, a: f64, b: &Tensor) -> Tensor {
    match trait_name {
        "Add" => with_scalar(&ADD_SCALAR, b, a),
        "Sub" => with_scalar(&RSUB_SCALAR, b, a),
        "Mul" => with_scalar(&MUL_SCALAR, b, a),
        _ => with_scalar(&MUL_SCALAR, &b.reciprocal(), a),
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $tensor:ident $scalar:ident;)*) => { $(
        operators!(@pair $trait $method $tensor, &Tensor, &Tensor);
        operators!(@pair $trait $method $tensor, &Tensor, Tensor);
        operators!(@pair $trait $method $tensor, Tensor, &Tensor);
        operators!(@pair $trait $method $tensor, Tensor, Tensor);
        operators!(@scalar $trait $method $scalar, &Tensor);
        operators!(@scalar $trait $method $scalar, Tensor);
    )* };
    (@pair $trait:ident $method:ident $op:ident, $left:ty, $right:ty) => {
        impl $trait<$right> for $left {
            type Output = Tensor;
            #[allow(clippy::needless_borrow)]
            fn $method(self, other: $right) -> Tensor {
                binary(&$op, &self, &other)
            }
        }
    };
    (@scalar $trait:ident $method:ident $op:ident, $tensor:ty) => {
        impl $trait<f64> for $tensor {
            type Output = Tensor;
            #[allow(clippy::needless_borrow)]
            fn $method(self, other: f64) -> Tensor {
                with_scalar(&$op, &self, other)
            }
        }
        impl $trait<$tensor> for f64 {
            type Output = Tensor;
            #[allow(clippy::needless_borrow)]
            fn $method(self, other: $tensor) -> Tensor {
                from_scalar(stringify!($trait), self, &other)
            }
        }
    };
}

operators! {
    Add add ADD ADD_SCALAR;
    Sub sub SUB SUB_SCALAR;
    Mul mul MUL MUL_SCALAR;
    Div div DIV DIV_SCALAR;
}

impl Neg for &Tensor {
    type Output = Tensor;
    fn neg(self) -> Tensor {
        NEG.call(self.raw().host, &[self.into()])
    }
}

impl Neg for Tensor {
    type Output = Tensor;
    fn neg(self) -> Tensor {
        -&self
    }
}
