//! NVRTC: a text in CUDA C++ to code for a GPU.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::sync::OnceLock;

use super::library::{Loaded, load_beside};
use crate::torch::error::OpError;
use crate::torch::ffi::one_line;

const OP: &str = "nvrtc";

/// libtorch's own library needs the NVRTC that it came with, whose functions are found through it; and
/// by themselves those of the CUDA versions whose functions are known here.
const NAMES: [&str; 3] = ["libcaffe2_nvrtc.so", "libnvrtc.so.13", "libnvrtc.so.12"];

/// A GPU's compute capability, 90 for 9.0.
pub type Capability = u32;

/// For what code is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The code of GPUs with that capability.
    Exact(Capability),
    /// PTX, from which the driver makes code for later ones.
    AtLeast(Capability),
}

impl Target {
    /// What is best for a GPU among what a compiler knows; `None`: it is too old for it.
    pub fn of(device: Capability, known: &[Capability]) -> Option<Self> {
        if known.contains(&device) {
            return Some(Self::Exact(device));
        }
        known.iter().copied().filter(|known| *known < device).max().map(Self::AtLeast)
    }

    fn option(self) -> String {
        match self {
            Self::Exact(capability) => format!("--gpu-architecture=sm_{capability}"),
            Self::AtLeast(capability) => format!("--gpu-architecture=compute_{capability}"),
        }
    }
}

/// `nvrtcProgram`: what is compiled.
type Program = *mut u8;
/// `nvrtcResult`; 0 is good.
type Said = c_int;
type SizeOf = unsafe extern "C" fn(Program, *mut usize) -> Said;
type TextOf = unsafe extern "C" fn(Program, *mut c_char) -> Said;

/// NVRTC's functions, as `nvrtc.h` declares them.
pub struct Library {
    create: unsafe extern "C" fn(
        *mut Program,
        *const c_char,
        *const c_char,
        c_int,
        *const *const c_char,
        *const *const c_char,
    ) -> Said,
    compile: unsafe extern "C" fn(Program, c_int, *const *const c_char) -> Said,
    destroy: unsafe extern "C" fn(*mut Program) -> Said,
    log: (SizeOf, TextOf),
    cubin: (SizeOf, TextOf),
    ptx: (SizeOf, TextOf),
    error: unsafe extern "C" fn(Said) -> *const c_char,
    known: Vec<Capability>,
}

/// The library, loaded at the first call.
///
/// # Errors
/// It is not there, or has not what is needed.
pub fn library() -> Result<&'static Library, OpError> {
    static FOUND: OnceLock<Result<Library, OpError>> = OnceLock::new();
    FOUND.get_or_init(|| Library::load(&NAMES)).as_ref().map_err(Clone::clone)
}

impl Library {
    fn load(names: &[&str]) -> Result<Self, OpError> {
        let library = Loaded::first_of(OP, names)?;
        // SAFETY: the types are those of `nvrtc.h`, the same in CUDA 12 and 13.
        unsafe {
            type Count = unsafe extern "C" fn(*mut c_int) -> Said;
            let count = library.function::<Count>("nvrtcGetNumSupportedArchs")?;
            let list = library.function::<Count>("nvrtcGetSupportedArchs")?;
            let mut found = Self {
                create: library.function("nvrtcCreateProgram")?,
                compile: library.function("nvrtcCompileProgram")?,
                destroy: library.function("nvrtcDestroyProgram")?,
                log: (
                    library.function("nvrtcGetProgramLogSize")?,
                    library.function("nvrtcGetProgramLog")?,
                ),
                cubin: (library.function("nvrtcGetCUBINSize")?, library.function("nvrtcGetCUBIN")?),
                ptx: (library.function("nvrtcGetPTXSize")?, library.function("nvrtcGetPTX")?),
                error: library.function("nvrtcGetErrorString")?,
                known: Vec::new(),
            };
            // It would look for these by their name alone, which a Python environment does not answer.
            load_beside(found.compile as *const c_void, "libnvrtc-builtins.so");
            let mut number = 0;
            found.check(count(&mut number))?;
            let mut known: Vec<c_int> = vec![0; usize::try_from(number).unwrap_or_default()];
            found.check(list(known.as_mut_ptr()))?;
            found.known = known.into_iter().filter_map(|one| one.try_into().ok()).collect();
            Ok(found)
        }
    }

    /// The capabilities that it knows.
    pub fn known(&self) -> &[Capability] {
        &self.known
    }

