//! A shared library that is no Jackpot plugin.

/// Something to export.
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> i32 {
    42
}
