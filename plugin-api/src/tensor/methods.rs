//! PyTorch's methods, by PyTorch's names.

use super::op::OpSlot;
use super::{Dtype, Tensor};

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),*) = $op:literal $([$($value:expr),*])?;)*) => {
        impl Tensor {
            $(
                $(#[$doc])*
                pub fn $name(&self $(, $arg: $ty)*) -> Tensor {
                    static OP: OpSlot = OpSlot::new($op);
                    OP.call(self.raw().host, methods!(@args self [$($arg),*] $([$($value),*])?))
                }
            )*
        }
    };
    (@args $self:ident [$($arg:ident),*]) => { &[$self.into() $(, $arg.into())*] };
    (@args $self:ident [$($arg:ident),*] [$($value:expr),*]) => { &[$self.into() $(, $value.into())*] };
}

methods! {
    /// 1 / (1 + e⁻ˣ).
    sigmoid() = "aten::sigmoid";
    /// Hyperbolic tangent.
    tanh() = "aten::tanh";
    /// max(x, 0).
    relu() = "aten::relu";
    /// ln(1 + eˣ), linear above 20.
    softplus() = "aten::softplus";
    /// x · Φ(x), exact.
    gelu() = "aten::gelu";
    /// x for x > 0, else α·(eˣ − 1).
    elu(alpha: f64) = "aten::elu";
    /// x · sigmoid(x).
    silu() = "aten::silu";
    /// x · tanh(softplus(x)).
    mish() = "aten::mish";
    /// eˣ.
    exp() = "aten::exp";
    /// Natural logarithm.
    log() = "aten::log";
    /// Square root.
    sqrt() = "aten::sqrt";
    /// 1 / √x.
    rsqrt() = "aten::rsqrt";
    /// x².
    square() = "aten::square";
    /// |x|.
    abs() = "aten::abs";
    /// −1, 0 or 1.
    sign() = "aten::sign";
    /// 1 / x.
    reciprocal() = "aten::reciprocal";
    /// Sine.
    sin() = "aten::sin";
    /// Cosine.
    cos() = "aten::cos";
    /// The nearest smaller whole number.
    floor() = "aten::floor";
    /// The nearest whole number, halves to even.
    round() = "aten::round";
    /// The error function.
    erf() = "aten::erf";
    /// xᵖ.
    pow(exponent: f64) = "aten::pow.Tensor_Scalar";
    /// Values below `min` become `min`, above `max` become `max`.
    clamp(min: f64, max: f64) = "aten::clamp";
    /// Values below `min` become `min`.
    clamp_min(min: f64) = "aten::clamp_min";
    /// Values above `max` become `max`.
    clamp_max(max: f64) = "aten::clamp_max";
    /// The larger of two, element by element.
    maximum(other: &Tensor) = "aten::maximum";
    /// The smaller of two, element by element.
    minimum(other: &Tensor) = "aten::minimum";
    /// `self + weight · (end − self)`.
    lerp(end: &Tensor, weight: f64) = "aten::lerp.Scalar";
    /// The sum of all elements, 0-dimensional.
    sum() = "aten::sum";
    /// The mean of all elements, 0-dimensional.
    mean() = "aten::mean";
    /// Sums over dimensions.
    sum_dim(dims: &[i64], keepdim: bool) = "aten::sum.dim_IntList";
    /// Means over dimensions.
    mean_dim(dims: &[i64], keepdim: bool) = "aten::mean.dim";
    /// The largest element.
    max() = "aten::max";
    /// The smallest element.
    min() = "aten::min";
    /// The largest over dimensions.
    amax(dims: &[i64], keepdim: bool) = "aten::amax";
    /// The smallest over dimensions.
    amin(dims: &[i64], keepdim: bool) = "aten::amin";
    /// The place of the largest along a dimension (i64).
    argmax(dim: i64, keepdim: bool) = "aten::argmax";
    /// The Euclidean norm of all elements.
    norm() = "aten::norm.Scalar" [2_i64];
    /// Running sums along a dimension.
    cumsum(dim: i64) = "aten::cumsum";
    /// eˣ / Σeˣ along a dimension.
    softmax(dim: i64) = "aten::softmax.int";
    /// The logarithm of the softmax, computed stably.
    log_softmax(dim: i64) = "aten::log_softmax.int";
    /// ln Σeˣ over dimensions.
    logsumexp(dims: &[i64], keepdim: bool) = "aten::logsumexp";
    /// Matrix product, batched as in PyTorch.
    matmul(other: &Tensor) = "aten::matmul";
    /// Swaps two dimensions.
    transpose(a: i64, b: i64) = "aten::transpose.int";
    /// Reorders the dimensions.
    permute(dims: &[i64]) = "aten::permute";
    /// The same elements in another shape; −1 is worked out.
    reshape(shape: &[i64]) = "aten::reshape";
    /// Joins the dimensions from `start` to `end`.
    flatten(start: i64, end: i64) = "aten::flatten.using_ints";
    /// A new dimension of size 1.
    unsqueeze(dim: i64) = "aten::unsqueeze";
    /// Removes a dimension of size 1.
    squeeze(dim: i64) = "aten::squeeze.dim";
    /// Repeats dimensions of size 1 without copying.
    expand(shape: &[i64]) = "aten::expand";
    /// A part of one dimension: `length` entries from `start`.
    narrow(dim: i64, start: i64, length: i64) = "aten::narrow";
    /// The `index`-th entry of a dimension, which vanishes.
    select(dim: i64, index: i64) = "aten::select.int";
    /// The entries of a dimension that `index` (i64) names.
    index_select(dim: i64, index: &Tensor) = "aten::index_select";
    /// `out[i][j] = self[index[i][j]][j]` for `dim` 0, and so on.
    gather(dim: i64, index: &Tensor) = "aten::gather";
    /// Reverses dimensions.
    flip(dims: &[i64]) = "aten::flip";
    /// Constant padding, last dimension first: `[left, right, top, bottom]`.
    pad(amounts: &[i64], value: f64) = "aten::constant_pad_nd";
    /// `value` where `mask` is true, else `self`.
    masked_fill(mask: &Tensor, value: f64) = "aten::masked_fill.Scalar";
    /// self > x, as truth values.
    gt(x: f64) = "aten::gt.Scalar";
    /// self ≥ x.
    ge(x: f64) = "aten::ge.Scalar";
    /// self < x.
    lt(x: f64) = "aten::lt.Scalar";
    /// self ≤ x.
    le(x: f64) = "aten::le.Scalar";
    /// self = x.
    eq(x: f64) = "aten::eq.Scalar";
    /// self ≠ x.
    ne(x: f64) = "aten::ne.Scalar";
    /// self > other.
    gt_tensor(other: &Tensor) = "aten::gt.Tensor";
    /// self = other.
    eq_tensor(other: &Tensor) = "aten::eq.Tensor";
    /// Both true.
    logical_and(other: &Tensor) = "aten::logical_and";
    /// Not true.
    logical_not() = "aten::logical_not";
    /// In another dtype.
    to_dtype(dtype: Dtype) = "aten::to.dtype";
    /// The same data, cut from autograd's graph.
    detach() = "aten::detach";
    /// A copy with its own data.
    copy() = "aten::clone";
    /// Row-major in memory, copied where it is not.
    contiguous() = "aten::contiguous";
    /// Zeros of the same shape, dtype and device.
    zeros_like() = "aten::zeros_like";
    /// Ones of the same shape, dtype and device.
    ones_like() = "aten::ones_like";
    /// `value`, of the same shape, dtype and device.
    full_like(value: f64) = "aten::full_like";
}

