//! The process's memory: what it keeps though nothing uses it any more, and how much it was.

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

/// The most memory in RAM that the process has had, in bytes (`VmHWM` of proc(5)); `None` where the
/// system does not say.
pub fn highest() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}
