//! The Python that tests may use.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// The one that `JACKPOT_TEST_PYTHON` names, if it has those modules; without it the test has
/// nothing to run, and says so.
pub fn with(modules: &str) -> Option<OsString> {
    let skipped = |why: &str| eprintln!("skipped: {why} (CONTRIBUTING.md, Build and test)");
    let Some(python) = std::env::var_os("JACKPOT_TEST_PYTHON") else {
        skipped("JACKPOT_TEST_PYTHON is not set");
        return None;
    };
    let imports = format!("import {modules}");
    let found = Command::new(&python).args(["-c", &imports]).output().unwrap();
    if !found.status.success() {
        skipped(&format!("JACKPOT_TEST_PYTHON lacks one of {modules}"));
        return None;
    }
    Some(python)
}

/// Runs a script of `tests/python` or `docs/python`; what it prints.
#[track_caller]
pub fn script(python: &OsString, file: &str, args: &[&str], folder: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let ran = Command::new(python)
        .arg("-B")
        .arg(root.join(file))
        .args(args)
        .current_dir(folder)
        .env("OMP_NUM_THREADS", "1")
        .output()
        .unwrap();
    let [out, err] = [&ran.stdout, &ran.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(ran.status.success(), "{args:?}\n{out}\n{err}");
    out.into_owned()
}
