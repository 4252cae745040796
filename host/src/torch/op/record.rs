//! Writes down the operators that are called on this thread: what a network, with the plugins
//! inside it, computes as a list of calls.
//!
//! Off everywhere else, where it costs a look at a flag of the thread per call.

use std::cell::{Cell, RefCell};

use super::bind::bind;
use super::schema::Schema;
use super::table::Entry;
use crate::torch::value::{Arg, Value};

thread_local! {
    static CALLS: RefCell<Option<Vec<Recorded>>> = const { RefCell::new(None) };
    static READS: Cell<u64> = const { Cell::new(0) };
}

/// Notes that a plugin got numbers to look at (a tensor's, or random ones), so that what follows may depend on them in ways
/// that no list of calls shows.
pub fn note_read() {
    READS.set(READS.get().wrapping_add(1));
}

/// How often that happened on this thread.
pub fn reads() -> u64 {
    READS.get()
}

/// One call that succeeded. Its tensors are handles, so their data live as long as it does.
#[derive(Debug)]
pub struct Recorded {
    /// The overload that was chosen.
    pub schema: &'static Schema,
    /// One for each argument of the schema; none where its default was meant.
    pub args: Vec<Option<Value>>,
    pub results: Vec<Value>,
}

/// Runs `body`, and returns the calls in their order with what it returns. Within another
/// recording, which does not see these calls, it begins a new one.
pub fn record<T>(body: impl FnOnce() -> T) -> (T, Vec<Recorded>) {
    let _restore = Restore(CALLS.replace(Some(Vec::new())));
    let value = body();
    let calls = CALLS.take().unwrap_or_default();
    (value, calls)
}

/// How many calls the recording under way has.
pub fn recorded() -> usize {
    CALLS.with_borrow(|calls| calls.as_ref().map_or(0, Vec::len))
}

/// Whether a recording is under way on this thread.
pub fn is_recording() -> bool {
    CALLS.with_borrow(Option::is_some)
}

/// Ends a recording, also where `body` panics.
struct Restore(Option<Vec<Recorded>>);

impl Drop for Restore {
    fn drop(&mut self) {
        CALLS.set(self.0.take());
    }
}

pub(super) fn note(
    entry: &'static Entry,
    args: &[Arg<'_>],
    named: &[(&str, Arg<'_>)],
    results: impl FnOnce() -> Vec<Value>,
) {
    CALLS.with_borrow_mut(|calls| {
        let Some(calls) = calls else { return };
        let mut slots = vec![None; entry.widest];
        for schema in &entry.schemas {
            let slots = &mut slots[..schema.args.len()];
            // The first that fits is the one that was called.
            if bind(schema, args, named, slots).is_ok() {
                let args = slots.iter().map(|slot| slot.map(Arg::to_value)).collect();
                calls.push(Recorded { schema, args, results: results() });
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use tch::Tensor;

    use super::*;
    use crate::torch::Op;

    #[test]
    fn calls_are_written_down_with_the_overload_and_all_arguments() {
        let x = Tensor::from_slice(&[1.0_f32, -2.0]);
        let add = Op::find("aten::add").unwrap();
        let relu = Op::find("aten::relu").unwrap();
        let (y, calls) = record(|| {
            let sum = add.call1(&[Arg::Tensor(&x), Arg::Tensor(&x)], &[("alpha", Arg::Int(3))]);
            let sum = sum.unwrap();
            assert_eq!(recorded(), 1);
            relu.call(&[Arg::Tensor(&sum)], &[]).unwrap()
        });
        assert!(matches!(&y[0], Value::Tensor(y) if y.double_value(&[0]) == 4.0));
        let names: Vec<_> = calls.iter().map(|c| (&*c.schema.name, &*c.schema.overload)).collect();
        assert_eq!(names, [("aten::add", "Tensor"), ("aten::relu", "")]);
        assert!(matches!(calls[0].args[2], Some(Value::Int(3))));
        let (Value::Tensor(given), Some(Value::Tensor(read))) =
            (&calls[0].results[0], &calls[1].args[0])
        else {
            panic!("{calls:?}")
        };
        assert_eq!(given.data_ptr(), read.data_ptr());
        // Over: nothing is written down any more.
        let _ = relu.call1(&[Arg::Tensor(&x)], &[]).unwrap();
        assert_eq!(recorded(), 0);
    }
}
