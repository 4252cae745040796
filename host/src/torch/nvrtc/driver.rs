//! The CUDA driver: code is loaded for a device and its kernels are started.

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::sync::OnceLock;

use super::Kernels;
use super::compile::Capability;
use super::library::Loaded;
use crate::torch::error::OpError;
use crate::torch::ffi;

const OP: &str = "cuda";

/// Enough blocks of 256 threads for each of a GPU's processors.
const BLOCKS: usize = 8;

/// `CUresult`; 0 is good.
type Said = c_int;
/// `CUcontext`, `CUmodule`, `CUfunction` and `CUstream`.
type Context = *mut c_void;
type Module = *mut c_void;
type Function = *mut c_void;
type Stream = *mut c_void;

/// `CUdevice_attribute`.
mod attribute {
    use std::ffi::c_int;

    pub const PROCESSORS: c_int = 16;
    pub const MAJOR: c_int = 75;
    pub const MINOR: c_int = 76;
}

/// The driver's functions, as `cuda.h` declares them.
pub struct Driver {
    attribute: unsafe extern "C" fn(*mut c_int, c_int, c_int) -> Said,
    is_active: unsafe extern "C" fn(c_int, *mut c_uint, *mut c_int) -> Said,
    retain: unsafe extern "C" fn(*mut Context, c_int) -> Said,
    push: unsafe extern "C" fn(Context) -> Said,
    pop: unsafe extern "C" fn(*mut Context) -> Said,
    load: unsafe extern "C" fn(*mut Module, *const c_void) -> Said,
    function: unsafe extern "C" fn(*mut Function, Module, *const c_char) -> Said,
    launch: unsafe extern "C" fn(
        Function,
        c_uint,
        c_uint,
        c_uint,
        c_uint,
        c_uint,
        c_uint,
        c_uint,
        Stream,
        *mut *mut c_void,
        *mut *mut c_void,
    ) -> Said,
    error: unsafe extern "C" fn(Said, *mut *const c_char) -> Said,
}

/// The driver, loaded at the first call.
///
/// # Errors
/// It is not there, or has not what is needed.
pub fn driver() -> Result<&'static Driver, OpError> {
    static FOUND: OnceLock<Result<Driver, OpError>> = OnceLock::new();
    FOUND.get_or_init(|| Driver::load(&["libcuda.so.1"])).as_ref().map_err(Clone::clone)
}

impl Driver {
    pub(super) fn load(names: &[&str]) -> Result<Self, OpError> {
        let library = Loaded::first_of(OP, names)?;
        // SAFETY: the types are those of `cuda.h`; functions of these names never change theirs.
        unsafe {
            let found = Self {
                attribute: library.function("cuDeviceGetAttribute")?,
                is_active: library.function("cuDevicePrimaryCtxGetState")?,
                retain: library.function("cuDevicePrimaryCtxRetain")?,
                push: library.function("cuCtxPushCurrent_v2")?,
                pop: library.function("cuCtxPopCurrent_v2")?,
                load: library.function("cuModuleLoadData")?,
                function: library.function("cuModuleGetFunction")?,
                launch: library.function("cuLaunchKernel")?,
                error: library.function("cuGetErrorString")?,
            };
            // As libtorch did before, after which it changes nothing.
            let init: unsafe extern "C" fn(c_uint) -> Said = library.function("cuInit")?;
            found.check("cuInit", init(0))?;
            Ok(found)
        }
    }

    /// A device in the state in which libtorch uses it.
    ///
    /// # Errors
    /// There is no such device, or libtorch has not used it yet.
    pub fn device(&'static self, number: usize) -> Result<Device, OpError> {
        let ordinal = c_int::try_from(number)
            .map_err(|_| OpError::failed(OP, format!("there is no device {number}")))?;
        let (mut flags, mut is_active, mut context) = (0, 0, std::ptr::null_mut());
        // SAFETY: each function writes the values that it is given pointers to.
        unsafe {
            self.check(
                "cuDevicePrimaryCtxGetState",
                (self.is_active)(ordinal, &mut flags, &mut is_active),
            )?;
            if is_active == 0 {
                let message = format!("libtorch has no context on device {number}");
                return Err(OpError::failed(OP, message));
            }
            // Never released: libtorch, too, keeps it to the end.
            self.check("cuDevicePrimaryCtxRetain", (self.retain)(&mut context, ordinal))?;
        }
        Ok(Device { driver: self, number, ordinal, context })
    }

    fn check(&self, what: &str, said: Said) -> Result<(), OpError> {
        if said == 0 {
            return Ok(());
        }
        let mut text = std::ptr::null();
        // SAFETY: it writes the address of a constant text, or null for a number it does not know.
        let text = unsafe {
            (self.error)(said, &mut text);
            (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
        };
        let text = text.unwrap_or_else(|| "unknown to the driver".to_owned());
        Err(OpError::failed(OP, format!("{what}: {text} (error {said})")))
    }
}

/// A device with libtorch's context.
#[derive(Clone, Copy)]
pub struct Device {
    driver: &'static Driver,
    number: usize,
    ordinal: c_int,
    context: Context,
}

// SAFETY: the driver's functions and contexts may be used by any thread.
unsafe impl Send for Device {}
// SAFETY: as above.
unsafe impl Sync for Device {}

impl Device {
    /// # Errors
    /// What the driver says.
    pub fn capability(&self) -> Result<Capability, OpError> {
        let [major, minor] = [self.attribute(attribute::MAJOR)?, self.attribute(attribute::MINOR)?];
        Ok(10 * major + minor)
    }