    /// The code as the driver loads it: a CUBIN, or PTX with its 0 at the end.
    ///
    /// # Errors
    /// [`OpError::Failed`] with the first error in the text, on one line.
    pub fn compile(&self, text: &str, target: Target) -> Result<Vec<u8>, OpError> {
        let text = CString::new(text).map_err(|_| failed("the text has a 0 in it"))?;
        let options = [c"--std=c++17".to_owned(), option(&target.option())?];
        let options: Vec<_> = options.iter().map(|option| option.as_ptr()).collect();
        let mut program = Running { library: self, program: std::ptr::null_mut() };
        // SAFETY: texts and options are terminated, and are there until the end; there are no headers.
        unsafe {
            self.check((self.create)(
                &mut program.program,
                text.as_ptr(),
                c"jackpot.cu".as_ptr(),
                0,
                std::ptr::null(),
                std::ptr::null(),
            ))?;
            let said = (self.compile)(program.program, options.len() as c_int, options.as_ptr());
            if said != 0 {
                let log = program.bytes(self.log).unwrap_or_default();
                return Err(self.refused(said, &String::from_utf8_lossy(&log)));
            }
        }
        match target {
            Target::Exact(_) => program.bytes(self.cubin),
            Target::AtLeast(_) => program.bytes(self.ptx),
        }
    }

    fn refused(&self, said: Said, log: &str) -> OpError {
        let first = log.lines().find(|line| line.contains("error"));
        let log = one_line(first.unwrap_or(log).trim_end_matches('\0'));
        failed(format!("{}: {log}", self.text(said)))
    }

    fn check(&self, said: Said) -> Result<(), OpError> {
        if said == 0 { Ok(()) } else { Err(failed(self.text(said))) }
    }

    fn text(&self, said: Said) -> String {
        // SAFETY: it returns a constant text for every number.
        let text = unsafe { (self.error)(said) };
        if text.is_null() {
            return format!("error {said}");
        }
        // SAFETY: as above.
        unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
    }
}

fn failed(message: impl Into<String>) -> OpError {
    OpError::failed(OP, message)
}

fn option(text: &str) -> Result<CString, OpError> {
    CString::new(text).map_err(|_| failed("an option has a 0 in it"))
}

/// What is compiled, until it is dropped.
struct Running<'a> {
    library: &'a Library,
    program: Program,
}

impl Running<'_> {
    /// What a pair of functions gives: how long it is, and itself.
    fn bytes(&self, (size, text): (SizeOf, TextOf)) -> Result<Vec<u8>, OpError> {
        let mut length = 0;
        // SAFETY: the program is there, and the second function writes as many bytes as the first says.
        unsafe {
            self.library.check(size(self.program, &mut length))?;
            let mut bytes = vec![0_u8; length];
            self.library.check(text(self.program, bytes.as_mut_ptr().cast()))?;
            Ok(bytes)
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.program.is_null() {
            // SAFETY: it is ours, and nobody uses it any more. There is nothing to do about an error.
            unsafe { (self.library.destroy)(&mut self.program) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_the_gpus_own_or_the_last_before_it() {
        let known = [75, 80, 86, 90, 100, 120];
        assert_eq!(Target::of(90, &known), Some(Target::Exact(90)));
        assert_eq!(Target::of(89, &known), Some(Target::AtLeast(86)));
        assert_eq!(Target::of(130, &known), Some(Target::AtLeast(120)));
        assert_eq!(Target::of(70, &known), None);
        assert_eq!(Target::Exact(90).option(), "--gpu-architecture=sm_90");
        assert_eq!(Target::AtLeast(86).option(), "--gpu-architecture=compute_86");
    }

    #[test]
    fn without_the_library_the_error_says_which() {
        let error = Library::load(&["libno.so.13"]).err().unwrap().to_string();
        assert_eq!(error, "`nvrtc` failed: none of these libraries can be loaded: libno.so.13");
    }

    #[test]
    fn what_the_compiler_refuses_is_told_in_one_line() {
        let library = match library() {
            Ok(library) => library,
            Err(error) => return eprintln!("not tested: {error}"),
        };
        let error = library.compile("__global__ void f() { x = 1; }", Target::AtLeast(75));
        let error = error.unwrap_err().to_string();
        assert_eq!(error.lines().count(), 1);
        assert!(error.contains("NVRTC_ERROR_COMPILATION: jackpot.cu(1): error:"), "{error}");
        let error = library.compile("", Target::Exact(12)).unwrap_err().to_string();
        assert!(error.contains("NVRTC_ERROR_INVALID_OPTION"), "{error}");
        assert!(library.compile("\0", Target::AtLeast(75)).is_err());
    }
}
