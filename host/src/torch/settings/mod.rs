//! libtorch's switches: for the whole process threads, determinism, TF32 and cuDNN's search;
//! for a thread [`Autocast`].

mod autocast;
pub mod waiting;

pub use autocast::{Autocast, autocast_disabled, autocast_is_on};

use super::error::OpError;
use super::ffi;

/// `JpSetting` of `jackpot_torch.h`.
#[derive(Clone, Copy)]
enum Setting {
    Threads = 0,
    Deterministic = 1,
    Tf32Matmul = 2,
    Tf32Cudnn = 3,
    CudnnBenchmark = 4,
    CudnnDeterministic = 5,
    FillFresh = 6,
}

impl Setting {
    fn get(self) -> Result<i64, OpError> {
        let mut value = 0;
        // SAFETY: the function writes one integer.
        unsafe { ffi::check("settings", ffi::jp_setting_get(self as i32, &mut value))? };
        Ok(value)
    }

    fn set(self, value: i64) -> Result<(), OpError> {
        // SAFETY: the function takes plain numbers and checks them.
        unsafe { ffi::check("settings", ffi::jp_setting_set(self as i32, value)) }
    }
}

/// How many threads one operator uses on the CPU.
///
/// # Errors
/// None that a caller can cause.
pub fn threads() -> Result<usize, OpError> {
    Ok(usize::try_from(Setting::Threads.get()?).unwrap_or(1))
}

/// Sets how many threads one operator uses on the CPU. Results depend on it in their last bits.
///
/// It holds for the calling thread and for threads that have not yet computed anything; another
/// thread that has keeps its own number. So set it first, or in every thread.
///
/// # Errors
/// Zero, or more than 65,536 threads.
pub fn set_threads(count: usize) -> Result<(), OpError> {
    Setting::Threads.set(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Whether only deterministic kernels are used.
///
/// # Errors
/// None that a caller can cause.
pub fn deterministic() -> Result<bool, OpError> {
    Ok(Setting::Deterministic.get()? != 0)
}

/// Uses only kernels that give the same bits again; an operator without one is then an error.
/// Turning it on also stops cuDNN's search ([`set_cudnn_benchmark`]), whose choice may vary.
///
/// On CUDA, matrix products also want `CUBLAS_WORKSPACE_CONFIG=:4096:8` in the environment
/// before the process starts; without it they fail and say so.
///
/// # Errors
/// None that a caller can cause.
pub fn set_deterministic(on: bool) -> Result<(), OpError> {
    Setting::Deterministic.set(on.into())?;
    if on { set_cudnn_benchmark(false) } else { Ok(()) }
}

/// Whether the deterministic mode fills fresh memory with NaN.
///
/// # Errors
/// None that a caller can cause.
pub fn fill_fresh() -> Result<bool, OpError> {
    Ok(Setting::FillFresh.get()? != 0)
}

/// Lets the deterministic mode fill fresh memory with NaN, or not. It does so by default, for
/// programs that read what they have not written, and costs a pass over every new tensor.
///
/// # Errors
/// None that a caller can cause.
pub fn set_fill_fresh(on: bool) -> Result<(), OpError> {
    Setting::FillFresh.set(on.into())
}

/// Whether matrix products and convolutions on CUDA may round their f32 inputs to TF32.
///
/// # Errors
/// None that a caller can cause.
pub fn tf32() -> Result<bool, OpError> {
    Ok(Setting::Tf32Matmul.get()? != 0 && Setting::Tf32Cudnn.get()? != 0)
}

/// Lets matrix products and convolutions on CUDA round their f32 inputs to TF32 (10 bits of
/// mantissa), or not.
///
/// # Errors
/// None that a caller can cause.
pub fn set_tf32(on: bool) -> Result<(), OpError> {
    Setting::Tf32Matmul.set(on.into())?;
    Setting::Tf32Cudnn.set(on.into())
}

/// Whether cuDNN measures its algorithms for each new shape and takes the fastest.
///
/// # Errors
/// None that a caller can cause.
pub fn cudnn_benchmark() -> Result<bool, OpError> {
    Ok(Setting::CudnnBenchmark.get()? != 0)
}

/// Lets cuDNN measure its algorithms for each new shape, or not.
///
/// # Errors
/// None that a caller can cause.
pub fn set_cudnn_benchmark(on: bool) -> Result<(), OpError> {
    Setting::CudnnBenchmark.set(on.into())
}

/// Whether cuDNN takes only algorithms that give the same bits every time.
///
/// # Errors
/// None that a caller can cause.
pub fn set_cudnn_deterministic(on: bool) -> Result<(), OpError> {
    Setting::CudnnDeterministic.set(on.into())
}

/// Runs `body` with TF32 off, whatever the training's precision.
///
/// # Errors
/// What `body` says, or libtorch of its settings.
pub fn without_tf32<T, E: From<OpError>>(body: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let before = tf32()?;
    set_tf32(false)?;
    let result = body();
    set_tf32(before)?;
    result
}
