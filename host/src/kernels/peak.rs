//! What a core can do at most: the measure that kernels are held against.

use super::clock::thread_time;
use super::isa::Isa;
use super::micro::CHAINS;
use std::hint::black_box;

const STEPS: usize = 200_000;

/// Multiply-adds from registers to registers, in operations (two each) per second: the best of
/// some tries on the thread that calls.
pub fn peak(isa: Isa) -> f64 {
    let mut best = 0.0f64;
    for _ in 0..20 {
        let start = thread_time();
        isa.chains(black_box(1.0), black_box(1e-9), STEPS);
        let operations = 2 * CHAINS * STEPS * isa.lanes();
        best = best.max(operations as f64 / (thread_time() - start).as_secs_f64());
    }
    best
}
