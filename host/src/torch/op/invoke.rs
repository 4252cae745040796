//! One call: choose the overload, lay out the arguments, cross to C++, take the results.

use super::bind::{bind, explain};
use super::schema::Schema;
use super::table::Entry;
use crate::torch::error::OpError;
use crate::torch::ffi::{self, Raw, Results, list_pointers};
use crate::torch::value::{Arg, Value};

/// Schemas with more arguments than this take one allocation more.
const INLINE: usize = 12;

/// Calls the first schema that accepts the arguments.
pub(super) fn invoke(
    entry: &Entry,
    args: &[Arg<'_>],
    named: &[(&str, Arg<'_>)],
) -> Result<Results, OpError> {
    let mut inline = [None; INLINE];
    let mut heap = Vec::new();
    let slots = if entry.widest <= INLINE {
        &mut inline[..]
    } else {
        heap.resize(entry.widest, None);
        &mut heap[..]
    };

    for schema in &entry.schemas {
        let slots = &mut slots[..schema.args.len()];
        if bind(schema, args, named, slots).is_ok() {
            return call(entry, schema, slots);
        }
    }
    Err(explain(entry, args, named))
}

/// The result at `index`.
pub(super) fn take(entry: &Entry, results: &mut Results, index: usize) -> Result<Value, OpError> {
    // SAFETY: only `call` below has these results written.
    unsafe { results.take(index) }
        .ok_or_else(|| OpError::failed(&entry.name, "it returned an unknown dtype or device"))
}

/// `slots` has one place for each argument of the schema, empty where its default is meant.
fn call(entry: &Entry, schema: &Schema, slots: &[Option<&Arg<'_>>]) -> Result<Results, OpError> {
    let pointers = list_pointers(slots.iter().copied().flatten());
    let mut rest = pointers.as_slice();
    let mut lower = |slot: &Option<&Arg<'_>>| match slot {
        Some(arg) => Raw::borrow(arg, &mut rest),
        None => Raw::DEFAULT,
    };
    let mut inline = [Raw::DEFAULT; INLINE];
    let heap: Vec<Raw>;
    let raw = if slots.len() <= INLINE {
        for (raw, slot) in inline.iter_mut().zip(slots) {
            *raw = lower(slot);
        }
        inline.as_ptr()
    } else {
        heap = slots.iter().map(lower).collect();
        heap.as_ptr()
    };

    let mut results = Results::new(schema.returns);
    // SAFETY: one raw value for each argument of the schema and room for each result; `slots`
    // keeps what the values borrow (and `pointers` the lists) alive until the call is over.
    unsafe {
        let message = ffi::jp_op_call(schema.handle.0.as_ptr(), raw, results.as_mut_ptr());
        ffi::check(&entry.name, message)?;
    }
    Ok(results)
}
