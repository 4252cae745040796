//! The tests of a plugin's author, in a crate of a stranger: `cargo test` tries items of every kind
//! on the installed program, finds what is wrong, and leaves nothing behind.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jackpot_tests::install::install;
use jackpot_tests::stranger::{self, ROOT};
use jackpot_tests::{Sandbox, files};

/// The stranger's crate, compiled with its tests: their program, and the crate's folder.
struct Stranger {
    tests: PathBuf,
    folder: tempfile::TempDir,
}

/// What the tests' program said.
struct Said {
    success: bool,
    text: String,
}

impl Stranger {
    /// Copies the crate out of the repository (or cargo would look for it in its workspace) and
    /// compiles it as its author would.
    fn build() -> Self {
        let root = Path::new(ROOT);
        let folder = tempfile::tempdir().unwrap();
        files::copy(&root.join("tests/stranger"), folder.path());
        let manifest = folder.path().join("Cargo.toml");
        let api = root.join("plugin-api").canonicalize().unwrap();
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(&manifest, text.replace("PLUGIN-API", api.to_str().unwrap())).unwrap();
        // The same versions as here, which are known to be on this machine.
        fs::copy(root.join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
        let built = stranger::cargo(folder.path(), "test", &["--no-run"]);
        let words = String::from_utf8_lossy(&built.stderr).into_owned();
        // Executable unittests src/lib.rs (path)
        let line = words.lines().find(|line| line.contains("Executable unittests")).unwrap();
        let path = line.rsplit_once('(').unwrap().1.trim_end_matches(')');
        Self { tests: PathBuf::from(path), folder }
    }

    /// Runs some of its tests with `jackpot` at that place.
    fn run(&self, jackpot: Option<&Path>, args: &[&str]) -> Said {
        self.run_with(jackpot, args, &[])
    }

    /// As [`Stranger::run`], with variables set.
    fn run_with(&self, jackpot: Option<&Path>, args: &[&str], set: &[(&str, &Path)]) -> Said {
        let mut tests = Command::new(&self.tests);
        tests.envs(set.iter().copied());
        tests.args(args).current_dir(self.folder.path());
        tests.env_remove("RUST_BACKTRACE").env_remove("JACKPOT_PLUGIN_PATH").env("PATH", "");
        match jackpot {
            Some(path) => tests.env("JACKPOT", path),
            None => tests.env_remove("JACKPOT"),
        };
        let ran = tests.output().unwrap();
        let text = [ran.stdout, ran.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        Said { success: ran.status.success(), text: text.concat() }
    }
}

impl Said {
    #[track_caller]
    fn says(&self, words: &str) {
        assert!(self.text.contains(words), "it does not say {words:?}:\n{}", self.text);
    }
}

/// A program that is `jackpot` but for these lines of a shell before.
fn wrapped(sandbox: &Sandbox, lines: &str) -> PathBuf {
    let binary = install().binary.to_str().unwrap();
    let path = sandbox.write("wrapped", format!("#!/bin/sh\n{lines}\nexec '{binary}' \"$@\"\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// The processes that noted their numbers.
fn noted(sandbox: &Sandbox) -> Vec<String> {
    let notes = fs::read_to_string(sandbox.at("pids")).unwrap();
    notes.lines().map(str::to_owned).collect()
}

#[test]
fn an_author_tests_items_of_every_kind() {
    let stranger = Stranger::build();
    let sandbox = Sandbox::new();
    let jackpot = install().binary.clone();

    // All in one process, in parallel threads, on one program.
    let pids = sandbox.at("pids");
    let noting = wrapped(&sandbox, &format!("echo $$ >> '{}'", pids.display()));
    let ran = stranger.run_with(Some(&noting), &[], &[("NOTED", &pids)]);
    assert!(ran.success, "{}", ran.text);
    ran.says("0 failed");
    let all = noted(&sandbox);
    assert_eq!(all.len(), 1, "one program for all tests");
    has_ended(&all[0]);

    // What fails is shown in the words of the failure alone.
    let ran =
        stranger.run(Some(&jackpot), &["--ignored", "--exact", "tests::failing::a_wrong_gradient"]);
    assert!(!ran.success, "{}", ran.text);
    ran.says(
        "Error: the gradient to the input at [0] is 4.854102, finite differences give 9.708204: \
         4.9e0 apart, allowed 1.1e-5",
    );
    // A hook ran before, and the test's own panic is shown as ever.
    let ran =
        stranger.run(Some(&jackpot), &["--ignored", "--exact", "tests::failing::a_wrong_value"]);
    assert!(!ran.success, "{}", ran.text);
    ran.says("panicked at src/tests/failing.rs:");
    ran.says("element 1 is 0.73105");

    // A process that is killed takes its program along.
    fs::remove_file(&pids).unwrap();
    let aborted = "tests::failing::the_process_ends_in_the_middle";
    let ran = stranger.run(Some(&noting), &["--ignored", "--exact", aborted]);
    assert!(!ran.success, "{}", ran.text);
    has_ended(&noted(&sandbox)[0]);

    // Without a program.
    let gradient = ["--exact", "tests::functions::values_and_gradient"];
    let ran = stranger.run(None, &gradient);
    ran.says(
        "Error: a test on tensors needs the program `jackpot`, which is not on the PATH: install \
         it, or say where it is: JACKPOT=path/to/jackpot cargo test",
    );
    stranger.run(Some(Path::new("/nowhere/jackpot")), &gradient).says(
        "Error: $JACKPOT is /nowhere/jackpot, and there is no such file: it is the path of the \
         program `jackpot`",
    );
    // Tests that need none do not mind.
    assert!(stranger.run(None, &["tests::alone"]).success);
    // Something else; one that knows no such subcommand; one that dies at once.
    stranger
        .run(Some(Path::new("/bin/true")), &gradient)
        .says("Error: /bin/true: this is no Jackpot that serves tests (`jackpot plugin serve`)");
    let old = wrapped(&sandbox, "echo \"error: unrecognized subcommand 'serve'\" >&2; exit 2");
    stranger
        .run(Some(&old), &gradient)
        .says("does not serve tests (`jackpot plugin serve`): update it");
    // One that is lost on the way shows what it said last. It says hello, and ends with its input.
    let mut serve = Command::new(&jackpot);
    let hello = serve.args(["plugin", "serve"]).stdin(Stdio::null()).output().unwrap();
    assert!(hello.status.success(), "{hello:?}");
    let hello = sandbox.write("hello", hello.stdout);
    let dies = format!("echo 'no more memory' >&2; /bin/cat '{}'; exit 3", hello.display());
    let lost = wrapped(&sandbox, &dies);
    let ran = stranger.run(Some(&lost), &gradient);
    assert!(!ran.success, "{}", ran.text);
    ran.says("is lost: ");
    ran.says("no more memory");
}

/// Waits until a process is gone.
#[track_caller]
fn has_ended(pid: &str) {
    let begun = Instant::now();
    let process = Path::new("/proc").join(pid);
    while process.exists() {
        // Nobody may be there to collect it.
        let status = fs::read_to_string(process.join("status")).unwrap_or_default();
        if status.contains("State:\tZ") {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "the program {pid} goes on:\n{status}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
