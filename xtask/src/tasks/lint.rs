//! `cargo xtask lint`: formatting, clippy, cargo deny.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::setup;
use crate::workspace::{Workspace, run as start};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Fmt,
    Clippy,
    Deny,
}

impl Step {
    pub fn from_name(name: &str) -> Option<Step> {
        match name {
            "fmt" => Some(Step::Fmt),
            "clippy" => Some(Step::Clippy),
            "deny" => Some(Step::Deny),
            _ => None,
        }
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Empty: all, quickest first.
    pub steps: Vec<Step>,
    /// Install cargo-deny where it is missing.
    pub install: bool,
}

/// Where cargo-deny gets its advisories from.
const ADVISORIES: &str = "https://github.com/rustsec/advisory-db";

/// The workspace of examples, which is not part of this one.
const EXAMPLES: &str = "--manifest-path=examples/Cargo.toml";

pub fn run(workspace: &Workspace, options: &Options) -> Result<(), Failure> {
    let all = [Step::Fmt, Step::Clippy, Step::Deny];
    let steps = if options.steps.is_empty() { &all[..] } else { &options.steps };
    for step in steps {
        match step {
            Step::Fmt => {
                start(workspace.cargo(&["fmt", "--all", "--check"]))?;
                start(workspace.cargo(&["fmt", EXAMPLES, "--all", "--check"]))?;
            }
            Step::Clippy => {
                // Build scripts look at libtorch, also where nothing is linked.
                setup::ensure(workspace, setup::Options::default())?;
                let harness = ["--package", "jackpot-plugin-api", "--features", "testing"];
                for what in [&["--workspace"][..], &harness] {
                    let mut clippy = workspace.cargo(&["clippy", "--all-targets"]);
                    clippy.args(what).args(["--", "-D", "warnings"]);
                    start(clippy)?;
                }
                let mut examples = workspace.cargo(&["clippy", EXAMPLES, "--locked"]);
                examples.arg("--target-dir").arg(workspace.target.join("examples"));
                examples.args(["--all-targets", "--", "-D", "warnings"]);
                start(examples)?;
            }
            Step::Deny => deny(workspace, options.install || std::env::var_os("CI").is_some())?,
        }
    }
    Ok(())
}

fn deny(workspace: &Workspace, install: bool) -> Result<(), Failure> {
    if !succeeds(workspace.cargo(&["deny", "--version"])) {
        if !install {
            return Err(Failure::Other(
                "cargo-deny is not installed\n\n\
                 \x20 cargo xtask lint --install     installs it (some minutes, once)\n\
                 \x20 cargo xtask lint fmt clippy    does without"
                    .to_owned(),
            ));
        }
        start(workspace.cargo(&["install", "cargo-deny", "--locked"]))?;
    }
    start(workspace.cargo(&["deny", "check", "licenses", "bans", "sources"]))?;
    // The database is a git repository elsewhere: no network is no fault of the code under check.
    if reachable(ADVISORIES, Duration::from_secs(20)) {
        start(workspace.cargo(&["deny", "check", "advisories"]))
    } else {
        eprintln!("\nlint: advisories are NOT checked: {ADVISORIES} cannot be reached");
        Ok(())
    }
}

/// Whether a git repository answers in time.
fn reachable(url: &str, patience: Duration) -> bool {
    let mut git = Command::new("git");
    // Without a terminal prompt: a proxy that wants a password counts as no answer.
    git.args(["ls-remote", "--exit-code", url, "HEAD"]).env("GIT_TERMINAL_PROMPT", "0");
    silence(&mut git);
    let Ok(mut child) = git.spawn() else { return false };
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if began.elapsed() < patience => thread::sleep(Duration::from_millis(50)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
    }
}

fn succeeds(mut command: Command) -> bool {
    silence(&mut command);
    command.status().is_ok_and(|status| status.success())
}

fn silence(command: &mut Command) {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_reachable_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("file://{}", folder.path().display());
        let patience = Duration::from_secs(20);
        assert!(!reachable(&url, patience), "no repository there");
        for words in [
            &["init", "-q"][..],
            &[
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@b",
                "commit",
                "-q",
                "--allow-empty",
                "-m",
                "x",
            ],
        ] {
            let mut git = Command::new("git");
            assert!(git.args(words).current_dir(folder.path()).status().unwrap().success());
        }
        assert!(reachable(&url, patience));
    }

    #[test]
    fn programs_succeed_or_fail_silently() {
        assert!(succeeds(Command::new("true")));
        assert!(!succeeds(Command::new("false")));
        assert!(!succeeds(Command::new("no-such-program-here")));
    }
}
