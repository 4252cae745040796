//! Somebody who does what a page says: writes the files, types the commands.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use jackpot_tests::install::install;
use jackpot_tests::stranger::ROOT;
use jackpot_tests::{Sandbox, python};
use tempfile::TempDir;

use crate::before::Page;
use crate::blocks::{Block, blocks};
use crate::fragment;
use crate::left_out::reason;

/// A reader in a folder outside of the repository, who goes on from block to block.
pub struct Reader<'a> {
    page: &'a Page,
    pub sandbox: Sandbox,
    /// Where the last block left the shell.
    here: PathBuf,
    outside: TempDir,
}

/// Does all that a page says, from top to bottom. Gives the number of commands that were run, and
/// the reader where they ended.
#[track_caller]
pub fn follow(page: &Page) -> (usize, Reader<'_>) {
    let text = fs::read_to_string(Path::new(ROOT).join(page.path)).unwrap();
    let mut reader = Reader::new(page);
    if text.contains("\npython ") {
        reader.install("python", &python());
    }
    let commands = blocks(&text).iter().map(|block| reader.does(block)).sum();
    (commands, reader)
}

impl<'a> Reader<'a> {
    fn new(page: &'a Page) -> Self {
        let outside = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::lasting(&outside.path().join("reader"));
        (page.before)(&sandbox);
        let reader = Self { page, here: sandbox.path().to_owned(), sandbox, outside };
        reader.install("jackpot", &jackpot(page.set));
        reader.install("cargo", &cargo());
        reader
    }

    /// Puts a script into the `PATH`.
    fn install(&self, name: &str, script: &str) {
        let folder = self.outside.path().join("bin");
        fs::create_dir_all(&folder).unwrap();
        let place = folder.join(name);
        fs::write(&place, format!("#!/bin/sh\n{script}")).unwrap();
        fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[track_caller]
    fn does(&mut self, block: &Block) -> usize {
        if let Some(file) = block.file() {
            let place = self.here.join(file);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, &block.text).unwrap();
        }
        match block.language.as_str() {
            "sh" => self.types(block),
            "toml" => self.checks(block),
            _ => 0,
        }
    }

    /// Types the commands; each has to end well.
    #[track_caller]
    fn types(&mut self, block: &Block) -> usize {
        let mut commands = block.commands();
        commands.retain(|command| reason(self.page.path, command).is_none());
        let end = self.outside.path().join("pwd");
        let script = format!("set -e\n{}\npwd > {}\n", commands.join("\n"), end.display());
        let ran = self.shell(&script);
        let [out, err] = [&ran.stdout, &ran.stderr].map(|text| String::from_utf8_lossy(text));
        let place = format!("{}:{}", self.page.path, block.line);
        assert!(ran.status.success(), "{place}: {}\n{script}\n{out}\n{err}", ran.status);
        self.here = fs::read_to_string(end).unwrap().trim_end().into();
        commands.len()
    }

    fn shell(&self, script: &str) -> std::process::Output {
        let mut bash = Command::new("bash");
        bash.arg("-c").arg(script).current_dir(&self.here);
        for (name, _) in std::env::vars_os() {
            // Nothing of this workspace's build, nor what a reader has not set.
            let name = name.to_string_lossy();
            let of_the_build = ["CARGO", "NEXTEST", "JACKPOT", "LC_"];
            let of_the_build = of_the_build.iter().any(|begin| name.starts_with(begin));
            if of_the_build && name != "CARGO_HOME" {
                bash.env_remove(&*name);
            }
        }
        let mut path = OsString::from(self.outside.path().join("bin"));
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap());
        bash.env("PATH", path).env("LANG", "C.UTF-8").env("OMP_NUM_THREADS", "1").output().unwrap()
    }

    /// Changes a recipe of `experiment.toml` to what the page says of it.
    fn edits(&self, block: &str) {
        let file = self.here.join("experiment.toml");
        let Ok(there) = fs::read_to_string(&file) else { return };
        if let Some(changed) = fragment::replaced(&there, block) {
            fs::write(file, changed).unwrap();
        }
    }

    /// Checks a config, or a part of one; names of plugins that were built here are known.
    #[track_caller]
    fn checks(&self, block: &Block) -> usize {
        let Some(config) = fragment::whole(&block.text) else { return 0 };
        let file = self.here.join("block.toml");
        fs::write(&file, config).unwrap();
        let check = self.sandbox.jackpot(&["config", "check"]).arg(&file);
        let built = self.here.join("target/release");
        let check = if built.exists() { check.arg("--plugin-dir").arg(built) } else { check };
        let ran = check.run();
        assert_eq!(ran.code, 0, "{}:{}: {ran}", self.page.path, block.line);
        fs::remove_file(file).unwrap();
        self.edits(&block.text);
        0
    }
}

/// The installed program; trainings get what makes them short.
fn jackpot(set: &[&str]) -> String {
    let program = install().binary.canonicalize().unwrap();
    let set: String = set.iter().map(|set| format!(" --set '{set}'")).collect();
    format!(
        "case \"$1\" in run|draw|spend|plan) exec {0:?} \"$@\"{set};; *) exec {0:?} \"$@\";; esac\n",
        program
    )
}

/// Cargo without network, for release. Each reader has a target folder of its own: plugins of one name
/// that others built would be found beside his.
fn cargo() -> String {
    let lock = Path::new(ROOT).join("Cargo.lock").canonicalize().unwrap();
    format!(
        "[ -e Cargo.lock ] || cp {lock:?} Cargo.lock\n\
         case \" $* \" in *' --release '*) ;; *) set -- \"$@\" --release ;; esac\n\
         exec {:?} \"$@\" --offline\n",
        env!("CARGO")
    )
}

/// The Python of the tests; without one, nothing.
fn python() -> String {
    match python::with("torch, safetensors, onnx, onnxruntime") {
        Some(python) => format!("exec {python:?} -B \"$@\"\n"),
        None => "exit 0\n".to_owned(),
    }
}
