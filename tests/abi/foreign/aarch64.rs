//! A shared library of another machine; see the README of the folder above.

#![no_std]
#![crate_type = "cdylib"]

/// Something to export.
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> i32 {
    42
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
