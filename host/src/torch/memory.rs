//! Memory that the process keeps though nothing uses it any more.

/// Gives the C library's free memory back to the system. Tensors of a training are freed piece by
/// piece, between small things that live on, and glibc then keeps the free pieces: after one job
/// that needed much, every later one would seem to.
pub fn trim() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it takes a number and touches nothing but free memory.
    unsafe {
        libc::malloc_trim(0);
    }
}
