//! Kernels for a GPU that are compiled while the program runs, by NVIDIA's compiler NVRTC, and started
//! by way of the driver. Both libraries are loaded at their first use; where one is missing or an
//! old one, that is an error that says so, and operators compute in place of kernels.
//!
//! - [`compile`](mod@compile): from a text in CUDA C++ to code for a GPU;
//! - [`driver`]: loading and starting it, on libtorch's own stream and context;
//! - [`Nvrtc`]: both together, once for each text and device in a process;
//! - [`Elementwise`]: kernels that work number by number, on tensors.
//!
//! [`Compiler`] and [`Kernels`] are the seam at which tests without a GPU put another compiler.

mod arguments;
pub mod compile;
pub mod driver;
mod elementwise;
mod found;
mod library;

use std::ffi::c_void;
use std::sync::Arc;

pub use elementwise::Elementwise;
pub use found::Nvrtc;

use super::error::OpError;

/// Whether there are a driver and a compiler, which are loaded at the first call.
///
/// # Errors
/// What is missing: one line, the same each time.
pub fn ready() -> Result<(), OpError> {
    driver::driver()?;
    compile::library()?;
    Ok(())
}

/// Turns a text into kernels.
pub trait Compiler {
    /// The kernels of these names. The text does no harm: they write only where their arguments say.
    ///
    /// # Errors
    /// There is no compiler, driver or device, or they refuse the text: one line.
    fn kernels(&self, text: &str, names: &[&str]) -> Result<Arc<dyn Kernels>, OpError>;
}

/// Kernels on a device, by their place among the names.
pub trait Kernels: Send + Sync {
    /// How many blocks keep the device busy.
    fn blocks(&self) -> usize;

    /// Starts a kernel after what libtorch's current stream has to do, without waiting for it.
    ///
    /// # Errors
    /// What the driver says.
    ///
    /// # Safety
    /// The arguments are as many as the kernel's parameters, and each points to a value of its type.
    /// The memory that pointers among them point to is there until the kernel has run.
    unsafe fn launch(
        &self,
        kernel: usize,
        blocks: usize,
        threads: usize,
        arguments: &[*const c_void],
    ) -> Result<(), OpError>;
}
