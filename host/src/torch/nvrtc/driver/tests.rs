//! The driver's calls, against a library with the same functions that does nothing but look at them.

use std::ffi::OsString;
use std::process::Command;
use std::sync::OnceLock;

use super::*;

/// Compiled once by the C++ compiler of this machine.
pub fn fake() -> &'static Driver {
    static FOUND: OnceLock<Driver> = OnceLock::new();
    FOUND.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("cuda.cpp"), folder.path().join("libcuda.so"));
        std::fs::write(&from, include_str!("fake.cpp")).unwrap();
        let compiler = std::env::var_os("CXX").unwrap_or_else(|| OsString::from("c++"));
        let mut command = Command::new(compiler);
        command.args(["-std=c++17", "-fPIC", "-shared", "-Wall", "-Werror"]);
        command.args([from.as_os_str(), "-o".as_ref(), to.as_os_str()]);
        assert!(command.status().unwrap().success());
        Driver::load(&["libno.so.1", to.to_str().unwrap()]).unwrap()
    })
}

fn error<T>(result: Result<T, OpError>) -> String {
    let text = result.err().unwrap().to_string();
    assert_eq!(text.lines().count(), 1);
    text
}

#[test]
fn a_device_is_used_only_where_libtorch_does() {
    assert_eq!(fake().device(0).unwrap().capability().unwrap(), 90);
    assert_eq!(error(fake().device(1)), "`cuda` failed: libtorch has no context on device 1");
    let none = "`cuda` failed: cuDevicePrimaryCtxGetState: invalid device ordinal (error 101)";
    assert_eq!(error(fake().device(5)), none);
    assert!(error(fake().device(usize::MAX)).contains("there is no device"));
}

#[test]
fn kernels_are_started_with_their_arguments_in_the_devices_context() {
    let kernels = fake().device(0).unwrap().load(b"\x7fELF", &["first", "second"]).unwrap();
    assert_eq!(kernels.blocks(), 8 * 132);
    let (number, mut sum) = (20_i64, 0_i64);
    let pointer = &raw mut sum;
    let arguments = [(&raw const number).cast::<c_void>(), (&raw const pointer).cast()];
    let stream = std::ptr::without_provenance_mut(77);
    // SAFETY: the library's kernels take a number and where they write.
    unsafe { kernels.start(1, [40, 256], stream, &arguments) }.unwrap();
    // The second of two, blocks, threads, the stream and the number, each with a place of its own.
    assert_eq!(sum, 2_000_000_000 + 40_000_000 + 256_000 + 77 * 10 + 20);
    // SAFETY: nothing is started.
    let none = unsafe { kernels.start(2, [1, 256], stream, &arguments) };
    assert_eq!(error(none), "`cuda` failed: there is no kernel 2");
    // SAFETY: the library refuses so many threads.
    let many = unsafe { kernels.start(0, [1, 2048], stream, &arguments) };
    assert_eq!(error(many), "`cuda` failed: cuLaunchKernel: unknown to the driver (error 9999)");
    // Each context was taken off again, or the library would have refused all after it.
    // SAFETY: as above.
    unsafe { kernels.start(0, [1, 1], stream, &arguments) }.unwrap();
}

#[test]
fn what_the_driver_refuses_is_told() {
    let device = fake().device(0).unwrap();
    let image = "`cuda` failed: cuModuleLoadData: device kernel image is invalid (error 200)";
    assert_eq!(error(device.load(b"none", &["first"])), image);
    let name = "`cuda` failed: cuModuleGetFunction: unknown to the driver (error 500)";
    assert_eq!(error(device.load(b"\x7fELF", &["third"])), name);
    let none = error(Driver::load(&["libno.so.1"]));
    assert_eq!(none, "`cuda` failed: none of these libraries can be loaded: libno.so.1");
    // libtorch has no streams where it has no GPU.
    if crate::torch::cuda::device_count() == 0 {
        assert!(error(device.stream()).starts_with("`cuda` failed: "));
    }
}
