//! `cargo xtask exports`: what `jackpot export` writes, in the programs that it is written for.

use crate::failure::Failure;
use crate::setup;
use crate::workspace::{Workspace, run as start};

/// Says which Python has them.
const VARIABLE: &str = "JACKPOT_TEST_PYTHON";

/// Fails without the modules, and says which versions are compared with: the record in
/// docs/export.md has them.
const VERSIONS: &str = "import onnx, onnxruntime, safetensors, torch
print('onnx', onnx.__version__, 'onnxruntime', onnxruntime.__version__,
      'safetensors', safetensors.__version__, 'torch', torch.__version__)";

/// One after the other, since each fills the memory and the disk with networks; the long one, too.
const TESTS: [&str; 9] = [
    "test",
    "--package",
    "jackpot-tests",
    "--test",
    "export",
    "--",
    "--include-ignored",
    "--nocapture",
    "--test-threads=1",
];

pub fn run(workspace: &Workspace) -> Result<(), Failure> {
    let python = std::env::var(VARIABLE).unwrap_or_else(|_| "python3".to_owned());
    let mut versions = workspace.program(&python);
    versions.args(["-c", VERSIONS]);
    start(versions).map_err(|failure| {
        let wanted = "onnx, onnxruntime, safetensors and torch";
        Failure::Other(format!("{failure}\n{VARIABLE} has to name a Python with {wanted}"))
    })?;
    setup::run(workspace, setup::Options::default())?;
    start(workspace.cargo(&["build", "--workspace", "--exclude", "xtask"]))?;
    let mut tests = workspace.cargo(&TESTS);
    tests.env(VARIABLE, python).env("OMP_NUM_THREADS", "1");
    start(tests)
}
