//! A root with another, small system in it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Failure, io};

/// What a machine of somebody who trains networks has at the least.
const PACKAGES: &str = "--include=ca-certificates,python3,python3-venv";
const SUITE: &str = "bookworm";
/// What the machine brings so that the network can be reached from inside.
const BROUGHT: [&str; 2] = ["etc/resolv.conf", "etc/ssl/certs/ca-certificates.crt"];
/// Within the root.
const HOME: &str = "home/user";
const USER: u32 = 1000;

/// The root.
pub struct Root(PathBuf);

impl Root {
    /// The one of before in `scratch`, or a new one.
    ///
    /// # Errors
    ///
    /// This is not root, or debootstrap is missing or fails.
    pub fn make(scratch: &Path) -> Result<Self, Failure> {
        let root = scratch.join(SUITE);
        if !root.is_dir() {
            // Only a whole one gets the name.
            let half = scratch.join("unfinished");
            if half.exists() {
                fs::remove_dir_all(&half).map_err(io("remove", &half))?;
            }
            fs::create_dir_all(scratch).map_err(io("make the folder", scratch))?;
            let mut make = Command::new("debootstrap");
            make.args(["--variant=minbase", PACKAGES, SUITE]).arg(&half);
            run(make)?;
            fs::rename(&half, &root).map_err(io("rename", &half))?;
        }
        for file in BROUGHT {
            let to = root.join(file);
            fs::copy(Path::new("/").join(file), &to).map_err(io("write", &to))?;
        }
        Ok(Self(root))
    }

    /// Empties the user's folder.
    ///
    /// # Errors
    ///
    /// That cannot be done.
    pub fn fresh_home(&self) -> Result<(), Failure> {
        let home = self.0.join(HOME);
        if home.exists() {
            fs::remove_dir_all(&home).map_err(io("remove", &home))?;
        }
        fs::create_dir_all(&home).map_err(io("make the folder", &home))?;
        std::os::unix::fs::chown(&home, Some(USER), Some(USER)).map_err(io("give away", &home))
    }

    /// Copies a file into the user's folder.
    ///
    /// # Errors
    ///
    /// That cannot be done.
    pub fn bring(&self, file: &Path) -> Result<(), Failure> {
        let to = self.0.join(HOME).join(file.file_name().unwrap_or_default());
        fs::copy(file, to).map_err(io("copy", file)).map(|_| ())
    }

    /// Runs lines of a shell in the user's folder, as the user. Of the environment only pip's settings
    /// get in.
    ///
    /// # Errors
    ///
    /// One of them fails.
    pub fn run(&self, script: &str) -> Result<(), Failure> {
        let mut command = Command::new("unshare");
        // With a /proc of its own, and without any process of outside.
        let mut proc = OsStr::new("--mount-proc=").to_owned();
        proc.push(self.0.join("proc"));
        command.args(["--mount", "--pid", "--fork"]).arg(proc);
        command.arg("chroot").arg(format!("--userspec={USER}:{USER}")).arg(&self.0);
        command.args(["env", "-i", "LANG=C.UTF-8", "PATH=/usr/local/bin:/usr/bin:/bin"]);
        command.arg(format!("HOME=/{HOME}"));
        for (name, value) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PIP_") {
                let mut setting = name;
                setting.push("=");
                setting.push(value);
                command.arg(setting);
            }
        }
        command.args(["bash", "-eux", "-c"]).arg(format!("cd\n{script}"));
        run(command)
    }
}

fn run(mut command: Command) -> Result<(), Failure> {
    let line = command.get_program().to_string_lossy().into_owned();
    let failed = |how: String| Failure::Program { line: line.clone(), how };
    let status = command.status().map_err(|error| failed(format!("cannot be started: {error}")))?;
    match status.success() {
        true => Ok(()),
        false => Err(failed(format!("failed: {status}"))),
    }
}
