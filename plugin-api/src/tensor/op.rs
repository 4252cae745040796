//! The by-name door: any ATen operator.

use std::sync::atomic::{AtomicU64, Ordering};

use abi_stable::std_types::{RResult, RVec};

use super::Tensor;
use crate::abi::{Host, OpId, RawNamed, RawValue, Value};
use crate::error::TensorError;

/// An argument of an operator: tensors, numbers, texts, lists and options convert into it.
pub type Arg<'a> = RawValue<'a>;

/// An operator's name with its number, looked up at the first call.
///
/// Numbers are the same in the whole process, whoever made the tensor, so they may be kept in a
/// static; function tables may not.
pub(crate) struct OpSlot {
    name: &'static str,
    id: AtomicU64,
}

const UNKNOWN: OpId = u64::MAX;

impl OpSlot {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, id: AtomicU64::new(UNKNOWN) }
    }

    pub(crate) fn call(&self, host: Host, args: &[Arg<'_>]) -> Tensor {
        single(self.name, self.values(host, args)).unwrap_or_else(|error| error.throw())
    }

    pub(crate) fn call_many(&self, host: Host, args: &[Arg<'_>]) -> Vec<Tensor> {
        let values = self.values(host, args).unwrap_or_else(|error| error.throw());
        tensors(self.name, values).unwrap_or_else(|error| error.throw())
    }

    fn values(&self, host: Host, args: &[Arg<'_>]) -> Result<RVec<Value>, TensorError> {
        let mut id = self.id.load(Ordering::Relaxed);
        if id == UNKNOWN {
            id = find(host, self.name)?;
            self.id.store(id, Ordering::Relaxed);
        }
        invoke(host, id, self.name, args, &[])
    }
}

fn find(host: Host, name: &str) -> Result<OpId, TensorError> {
    match (host.0.find())(name.into()) {
        RResult::ROk(id) => Ok(id),
        RResult::RErr(fault) => Err(TensorError::new(name, fault.message)),
    }
}

fn invoke(
    host: Host,
    id: OpId,
    name: &str,
    args: &[Arg<'_>],
    named: &[RawNamed<'_>],
) -> Result<RVec<Value>, TensorError> {
    // SAFETY: an `Arg` borrows what it points to, so every handle in it is live.
    match unsafe { (host.0.call())(host, id, args.into(), named.into()) } {
        RResult::ROk(values) => Ok(values),
        RResult::RErr(fault) => Err(TensorError::new(name, fault.message)),
    }
}

/// Calls an operator by name.
pub(crate) fn call_values(
    host: Host,
    name: &str,
    args: &[Arg<'_>],
    named: &[(&str, Arg<'_>)],
) -> Result<Vec<Value>, TensorError> {
    let id = find(host, name)?;
    let named: Vec<_> = named.iter().map(|(name, arg)| RawNamed::new(name, *arg)).collect();
    invoke(host, id, name, args, &named).map(RVec::into_vec)
}

pub(crate) fn single(
    name: &str,
    values: Result<impl IntoIterator<Item = Value>, TensorError>,
) -> Result<Tensor, TensorError> {
    match values?.into_iter().next() {
        Some(Value::Tensor(tensor)) => Ok(tensor),
        Some(other) => {
            Err(TensorError::new(name, format!("gave {} instead of a tensor", other.describe())))
        }
        None => Err(TensorError::new(name, "gave nothing")),
    }
}

fn tensors(
    name: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<Tensor>, TensorError> {
    let mut out = Vec::new();
    for value in values {
        match value {
            Value::Tensor(tensor) => out.push(tensor),
            Value::TensorList(list) => out.extend(list),
            other => {
                let message = format!("gave {} instead of tensors", other.describe());
                return Err(TensorError::new(name, message));
            }
        }
    }
    Ok(out)
}

impl Tensor {
    /// Any ATen operator by name, `"aten::add.Tensor"` or without the overload, with `self` as its
    /// first argument; gives its first result.
    ///
    /// Raw operator names are as stable as PyTorch's; the methods of [`Tensor`] are this API's
    /// own contract.
    pub fn op(&self, name: &str, args: &[Arg<'_>]) -> Self {
        self.op_named(name, args, &[])
    }

    /// As [`Tensor::op`], with further arguments by the names of the operator's schema.
    pub fn op_named(&self, name: &str, args: &[Arg<'_>], named: &[(&str, Arg<'_>)]) -> Self {
        single(name, self.try_op(name, args, named)).unwrap_or_else(|error| error.throw())
    }

    /// As [`Tensor::op_named`], but gives all results, and the error instead of leaving the hook.
    ///
    /// # Errors
    ///
    /// An unknown name, arguments that do not fit the schema, or what the operator itself says.
    pub fn try_op(
        &self,
        name: &str,
        args: &[Arg<'_>],
        named: &[(&str, Arg<'_>)],
    ) -> Result<Vec<Value>, TensorError> {
        let mut all = Vec::with_capacity(args.len() + 1);
        all.push(Arg::from(self));
        all.extend_from_slice(args);
        call_values(self.raw().host, name, &all, named)
    }
}