    fn attribute(&self, which: c_int) -> Result<u32, OpError> {
        let mut value = 0;
        // SAFETY: it writes one integer.
        let said = unsafe { (self.driver.attribute)(&mut value, which, self.ordinal) };
        self.driver.check("cuDeviceGetAttribute", said)?;
        Ok(u32::try_from(value).unwrap_or_default())
    }

    /// The kernels of these names in what a compiler made.
    ///
    /// # Errors
    /// What the driver says.
    pub fn load(&self, code: &[u8], names: &[&str]) -> Result<OnDevice, OpError> {
        let processors = self.attribute(attribute::PROCESSORS)?;
        let mut module = std::ptr::null_mut();
        let functions = self.within(|driver| {
            // SAFETY: a CUBIN says itself how long it is, PTX ends with a 0.
            let said = unsafe { (driver.load)(&mut module, code.as_ptr().cast()) };
            driver.check("cuModuleLoadData", said)?;
            let function = |name: &&str| {
                let name = CString::new(*name)
                    .map_err(|_| OpError::failed(OP, "a kernel's name has a 0 in it"))?;
                let mut function = std::ptr::null_mut();
                // SAFETY: the module is never unloaded; the name is terminated.
                let said = unsafe { (driver.function)(&mut function, module, name.as_ptr()) };
                driver.check("cuModuleGetFunction", said)?;
                Ok(function)
            };
            names.iter().map(function).collect::<Result<Vec<_>, OpError>>()
        })?;
        Ok(OnDevice { device: *self, functions, blocks: BLOCKS * processors.max(1) as usize })
    }

    /// Does something with libtorch's context, whatever this thread has used before.
    fn within<T>(
        &self,
        work: impl FnOnce(&'static Driver) -> Result<T, OpError>,
    ) -> Result<T, OpError> {
        let driver = self.driver;
        // SAFETY: the context was retained, and is taken off again.
        driver.check("cuCtxPushCurrent", unsafe { (driver.push)(self.context) })?;
        let done = work(driver);
        let mut before = std::ptr::null_mut();
        // SAFETY: it writes one pointer.
        driver.check("cuCtxPopCurrent", unsafe { (driver.pop)(&mut before) })?;
        done
    }

    /// libtorch's current stream there.
    fn stream(&self) -> Result<Stream, OpError> {
        let mut stream = std::ptr::null_mut();
        // SAFETY: the function writes one pointer.
        unsafe { ffi::check(OP, ffi::jp_cuda_stream(self.number as i64, &mut stream)) }?;
        Ok(stream)
    }
}

/// Kernels that were loaded, and stay so.
pub struct OnDevice {
    device: Device,
    functions: Vec<Function>,
    blocks: usize,
}

// SAFETY: functions may be started by any thread.
unsafe impl Send for OnDevice {}
// SAFETY: as above.
unsafe impl Sync for OnDevice {}

impl Kernels for OnDevice {
    fn blocks(&self) -> usize {
        self.blocks
    }

    unsafe fn launch(
        &self,
        kernel: usize,
        blocks: usize,
        threads: usize,
        arguments: &[*const c_void],
    ) -> Result<(), OpError> {
        let stream = self.device.stream()?;
        // SAFETY: the caller's promise; the stream is of this context.
        unsafe { self.start(kernel, [blocks, threads], stream, arguments) }
    }
}

impl OnDevice {
    /// # Safety
    /// As for [`Kernels::launch`]; and the stream is one of the device's.
    unsafe fn start(
        &self,
        kernel: usize,
        sizes: [usize; 2],
        stream: Stream,
        arguments: &[*const c_void],
    ) -> Result<(), OpError> {
        let missing = || OpError::failed(OP, format!("there is no kernel {kernel}"));
        let function = *self.functions.get(kernel).ok_or_else(missing)?;
        let [Ok(blocks), Ok(threads)] = sizes.map(c_uint::try_from) else {
            return Err(OpError::failed(OP, format!("{sizes:?} threads are too many to start")));
        };
        // The driver copies the arguments before it returns, and writes none.
        let arguments = arguments.as_ptr().cast_mut().cast();
        self.device.within(|driver| {
            // SAFETY: the caller's promise; the function is of this context.
            let said = unsafe {
                (driver.launch)(
                    function,
                    blocks,
                    1,
                    1,
                    threads,
                    1,
                    1,
                    0,
                    stream,
                    arguments,
                    std::ptr::null_mut(),
                )
            };
            driver.check("cuLaunchKernel", said)
        })
    }
}

#[cfg(test)]
pub(super) mod tests;
