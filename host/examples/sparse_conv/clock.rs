//! The time that counts.

use jackpot::kernels::thread_time;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// With one thread what that thread has computed, so that other programs on its core do not
/// count; with several the time of day.
pub fn now(threads: usize) -> Duration {
    if threads == 1 { thread_time() } else { START.elapsed() }
}

pub fn milliseconds(from: Duration, to: Duration) -> f64 {
    (to - from).as_secs_f64() * 1e3
}
