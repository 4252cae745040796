//! The threads of kernels: libtorch's own, so that operators and kernels take turns on them.

use std::sync::{Arc, Mutex, PoisonError};

use crate::kernels::{Team, Threads};
use crate::model::error::ModelError;
use crate::torch::{settings, team};

/// As many of libtorch's threads as it uses for an operator.
struct OfTorch(usize);

impl Team for OfTorch {
    fn count(&self) -> usize {
        self.0
    }

    fn run(&self, work: &(dyn Fn() + Sync)) {
        team::run(self.0, work);
    }
}

/// As many as libtorch has, made once: its own, unless it computes with something else than OpenMP.
///
/// # Errors
///
/// The system gives none.
pub(super) fn threads() -> Result<Arc<Threads>, ModelError> {
    static MADE: Mutex<Option<Arc<Threads>>> = Mutex::new(None);
    let count = settings::threads()?;
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    match made.as_ref() {
        Some(threads) if threads.count() == count => Ok(threads.clone()),
        _ => {
            let threads = match team::exists() {
                true => Threads::of(Box::new(OfTorch(count))),
                false => Threads::new(count)?,
            };
            Ok(made.insert(Arc::new(threads)).clone())
        }
    }
}
