//! Threads for kernels beside libtorch's.

use std::sync::{Arc, Mutex, PoisonError};

use crate::kernels::Threads;
use crate::model::error::ModelError;
use crate::torch::settings;

/// As many as libtorch has, made once.
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
        _ => Ok(made.insert(Arc::new(Threads::new(count)?)).clone()),
    }
}
