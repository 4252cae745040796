//! A look at the operators that work consists of.

use std::ptr::null_mut;

use crate::torch::error::OpError;
use crate::torch::ffi::{self, JpWatch};

const OP: &str = "capture::watch";

/// Sees this thread's operators, and those of its backward passes, until it is dropped.
pub(super) struct Watch(*mut JpWatch);

impl Watch {
    pub fn begin() -> Result<Self, OpError> {
        let mut made = null_mut();
        // SAFETY: the function writes one pointer, on success.
        unsafe { ffi::check(OP, ffi::jp_watch_begin(&mut made))? };
        Ok(Self(made))
    }

    /// Why what was seen cannot be captured.
    pub fn end(mut self) -> Result<Option<String>, OpError> {
        self.finish()
    }

    fn finish(&mut self) -> Result<Option<String>, OpError> {
        let watch = std::mem::replace(&mut self.0, null_mut());
        if watch.is_null() {
            return Ok(None);
        }
        let mut reason = null_mut();
        // SAFETY: the watch is alive, and gone afterwards; the reason is a message.
        unsafe {
            ffi::check(OP, ffi::jp_watch_end(watch, &mut reason))?;
            Ok(ffi::taken(reason))
        }
    }
}

/// This thread's copies to the device are no reason until this is dropped: they are repeated.
pub(super) struct Pause;

impl Pause {
    pub fn begin() -> Self {
        // SAFETY: the function sets a flag of this thread.
        unsafe { ffi::jp_watch_pause(true) };
        Self
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { ffi::jp_watch_pause(false) };
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.finish();
    }
}
