//! The script, where `JACKPOT_TEST_PYTHON` names a Python that has torch and safetensors. Without
//! it these tests have nothing to run.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use jackpot_tests::Sandbox;

use crate::golden;

/// That Python with arguments, in a folder.
#[track_caller]
fn python(python: &OsString, args: &[&str], folder: &Path) {
    let ran = Command::new(python).args(args).current_dir(folder).output().unwrap();
    let [out, err] = [&ran.stdout, &ran.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(ran.status.success(), "{args:?}\n{out}\n{err}");
}

fn tests() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn its_own_tests_pass() {
    let Some(path) = std::env::var_os("JACKPOT_TEST_PYTHON") else { return };
    let file = tests().join("python/test_torch_to_jackpot.py");
    python(&path, &["-B", file.to_str().unwrap()], tests());
}

#[test]
fn exporting_again_gives_the_committed_files() {
    let Some(path) = std::env::var_os("JACKPOT_TEST_PYTHON") else { return };
    let sandbox = Sandbox::new();
    let program = "import sys; from pathlib import Path\n\
                   sys.path[:0] = sys.argv[1:]; import own_network\n\
                   own_network.make(Path('.'))";
    let folders = ["golden", "python"].map(|name| tests().join(name));
    let [one, two] = folders.each_ref().map(|folder| folder.to_str().unwrap());
    python(&path, &["-B", "-c", program, one, two], sandbox.path());
    for name in ["resnet", "vgg", "branches", "operators"] {
        for ending in ["net.json", "weights.safetensors"] {
            let file = format!("own_network-{name}.{ending}");
            let made = fs::read(sandbox.at(&file)).unwrap();
            assert!(made == fs::read(golden(&file)).unwrap(), "{file} is not what is committed");
        }
    }
}