impl Tensor {
    /// The tensors of a list along an existing dimension.
    pub fn cat(tensors: &[Tensor], dim: i64) -> Tensor {
        static OP: OpSlot = OpSlot::new("aten::cat");
        join(&OP, "aten::cat", tensors, dim)
    }

    /// The tensors of a list along a new dimension.
    pub fn stack(tensors: &[Tensor], dim: i64) -> Tensor {
        static OP: OpSlot = OpSlot::new("aten::stack");
        join(&OP, "aten::stack", tensors, dim)
    }

    /// `self` where `mask` is true, else `other`.
    pub fn where_self(&self, mask: &Tensor, other: &Tensor) -> Tensor {
        static OP: OpSlot = OpSlot::new("aten::where.self");
        OP.call(self.raw().host, &[mask.into(), self.into(), other.into()])
    }

    /// Variance over dimensions; `correction` 1 divides by n − 1.
    pub fn var_dim(&self, dims: &[i64], correction: f64, keepdim: bool) -> Tensor {
        let options = [("correction", correction.into()), ("keepdim", keepdim.into())];
        self.op_named("aten::var.correction", &[dims.into()], &options)
    }

    /// The tensor in parts of `size` along a dimension; the last may be smaller.
    pub fn split(&self, size: i64, dim: i64) -> Vec<Tensor> {
        static OP: OpSlot = OpSlot::new("aten::split.Tensor");
        OP.call_many(self.raw().host, &[self.into(), size.into(), dim.into()])
    }

    /// Moved to where `other` lives.
    pub fn to_device_of(&self, other: &Tensor) -> Tensor {
        static OP: OpSlot = OpSlot::new("aten::to.device");
        let device = crate::abi::RawValue::Device(other.device().raw());
        OP.call(self.raw().host, &[self.into(), device, self.dtype().into()])
    }

    /// Asks autograd to record what is done with it; gives the same tensor.
    pub fn requires_grad_(&self, requires: bool) -> Tensor {
        static OP: OpSlot = OpSlot::new("aten::requires_grad_");
        OP.call(self.raw().host, &[self.into(), requires.into()])
    }

    /// Overwrites the elements with those of `source` (broadcast).
    pub fn copy_(&self, source: &Tensor) {
        static OP: OpSlot = OpSlot::new("aten::copy_");
        OP.call(self.raw().host, &[self.into(), source.into()]);
    }
}

fn join(op: &OpSlot, name: &str, tensors: &[Tensor], dim: i64) -> Tensor {
    let Some(first) = tensors.first() else {
        crate::error::TensorError::new(name, "the list of tensors is empty").throw()
    };
    op.call(first.raw().host, &[tensors.into(), dim.into()])
}
