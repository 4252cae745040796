//! Cargo as a stranger runs it: in another workspace, knowing nothing of this one, offline.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::install::install;

/// The repository.
pub const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Where strangers' crates are built. Kept between runs, and one for all: only the first build
/// compiles `jackpot-plugin-api`.
pub fn target() -> PathBuf {
    install().scratch.join("outside-target")
}

/// Runs cargo in a folder, for release, and fails with what it printed if it fails.
#[track_caller]
pub fn cargo(folder: &Path, command: &str, args: &[&str]) -> Output {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([command, "--release", "--offline"]).args(args).current_dir(folder);
    for (name, _) in std::env::vars_os() {
        // Nothing of this workspace's build.
        let name = name.to_string_lossy();
        let cargos = name.starts_with("CARGO") && name != "CARGO_HOME";
        if cargos || name.starts_with("NEXTEST") || name == "JACKPOT" {
            cargo.env_remove(&*name);
        }
    }
    let output = cargo.env("CARGO_TARGET_DIR", target()).output().unwrap();
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|s| String::from_utf8_lossy(s));
    assert!(output.status.success(), "cargo {command} {args:?}\n{stdout}\n{stderr}");
    output
}

/// Builds the crates in a folder.
#[track_caller]
pub fn build(folder: &Path) {
    cargo(folder, "build", &[]);
}
