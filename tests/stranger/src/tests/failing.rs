//! Tests that fail, for what `cargo test` then shows; and measurements.

use std::time::Instant;

use jackpot_plugin_api::prelude::*;
use jackpot_plugin_api::testing::*;

use crate::{HalfGradient, Swish};

#[test]
#[ignore = "fails"]
fn a_wrong_gradient() -> TestResult {
    let host = Host::start()?;
    host.activation(&HalfGradient).check_gradient(&host.tensor(&[3.0], &[1]))
}

#[test]
#[ignore = "fails"]
fn a_wrong_value() {
    let host = Host::start().unwrap();
    let swish: Swish = item(json!({})).unwrap();
    let y = host.activation(&swish).forward(&host.tensor(&[0.0, 1.0], &[2])).unwrap();
    assert_close(&y, &[0.0, 0.5], 1e-3);
}

#[test]
#[ignore = "ends the process"]
fn the_process_ends_in_the_middle() {
    let host = Host::start().unwrap();
    assert_eq!(host.tensor(&[1.0], &[1]).item(), 1.0);
    std::process::abort();
}

#[test]
#[ignore = "a measurement"]
fn latency() {
    let host = Host::start().unwrap();
    let x = host.tensor(&[1.0; 8], &[8]);
    let begun = Instant::now();
    for _ in 0..10_000 {
        let _ = &x * 2.0;
    }
    println!("{:.1} µs per operator", begun.elapsed().as_secs_f64() * 1e6 / 10_000.0);
    let swish: Swish = item(json!({})).unwrap();
    let begun = Instant::now();
    for _ in 0..1_000 {
        host.activation(&swish).forward(&x).unwrap();
    }
    println!("{:.1} µs per trial of three operators", begun.elapsed().as_secs_f64() * 1e6 / 1e3);
}
