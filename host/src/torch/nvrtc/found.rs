//! Each text compiled once for each device, for the whole process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::compile::{self, Target};
use super::driver::{self, Driver, OnDevice};
use super::{Compiler, Kernels};
use crate::torch::error::OpError;

/// NVRTC and the driver, for a device.
#[derive(Debug, Clone, Copy)]
pub struct Nvrtc {
    pub device: usize,
}

type Result<T> = std::result::Result<T, OpError>;
/// By device and text. Kernels are never unloaded: functions are few.
type All = HashMap<(usize, String), Arc<OnceLock<Result<Arc<OnDevice>>>>>;

static ALL: OnceLock<Mutex<All>> = OnceLock::new();

impl Compiler for Nvrtc {
    /// Those compiled before, or refused, are given at once. A thread that wants what another one is
    /// compiling waits for it.
    fn kernels(&self, text: &str, names: &[&str]) -> Result<Arc<dyn Kernels>> {
        let place = {
            let mut all =
                ALL.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry((self.device, text.to_owned())).or_default())
        };
        let found = place.get_or_init(|| {
            // The driver first: without it there is nothing to compile for.
            driver::driver().and_then(|driver| self.make(driver, text, names)).map(Arc::new)
        });
        found.clone().map(|found| found as Arc<dyn Kernels>)
    }
}

impl Nvrtc {
    fn make(self, driver: &'static Driver, text: &str, names: &[&str]) -> Result<OnDevice> {
        let device = driver.device(self.device)?;
        let (library, capability) = (compile::library()?, device.capability()?);
        let target = Target::of(capability, library.known()).ok_or_else(|| {
            let message = format!("it makes no code for compute capability {capability}");
            OpError::failed("nvrtc", message)
        })?;
        device.load(&library.compile(text, target)?, names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::torch::cuda;
    use crate::torch::nvrtc::driver::tests::fake;

    const TEXT: &str = "extern \"C\" __global__ void first(int *x) { *x = 1; }
        extern \"C\" __global__ void second(int *x) { *x = 2; }";

    #[test]
    fn a_text_goes_through_compiler_and_driver() {
        let made = |device, text, names: &[&str]| Nvrtc { device }.make(fake(), text, names);
        if let Err(missing) = compile::library() {
            eprintln!("not tested with NVRTC: {missing}");
            assert_eq!(made(0, TEXT, &["first"]).err(), Some(missing));
        } else {
            assert_eq!(made(0, TEXT, &["first", "second"]).unwrap().blocks(), 8 * 132);
            assert!(made(0, "first", &["first"]).err().unwrap().to_string().contains("error"));
        }
        let none = made(1, TEXT, &["first"]).err().unwrap().to_string();
        assert!(none.contains("libtorch has no context on device 1"), "{none}");
    }

    #[test]
    fn without_a_gpu_each_call_says_why() {
        if cuda::device_count() > 0 {
            return eprintln!("not tested: there is a GPU");
        }
        let said = || Nvrtc { device: 0 }.kernels(TEXT, &["first"]).err().unwrap();
        assert!(matches!(said(), OpError::Failed { op, .. } if op == "cuda"));
        assert_eq!(said(), said());
    }
}
