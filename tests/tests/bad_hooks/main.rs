//! Plugins that do what they must not: the whole message is known (`messages/hooks.txt`), and
//! nothing of the job is left behind.

#![allow(clippy::unwrap_used, reason = "tests")]

mod late;
mod panics;
mod results;

use jackpot_tests::config::Config;
use jackpot_tests::messages::tells;
use jackpot_tests::{Ran, Sandbox, data};

/// The item of a kind with its misdeed, as a value in TOML.
fn bad(kind: &str, how: &str) -> String {
    format!("{{ plugin = \"bad-{kind}\", params = {{ how = \"{how}\" }} }}")
}

/// Runs a config that is refused before anything is trained or written.
#[track_caller]
fn refused(config: &Config, name: &str) {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let ran = sandbox.run(config).fits_on_a_screen();
    assert!(ran.code == 1 || ran.code == 2, "{ran}");
    assert!(!sandbox.at("runs").exists(), "something was written: {ran}");
    assert_eq!(ran.stdout, "", "{ran}");
    told(&sandbox, name, &ran);
}

/// Runs a config of which a job fails; fails if there is anything of that job but the note.
#[track_caller]
fn failed(config: &Config, job: &str, name: &str) {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let ran = sandbox.run(config).expect(1).fits_on_a_screen();
    let place = sandbox.at("runs/tiny").join(job);
    assert!(!place.exists(), "{} is there: {ran}", place.display());
    let note = std::fs::read_to_string(place.with_extension("failed.json")).unwrap();
    let note: serde_json::Value = serde_json::from_str(&note).unwrap();
    let error = note["error"].as_str().unwrap().to_owned();
    assert!(ran.stderr.contains(error.lines().next().unwrap()), "{error}\n{ran}");
    let status = sandbox.jackpot(&["status", "runs/tiny"]).run().expect(0);
    assert!(status.stdout.contains("failed"), "{status}");
    told(&sandbox, name, &ran);
}

/// The message is the listed one.
#[track_caller]
fn told(sandbox: &Sandbox, name: &str, ran: &Ran) {
    tells("hooks", name, ran, &sandbox.relative(&ran.stderr));
}
