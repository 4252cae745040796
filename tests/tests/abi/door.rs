//! A million operators called by a plugin, in one process: the memory stays flat.

use std::fs;
use std::time::Instant;

use jackpot::plugin::kinds::Activation;
use jackpot::plugin::{HookContext, Registry};
use jackpot::torch::settings::set_threads;
use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::manifest::Kind;
use jackpot_tests::install::install;
use serde_json::json;
use tch::Tensor;

/// What a leak of one handle per call would take at the very least: 16 bytes each.
const TOLERANCE: u64 = 4 << 20;

/// The resident set of this process in bytes.
fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = text.split(' ').nth(1).unwrap().parse().unwrap();
    // SAFETY: a plain question.
    pages * u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap()
}

#[test]
fn a_million_tensor_calls_leave_the_memory_flat() {
    set_threads(1).unwrap();
    let mut registry = Registry::default();
    registry.add_file(&install().plugin("fixtures")).unwrap();
    const CALLS: u64 = 1000;
    let params = json!({ "calls": CALLS });
    let params = params.as_object().unwrap();
    let item = registry.create(Kind::Activation, "busy", params).unwrap();
    let busy = Activation::new(item);
    let x = Tensor::from_slice(&[1.0_f32, -2.0, 3.0]);
    let progress = Progress { step: 0, steps_per_epoch: 1, total_steps: 1 };
    let run = |rounds: u64| {
        for _ in 0..rounds {
            let context = HookContext::plain("busy", "", progress, 1);
            let y = tch::no_grad(|| busy.forward(&x, &context)).unwrap();
            // An even number of changes of sign.
            assert_eq!(y, x);
        }
    };
    run(100);
    let (before, begun) = (resident(), Instant::now());
    run(1_000_000 / CALLS);
    let (after, seconds) = (resident(), begun.elapsed().as_secs_f64());
    println!("{before} bytes before, {after} after; {seconds:.2} s");
    assert!(after <= before + TOLERANCE, "{before} bytes before, {after} after");
}
