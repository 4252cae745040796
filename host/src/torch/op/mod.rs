//! Every operator of PyTorch's registry, called by its name.
//!
//! ```text
//! let gelu = Op::find("gelu")?;
//! let y = gelu.call1(&[Arg::Tensor(&x)], &[("approximate", Arg::Str("tanh"))])?;
//! ```
//!
//! The schema decides what is accepted: positional and named arguments, defaults, an int where
//! a float is wanted, one int for `int[2]`. Everything is checked before libtorch is asked,
//! so a wrong call is an error that names the argument.

mod bind;
mod invoke;
pub mod pointwise;
pub mod record;
mod registry;
mod schema;
mod table;

use std::sync::OnceLock;

use tch::Tensor;

pub use schema::{ArgSpec, ArgType, Schema};

use super::error::OpError;
use super::value::{Arg, Value};
use table::Entry;

/// An operator: a number in a process-wide table that only grows, so it is never stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Op {
    id: u32,
}

impl Op {
    /// The operator called `name`: `relu` and `aten::relu` are the same; `add.Tensor` names one
    /// overload (`.default` the one without a name), `add` leaves the choice to each call.
    ///
    /// # Errors
    /// [`OpError::UnknownOperator`], with up to three similar names.
    pub fn find(name: &str) -> Result<Op, OpError> {
        table::find(name).map(|id| Op { id })
    }

    /// As [`Op::find`], for a name that is always the same: looked up at the first call alone.
    ///
    /// # Errors
    /// As [`Op::find`].
    pub(super) fn find_once(found: &OnceLock<Op>, name: &str) -> Result<Op, OpError> {
        match found.get() {
            Some(op) => Ok(*op),
            None => Self::find(name).map(|op| *found.get_or_init(|| op)),
        }
    }

    /// The operator with this number, if [`Op::find`] has given it out.
    pub fn from_id(id: u32) -> Option<Op> {
        table::get(id).map(|_| Op { id })
    }

    /// Its number, the same for every caller in this process.
    pub fn id(self) -> u32 {
        self.id
    }

    /// Its name with the namespace, and with the overload if [`Op::find`] was given one.
    pub fn name(self) -> &'static str {
        &self.entry().name
    }

    /// The overloads that a call tries, in this order: the one without a name, then those that
    /// write nothing, then the rest, each group by name.
    pub fn schemas(self) -> &'static [Schema] {
        &self.entry().schemas
    }

    /// Calls the first overload that accepts the arguments. A result that PyTorch leaves
    /// undefined is [`Value::None`]; a tensor that the operator writes in place is returned as
    /// another handle to it.
    ///
    /// # Errors
    /// Arguments that do not fit, before anything is done; [`OpError::Failed`] with libtorch's
    /// words where it refuses (wrong shapes, no kernel for a device).
    pub fn call(&self, args: &[Arg<'_>], named: &[(&str, Arg<'_>)]) -> Result<Vec<Value>, OpError> {
        let entry = self.entry();
        let mut results = invoke::invoke(entry, args, named)?;
        let values = (0..results.len())
            .map(|index| invoke::take(entry, &mut results, index))
            .collect::<Result<Vec<_>, _>>()?;
        record::note(entry, args, named, || values.iter().map(Value::shallow_clone).collect());
        Ok(values)
    }

    /// [`Op::call`] for an operator that returns exactly one tensor.
    ///
    /// # Errors
    /// Those of [`Op::call`], and [`OpError::NotOneTensor`].
    pub fn call1(&self, args: &[Arg<'_>], named: &[(&str, Arg<'_>)]) -> Result<Tensor, OpError> {
        let entry = self.entry();
        let mut results = invoke::invoke(entry, args, named)?;
        let found = match results.len() {
            1 => match invoke::take(entry, &mut results, 0)? {
                Value::Tensor(tensor) => {
                    record::note(entry, args, named, || {
                        vec![Value::Tensor(tensor.shallow_clone())]
                    });
                    return Ok(tensor);
                }
                other => other.type_name().to_owned(),
            },
            count => format!("{count} values"),
        };
        Err(OpError::NotOneTensor { op: entry.name.clone(), found })
    }

    fn entry(self) -> &'static Entry {
        table::get(self.id).expect("an Op is made only with a number that the table gave out")
    }
}
