//! What a check of a plugin watches in a process of its own: which hook runs, and which handles to
//! tensors stay with the plugin after a hook has returned.
//!
//! Off everywhere else, where it costs one load of a flag per call.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use jackpot_plugin_api::abi::{Named, Value};

static ON: AtomicBool = AtomicBool::new(false);
static ENTERED: OnceLock<Entered> = OnceLock::new();
static HANDLES: Handles = Handles::new();

type Entered = Box<dyn Fn(&'static str) + Send + Sync>;

/// Begins to watch; `entered` hears the name of each hook before it runs. For the rest of the
/// process; only the first call counts.
pub fn start(entered: impl Fn(&'static str) + Send + Sync + 'static) {
    if ENTERED.set(Box::new(entered)).is_ok() {
        ON.store(true, Ordering::Relaxed);
    }
}

/// The hooks that have kept handles since the last time this was asked, and how many.
pub fn take_kept() -> BTreeMap<&'static str, i64> {
    HANDLES.take_kept()
}

/// A handle goes out (1) or comes back (−1).
pub(super) fn count(by: i64) {
    if ON.load(Ordering::Relaxed) {
        HANDLES.count(by);
    }
}

/// Watches a call of a hook, if anything is watched.
pub(super) fn enter(hook: &'static str) -> Option<Call<'static>> {
    if !ON.load(Ordering::Relaxed) {
        return None;
    }
    if let Some(entered) = ENTERED.get() {
        entered(hook);
    }
    Some(HANDLES.enter(hook))
}

/// The handles that were made for plugins.
struct Handles {
    /// Made and not given back.
    out: AtomicI64,
    kept: Mutex<BTreeMap<&'static str, i64>>,
}

/// A call of a hook that is watched.
pub(super) struct Call<'a> {
    handles: &'a Handles,
    hook: &'static str,
    out_before: i64,
}

impl Handles {
    const fn new() -> Self {
        Self { out: AtomicI64::new(0), kept: Mutex::new(BTreeMap::new()) }
    }

    fn count(&self, by: i64) {
        self.out.fetch_add(by, Ordering::Relaxed);
    }

    fn enter(&self, hook: &'static str) -> Call<'_> {
        Call { handles: self, hook, out_before: self.out.load(Ordering::Relaxed) }
    }

    fn take_kept(&self) -> BTreeMap<&'static str, i64> {
        let mut kept =
            std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        kept.retain(|_, count| *count > 0);
        kept
    }
}

impl Call<'_> {
    /// The hook has returned; its results are the host's now, and no kept handles.
    pub(super) fn leave(self, results: &[Named]) {
        let results: i64 = results.iter().map(|named| handles(&named.value)).sum();
        let kept = self.handles.out.load(Ordering::Relaxed) - self.out_before - results;
        if kept != 0 {
            let mut all = self.handles.kept.lock().unwrap_or_else(PoisonError::into_inner);
            *all.entry(self.hook).or_default() += kept;
        }
    }
}

fn handles(value: &Value) -> i64 {
    match value {
        Value::Tensor(_) => 1,
        Value::TensorList(list) => list.len() as i64,
        Value::OptTensorList(list) => list.iter().filter(|one| one.is_some()).count() as i64,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use tch::Tensor;

    use super::*;
    use crate::plugin::border::tensors::give;

    #[test]
    fn what_a_hook_keeps_is_what_is_out_besides_its_results() {
        let own = Handles::new();
        let call = own.enter("first");
        own.count(5); // two are kept, one is a result, two come back
        own.count(-2);
        call.leave(&[Named::new("y", Value::Tensor(give(Tensor::from(2.0))))]);
        own.count(-1); // the host has dropped the result
        let outer = own.enter("outer");
        let inner = own.enter("inner");
        own.count(1);
        own.count(-1);
        inner.leave(&[]);
        outer.leave(&[]);
        let call = own.enter("second");
        own.count(-1); // one of the two
        call.leave(&[]);
        assert_eq!(own.take_kept(), BTreeMap::from([("first", 2)]));
        assert_eq!(own.take_kept(), BTreeMap::new());
    }
}
