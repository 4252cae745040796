//! `cargo xtask test`: every test there is.

use std::process::Stdio;

use crate::failure::Failure;
use crate::setup;
use crate::workspace::{Workspace, run as start};

pub fn run(workspace: &Workspace, extra: &[String]) -> Result<(), Failure> {
    setup::run(workspace, setup::Options::default())?;
    // End-to-end tests start the real binary on real plugin files, which running tests alone
    // does not build. xtask itself is running, and up to date.
    start(workspace.cargo(&["build", "--workspace", "--exclude", "xtask"]))?;
    let nextest = has_nextest(workspace);
    if !nextest {
        eprintln!("\ntest: cargo-nextest is not installed; using cargo test, which is slower");
    }
    let mut tests = workspace.cargo(&runner(nextest));
    if !extra.is_empty() {
        if !nextest {
            tests.arg("--");
        }
        tests.args(extra);
    }
    // Tests run side by side: with two OpenMP threads each on two cores, threads that wait for
    // each other spin and everything becomes many times slower.
    tests.env("OMP_NUM_THREADS", "1");
    start(tests)?;
    if extra.is_empty() {
        start(workspace.cargo(&["test", "--workspace", "--doc"]))?;
        // Nothing of the workspace uses it, so that it gets into no plugin's file.
        let harness = ["test", "--package", "jackpot-plugin-api", "--features", "testing"];
        start(workspace.cargo(&harness))?;
    }
    Ok(())
}

fn runner(nextest: bool) -> Vec<&'static str> {
    let mut words = if nextest { vec!["nextest", "run"] } else { vec!["test"] };
    words.extend(["--workspace", "--all-targets"]);
    if !nextest {
        // One broken crate must not hide another.
        words.push("--no-fail-fast");
    }
    words
}

fn has_nextest(workspace: &Workspace) -> bool {
    let mut command = workspace.cargo(&["nextest", "--version"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_runners_cover_the_whole_workspace() {
        assert_eq!(runner(true).join(" "), "nextest run --workspace --all-targets");
        assert_eq!(runner(false).join(" "), "test --workspace --all-targets --no-fail-fast");
    }
}
