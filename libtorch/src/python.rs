//! Asking a Python something.

use std::path::Path;
use std::process::{Command, Stdio};

/// What it prints for this program; `None` where it is no Python or cannot say.
pub fn ask(python: &Path, question: &str) -> Option<String> {
    // From "/": in the current folder a directory named `torch` would pass for the package.
    let output = Command::new(python)
        .args(["-c", question])
        .current_dir("/")
        .stdin(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}
