//! A package's launcher: what it answers itself, and how it starts the engine.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use jackpot_tests::install::install;

/// The libtorch that the engine was built with.
fn libtorch() -> PathBuf {
    Path::new(env!("JACKPOT_TEST_LIBTORCH_LIB")).parent().unwrap().to_owned()
}

/// A program with next to nothing in its environment.
fn bare(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", "/nonexistent");
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn code(output: &Output, expected: i32) {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(expected), "{out}{err}");
}

#[test]
fn help_and_completions_are_the_engines_and_need_no_engine() {
    let install = install();
    // The launcher alone, with nothing around it.
    let folder = tempfile::tempdir().unwrap();
    let alone = folder.path().join("jackpot");
    fs::copy(install.launcher(), &alone).unwrap();
    for line in
        ["--help", "--version", "plugin new -h", "completions bash", "runn", "run x --shard 5/4"]
    {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [launcher, engine] =
            [&alone, &install.binary].map(|program| bare(program, &words).output().unwrap());
        assert_eq!(launcher.status.code(), engine.status.code(), "{line}");
        assert_eq!(text(&launcher.stdout), text(&engine.stdout), "{line}");
        assert_eq!(text(&launcher.stderr), text(&engine.stderr), "{line}");
    }
}

#[test]
fn the_engine_runs_with_its_plugins() {
    let mut list = bare(&install().launcher(), &["plugin", "list", "--json"]);
    let ran = list.env("JACKPOT_LIBTORCH", libtorch()).output().unwrap();
    code(&ran, 0);
    let plugins: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    let said = plugins.to_string();
    let folder = install().launcher().parent().unwrap().join("../lib/jackpot/plugins");
    let folder = folder.canonicalize().unwrap();
    assert!(said.contains(folder.to_str().unwrap()) && said.contains("\"swish\""), "{said}");
    // Codes pass through.
    let mut status = bare(&install().launcher(), &["status", "no-such-run"]);
    let ran = status.env("LIBTORCH", libtorch()).output().unwrap();
    code(&ran, 2);
    assert!(text(&ran.stderr).contains("no-such-run"), "{}", text(&ran.stderr));
}

/// A package whose engine is a script.
fn scripted(folder: &Path, script: &str) -> PathBuf {
    let launcher = folder.join("bin/jackpot");
    let engine = folder.join("lib/jackpot/jackpot-engine");
    for file in [&launcher, &engine] {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
    }
    fs::copy(install().launcher(), &launcher).unwrap();
    fs::write(&engine, script).unwrap();
    fs::set_permissions(&engine, fs::Permissions::from_mode(0o755)).unwrap();
    launcher
}

#[test]
fn the_engine_gets_the_arguments_and_what_the_loader_and_openmp_want() {
    let folder = tempfile::tempdir().unwrap();
    let script = "#!/bin/sh\n\
                  for word; do echo \"[$word]\"; done\n\
                  echo \"$LD_LIBRARY_PATH|$GOMP_SPINCOUNT|$CUBLAS_WORKSPACE_CONFIG\"\n\
                  exit 3\n";
    let launcher = scripted(folder.path(), script);
    let mut run = bare(&launcher, &["run", "a b.toml", "--set", "x=\"*\"", "-vv"]);
    run.env("JACKPOT_LIBTORCH", libtorch()).env("LD_LIBRARY_PATH", "/mine");
    let ran = run.output().unwrap();
    code(&ran, 3);
    let expected = format!(
        "[run]\n[a b.toml]\n[--set]\n[x=\"*\"]\n[-vv]\n{}/lib:/mine|10000|:4096:8\n",
        libtorch().display()
    );
    assert_eq!(text(&ran.stdout), expected);
    // What the user has chosen stays.
    run.env("GOMP_SPINCOUNT", "7").env("CUBLAS_WORKSPACE_CONFIG", ":16:8");
    let said = text(&run.output().unwrap().stdout);
    assert!(said.ends_with("/lib:/mine|7|:16:8\n"), "{said}");
}

#[test]
fn without_libtorch_one_error_says_what_was_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let launcher = scripted(&root, "#!/bin/sh\necho started\n");
    let old = root.join("lib/python3.12/site-packages/torch");
    fs::create_dir_all(&old).unwrap();
    fs::write(old.join("version.py"), "__version__ = '2.10.0+cpu'\n").unwrap();
    let ran = bare(&launcher, &["plugin", "list"]).output().unwrap();
    code(&ran, 1);
    let message = format!(
        "Jackpot needs libtorch 2.11, which comes with PyTorch, and found none:\n\n  \
         $JACKPOT_LIBTORCH and $LIBTORCH are not set\n  \
         {0}/lib/torch: there is no such folder\n  \
         {0}/libtorch: there is no such folder\n  \
         {0}/lib/python3.12/site-packages/torch: it is torch 2.10.0+cpu, and 2.11 is needed\n  \
         python3: there is no such program, or it fails\n\n\
         Install it for that Python:\n\n  python3 -m pip install 'torch==2.11.*'\n\n\
         or name a folder that has it:\n\n  export JACKPOT_LIBTORCH=/path/to/torch",
        root.display()
    );
    assert_eq!(text(&ran.stderr), format!("error: {message}\n"));
    assert_eq!(text(&ran.stdout), "");
    // As one line of JSON where that is wanted.
    let ran = bare(&launcher, &["plugin", "list", "--log-format", "json"]).output().unwrap();
    let line: serde_json::Value = serde_json::from_slice(&ran.stderr).unwrap();
    let expected = serde_json::json!({ "event": "error", "message": message, "exit_code": 1 });
    assert_eq!(line, expected);
    // A link beside it is enough.
    std::os::unix::fs::symlink(libtorch(), root.join("lib/torch")).unwrap();
    let ran = bare(&launcher, &["plugin", "list"]).output().unwrap();
    code(&ran, 0);
    assert_eq!(text(&ran.stdout), "started\n");
}

#[test]
fn a_python_tells_where_its_torch_is() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let launcher = scripted(&root, "#!/bin/sh\necho \"$LD_LIBRARY_PATH\"\n");
    let python = root.join("path/python3");
    fs::create_dir_all(python.parent().unwrap()).unwrap();
    fs::write(&python, format!("#!/bin/sh\necho '{}'\n", libtorch().display())).unwrap();
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
    let ran = bare(&launcher, &["plugin", "list"]).env("PATH", root.join("path")).output().unwrap();
    code(&ran, 0);
    assert_eq!(text(&ran.stdout), format!("{}/lib\n", libtorch().display()));
}
