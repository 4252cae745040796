//! Whether there is a GPU. CUDA is loaded on the first question and not linked, so that runs
//! on the CPU stay light and work without its libraries.

use std::sync::OnceLock;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};

use super::error::OpError;
use super::ffi;

/// Whether at least one CUDA device can be used. Ask here and not tch: libtorch remembers its
/// first answer, which is "no" as long as its CUDA part is not loaded. False, without a word,
/// where the driver, the library or something it needs is missing.
pub fn available() -> bool {
    device_count() > 0
}

/// The number of CUDA devices; 0 as for [`available`].
pub fn device_count() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| if load() { count().unwrap_or(0) } else { 0 })
}

/// Waits until the device has done all work of all its streams.
///
/// # Errors
/// No such device, or an earlier kernel that failed.
pub fn synchronize(device: usize) -> Result<(), OpError> {
    const OP: &str = "cuda::synchronize";
    let index = i64::try_from(device).ok().filter(|_| device < device_count());
    let Some(index) = index else {
        let message = format!("there is no CUDA device {device}, only {}", device_count());
        return Err(OpError::failed(OP, message));
    };
    // SAFETY: the function takes a device's number, which exists.
    unsafe { ffi::check(OP, ffi::jp_cuda_synchronize(index)) }
}

fn count() -> Option<usize> {
    let mut count = 0;
    // SAFETY: the function writes one integer.
    unsafe { ffi::check("cuda::device_count", ffi::jp_cuda_device_count(&mut count)) }.ok()?;
    usize::try_from(count).ok()
}

/// Loads the driver's library, which costs little where there is none, then libtorch's CUDA
/// part (hundreds of megabytes) from where this binary finds libtorch.
fn load() -> bool {
    let stays_loaded = |name: &str| {
        // SAFETY: both libraries are made to be loaded by any program at any time; neither is
        // ever unloaded.
        match unsafe { Library::open(Some(name), RTLD_NOW | RTLD_GLOBAL) } {
            Ok(library) => {
                std::mem::forget(library);
                true
            }
            Err(_) => false,
        }
    };
    stays_loaded("libcuda.so.1") && stays_loaded("libtorch_cuda.so")
}
