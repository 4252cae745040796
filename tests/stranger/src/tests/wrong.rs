//! What is wrong is told in the words that a user of the plugin would read.

use jackpot_plugin_api::prelude::*;
use jackpot_plugin_api::testing::*;

use crate::{Bad, HalfGradient, Shortcut, Slope, Swish};

#[test]
fn a_wrong_gradient_is_found() -> TestResult {
    let host = Host::start()?;
    let x = host.tensor(&[1.0, -4.0, 2.0, 0.5], &[2, 2]);
    // x² is right, and autograd sees x · constant: half of 2x, times the element's weight.
    assert_close(&host.activation(&HalfGradient).forward(&x)?, &[1.0, 16.0, 4.0, 0.25], 0.0);
    let error = host.activation(&HalfGradient).check_gradient(&x).unwrap_err().to_string();
    assert!(error.starts_with("the gradient to the input at [0, 1] is -4."), "{error}");
    assert!(error.contains("finite differences give -9."), "{error}");
    Ok(())
}

#[test]
fn hooks_that_fail_keep_kind_and_words() -> TestResult {
    let host = Host::start()?;
    let x = host.tensor(&[1.0, 2.0], &[2]);
    let say = |what: &str| -> TestResult<(ErrorKind, String)> {
        let bad: Bad = item(json!({ "what": what }))?;
        let failure = host.activation(&bad).forward(&x).map(|_| ()).unwrap_err();
        let text = failure.to_string();
        let rest = text.strip_prefix("plugin activation bad (under test), hook `forward`: ");
        Ok((failure.kind(), rest.unwrap_or(&text).to_owned()))
    };
    let (kind, text) = say("panic")?;
    assert_eq!(kind, ErrorKind::Panicked);
    let (place, words) = text.split_once(": ").unwrap();
    assert!(place.starts_with("panicked at src/lib.rs:"), "{text}");
    assert_eq!(words, "no luck today");
    let shape = "the result has shape [] and dtype f32; it must have shape [2] and dtype f32";
    assert_eq!(say("shape")?, (ErrorKind::Failed, shape.to_owned()));
    let (kind, text) = say("operator")?;
    assert!(kind == ErrorKind::Failed && text.contains("aten::no_such_thing"), "{text}");
    assert_eq!(say("refusal")?, (ErrorKind::Refused, "not on Sundays".to_owned()));
    let tensor = "gone: no declared tensor or knob `gone`; there are: none";
    assert_eq!(say("tensor")?, (ErrorKind::Failed, tensor.to_owned()));
    Ok(())
}

#[test]
fn a_tensor_that_is_not_declared_cannot_be_given() -> TestResult {
    let host = Host::start()?;
    let x = host.tensor(&[1.0], &[1]);
    let trial = host.activation(&Slope).site("relu1", &[1]).with("b", &x);
    let error = trial.forward(&x).map(|_| ()).unwrap_err().to_string();
    assert_eq!(error, "it has no declared tensor or knob `b`; there are: a");
    Ok(())
}

#[test]
fn edits_of_a_wrong_shape_are_refused() -> TestResult {
    let host = Host::start()?;
    let wrong: Shortcut = item(json!({ "stride": 1 }))?;
    let error = host.skip(&wrong).rewrite(&small_network()).map(|_| ()).unwrap_err().to_string();
    let start = "the edits of skip shortcut do not fit the graph: node `sum`: ";
    assert!(error.starts_with(start), "{error}");
    assert!(error.contains("must match the size of tensor"), "{error}");
    let right: Shortcut = item(json!({}))?;
    let mut graph = small_network();
    graph.nodes.iter_mut().find(|node| node.id == "relu1").unwrap().id = "other".to_owned();
    let error = host.skip(&right).rewrite(&graph).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("node `conv2`: reads `relu1`"), "{error}");
    Ok(())
}

#[test]
fn tensors_in_the_test_itself_panic_in_the_ordinary_way() -> TestResult {
    let host = Host::start()?;
    let (a, b) = (host.tensor(&[1.0; 2], &[2]), host.tensor(&[1.0; 3], &[3]));
    let add = std::panic::AssertUnwindSafe(|| drop(&a + &b));
    let payload = std::panic::catch_unwind(add).unwrap_err();
    let text = payload.downcast_ref::<String>().unwrap();
    assert!(text.contains("`aten::add.Tensor` failed: The size of tensor a (2)"), "{text}");
    Ok(())
}

#[test]
fn tensors_are_given_back() -> TestResult {
    let host = Host::start()?;
    let swish: Swish = item(json!({}))?;
    let x = host.tensor(&vec![0.5; 1 << 20], &[1 << 20]);
    let before = memory();
    for _ in 0..50 {
        host.activation(&swish).forward(&x)?;
    }
    // Three results of 4 MiB each time.
    let grown = memory().zip(before).map_or(0, |(after, before)| after.saturating_sub(before));
    assert!(grown < 200 << 10, "{grown} KiB more");
    Ok(())
}

/// KiB that the host has in memory, if its number was noted.
fn memory() -> Option<u64> {
    let notes = std::fs::read_to_string(std::env::var_os("NOTED")?).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", notes.trim())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap().trim().strip_suffix(" kB").unwrap().parse().ok()
}
