//! A folder of one test's own.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::config::Config;
use crate::files;
use crate::install::install;
use crate::process::{Program, Ran, Running};

/// A folder with configs, data and runs.
#[derive(Debug)]
pub struct Sandbox {
    path: PathBuf,
    // Removes the folder when dropped.
    _folder: Option<TempDir>,
}

impl Sandbox {
    /// An empty one, gone when dropped.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("sandbox-").tempdir_in(&install().scratch);
        let folder = folder.unwrap();
        Self { path: folder.path().to_owned(), _folder: Some(folder) }
    }

    /// An empty one at that place, which stays.
    pub fn lasting(place: &Path) -> Self {
        fs::create_dir_all(place).unwrap();
        Self { path: place.to_owned(), _folder: None }
    }

    /// A copy of another one's folder. Where `runs/tiny/config.toml` names that folder, it names
    /// the copy.
    pub fn copy_of(other: &Path) -> Self {
        let sandbox = Self::new();
        files::copy(other, sandbox.path());
        let config = sandbox.at("runs/tiny/config.toml");
        let text = fs::read_to_string(&config).unwrap();
        let [there, here] = [other, sandbox.path()].map(|path| path.canonicalize().unwrap());
        assert!(text.contains(there.to_str().unwrap()), "it names the data:\n{text}");
        fs::write(config, text.replace(there.to_str().unwrap(), here.to_str().unwrap())).unwrap();
        sandbox
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A place in it.
    pub fn at(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    /// Writes a file.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Writes a config as `tiny.toml`.
    pub fn config(&self, config: &Config) -> PathBuf {
        self.write("tiny.toml", config.text())
    }

    /// The program, started in this folder.
    pub fn jackpot(&self, args: &[&str]) -> Program {
        Program::new().args(args).current_dir(self.path())
    }

    /// The program with the fixtures among its plugins.
    pub fn with_fixtures(&self, args: &[&str]) -> Program {
        let folder = install().folder("fixtures");
        self.jackpot(args).arg("--plugin-dir").arg(folder)
    }

    /// Runs a config into `runs/tiny`, with the fixtures.
    #[track_caller]
    pub fn run(&self, config: &Config) -> Ran {
        self.config(config);
        self.with_fixtures(&["run", "tiny.toml"]).run()
    }

    /// Starts a run into `runs/tiny` with the fixtures, and waits for the first step of its first
    /// training.
    pub fn start(&self, args: &[&str]) -> Running {
        self.start_into(args, "runs/tiny")
    }

    /// As [`Sandbox::start`], into another folder.
    pub fn start_into(&self, args: &[&str], run: &str) -> Running {
        let program = self.with_fixtures(&["run", "tiny.toml", "--out", run]);
        let mut running = program.args(args).start();
        let series = self.at(run).join("draw/imp/seed-1");
        let begun = || {
            let entries = fs::read_dir(&series).into_iter().flatten().flatten();
            let mut folders = entries.map(|entry| entry.path());
            // The weights before the first step, in the folder of the job under way.
            folders.any(|folder| folder.join("init.safetensors").exists())
        };
        running.wait_until("the first training begins", begun);
        running
    }

    /// The text with this folder's path replaced by `.`.
    pub fn relative(&self, text: &str) -> String {
        let real = self.path.canonicalize().unwrap();
        text.replace(real.to_str().unwrap(), ".").replace(self.path.to_str().unwrap(), ".")
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}
