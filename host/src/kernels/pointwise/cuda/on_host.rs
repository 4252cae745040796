//! Kernels compiled by the C++ compiler of this machine, so that tests can run them without a GPU.

use std::ffi::{OsString, c_void};
use std::process::Command;
use std::sync::Mutex;

use libloading::os::unix::{Library, Symbol};

use super::{BACKWARD, FORWARD};

/// One kernel at a time: the place of a thread is global there.
static TURN: Mutex<()> = Mutex::new(());

/// Kernels of several sources.
pub struct OnHost {
    library: Library,
}

type Run = unsafe extern "C" fn(u32, u32, *const *const c_void);

impl OnHost {
    /// Compiles them with `$CXX`, or else `c++`.
    pub fn new(sources: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("kernels.cpp"), folder.path().join("kernels.so"));
        let mut text = include_str!("on_host.cpp").to_owned();
        for (number, source) in sources.iter().enumerate() {
            text.push_str(&with_names(number, source));
        }
        std::fs::write(&from, text).unwrap();
        let compiler = std::env::var_os("CXX").unwrap_or_else(|| OsString::from("c++"));
        let said = Command::new(compiler)
            .args(["-std=c++17", "-O1", "-fPIC", "-shared", "-fno-strict-aliasing"])
            .args([
                "-Wall",
                "-Wextra",
                "-Werror",
                "-Wno-unknown-pragmas",
                "-Wno-unused",
                "-Wno-unused-parameter",
            ])
            .args([from.as_os_str(), "-o".as_ref(), to.as_os_str()])
            .output()
            .unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        // SAFETY: it was compiled just now, and does nothing when it is loaded.
        Self { library: unsafe { Library::new(&to) }.unwrap() }
    }

    /// Runs a kernel of the source of that number: forward or backward.
    ///
    /// # Safety
    /// The arguments are pointers to what the kernel takes.
    pub unsafe fn run(
        &self,
        number: usize,
        is_forward: bool,
        blocks: u32,
        threads: u32,
        arguments: &[*const c_void],
    ) {
        let kernel = if is_forward { FORWARD } else { BACKWARD };
        let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // SAFETY: the type is that of all functions `with_names` writes; the rest is promised.
        unsafe {
            let run: Symbol<Run> =
                self.library.get(format!("run_{kernel}_{number}").as_bytes()).unwrap();
            run(blocks, threads, arguments.as_ptr());
        }
    }
}

/// A source in a namespace of its own, its kernels' names with a number, and functions that run them.
fn with_names(number: usize, text: &str) -> String {
    let numbered = |kernel: &str| format!("{kernel}_{number}");
    let run = |kernel: &str| {
        format!(
            "extern \"C\" void run_{kernel}_{number}(\n    \
             unsigned int blocks, unsigned int threads, const void *const *with) {{\n  \
             launch(blocks, threads, {kernel}_{number}, with);\n}}\n"
        )
    };
    let text = text.replace(FORWARD, &numbered(FORWARD)).replace(BACKWARD, &numbered(BACKWARD));
    format!("namespace source_{number} {{\n{text}\n{}{}}}\n", run(FORWARD), run(BACKWARD))
}
