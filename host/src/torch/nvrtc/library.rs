//! Libraries that are loaded while the program runs, and their functions.

use std::ffi::{CStr, OsStr, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

use crate::torch::error::OpError;

/// A library that stays loaded.
pub(super) struct Loaded {
    /// What is asked of it, for errors.
    about: &'static str,
    library: &'static Library,
}

impl Loaded {
    /// The first of these names that the system finds.
    ///
    /// # Errors
    /// It finds none.
    pub fn first_of(about: &'static str, names: &[&str]) -> Result<Self, OpError> {
        for &name in names {
            // SAFETY: they are NVIDIA's libraries or libtorch's own, made to be loaded by any program
            // at any time.
            if let Ok(library) = unsafe { Library::open(Some(name), RTLD_NOW | RTLD_LOCAL) } {
                return Ok(Self { about, library: Box::leak(Box::new(library)) });
            }
        }
        let message = format!("none of these libraries can be loaded: {}", names.join(", "));
        Err(OpError::failed(about, message))
    }

    /// A function of it, or of the libraries that it needs itself.
    ///
    /// # Errors
    /// There is none of that name.
    ///
    /// # Safety
    /// `T` is the type of a pointer to that function.
    pub unsafe fn function<T: Copy>(&self, name: &str) -> Result<T, OpError> {
        // SAFETY: the caller's promise; the library stays loaded.
        let found = unsafe { self.library.get::<T>(name) };
        found.map(|found| *found).map_err(|_| {
            OpError::failed(self.about, format!("the library has no function `{name}`"))
        })
    }
}

/// Loads the libraries with such names from the folder of a function's own, where that itself would not
/// look for them.
///
/// # Safety
/// It is a function's address. Those libraries may be loaded at any time.
pub(super) unsafe fn load_beside(function: *const c_void, prefix: &str) {
    // SAFETY: the caller's promise.
    let folder = unsafe { file_of(function) }.and_then(|file| file.parent().map(Path::to_path_buf));
    let Some(files) = folder.and_then(|folder| folder.read_dir().ok()) else { return };
    for file in files.flatten() {
        if file.file_name().as_bytes().starts_with(prefix.as_bytes()) {
            // SAFETY: the caller's promise. One that cannot be loaded may not be needed.
            let found = unsafe { Library::open(Some(file.path()), RTLD_NOW | RTLD_LOCAL) };
            std::mem::forget(found);
        }
    }
}

/// The file that a function was loaded from.
///
/// # Safety
/// It is a function's address.
unsafe fn file_of(function: *const c_void) -> Option<PathBuf> {
    // SAFETY: of these pointers and numbers all may be zero; the function writes them.
    let (info, is_known) = unsafe {
        let mut info: libc::Dl_info = std::mem::zeroed();
        let said = libc::dladdr(function, &mut info);
        (info, said != 0 && !info.dli_fname.is_null())
    };
    if !is_known {
        return None;
    }
    // SAFETY: the name is terminated, and there as long as the library.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    Path::new(OsStr::from_bytes(name.to_bytes())).canonicalize().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_not_there_is_an_error_with_its_names() {
        let error = Loaded::first_of("nvrtc", &["libno.so.1", "libno.so.2"]).err().unwrap();
        let line = "`nvrtc` failed: none of these libraries can be loaded: libno.so.1, libno.so.2";
        assert_eq!(error.to_string(), line);
    }

    #[test]
    fn functions_are_found_by_name_or_not_at_all() {
        let library = Loaded::first_of("libc", &["libno.so.1", "libc.so.6"]).unwrap();
        // SAFETY: the type is that of the C library's function.
        let abs = unsafe { library.function::<extern "C" fn(i32) -> i32>("abs") }.unwrap();
        assert_eq!(abs(-3), 3);
        // SAFETY: as above.
        let file = unsafe { file_of(abs as *const c_void) }.unwrap();
        assert!(file.file_name().unwrap().to_str().unwrap().starts_with("libc"), "{file:?}");
        // By way of a library that needs it.
        let other = Loaded::first_of("libm", &["libm.so.6"]).unwrap();
        // SAFETY: as above.
        let abs = unsafe { other.function::<extern "C" fn(i32) -> i32>("abs") }.unwrap();
        assert_eq!(abs(-4), 4);
        // SAFETY: there is no such function.
        let error = unsafe { library.function::<extern "C" fn()>("cuNone") }.err().unwrap();
        assert_eq!(error.to_string(), "`libc` failed: the library has no function `cuNone`");
    }
}
