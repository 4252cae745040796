//! Where the repository is, and how programs are started in it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;

/// The repository and the place where cargo puts its results.
#[derive(Debug)]
pub struct Workspace {
    /// The repository's root, absolute.
    pub root: PathBuf,
    /// Where `debug/` and `release/` are.
    pub target: PathBuf,
    /// `$LIBTORCH`, if it comes from the user and not from `.cargo/config.toml`.
    pub user_libtorch: Option<PathBuf>,
}

impl Workspace {
    pub fn locate() -> Result<Self, Failure> {
        // Cargo says it at run time, too, so a checkout may be moved after xtask was built.
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root =
            manifest.parent().map(Path::to_path_buf).filter(|r| r.join("Cargo.toml").is_file());
        let root = root.ok_or_else(|| {
            Failure::Other(format!("{} is not in Jackpot's repository", manifest.display()))
        })?;
        // This program is <target>/<profile>/xtask: so all of cargo's ways to set a target folder count.
        let executable = env::current_exe().ok();
        let target = executable
            .as_deref()
            .and_then(|exe| exe.parent()?.parent())
            .map_or_else(|| root.join("target"), Path::to_path_buf);
        let user_libtorch = user_libtorch(&root, env::var_os("LIBTORCH"));
        Ok(Self { root, target, user_libtorch })
    }

    /// The folder that belongs to `cargo xtask setup`.
    pub fn libtorch_folder(&self) -> PathBuf {
        self.root.join(".libtorch")
    }

    /// A cargo command in the root, with the environment that a plain cargo command would have.
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments);
        command
    }

    /// Any program in the root.
    pub fn program(&self, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        command.current_dir(&self.root);
        if self.user_libtorch.is_none() {
            // Cargo sets it again from its config; inherited, it could look changed to a build script.
            command.env_remove("LIBTORCH");
        }
        command
    }
}

/// `$LIBTORCH` unless it is empty or what `.cargo/config.toml` sets for every cargo command.
fn user_libtorch(root: &Path, value: Option<OsString>) -> Option<PathBuf> {
    let path = value.filter(|v| !v.is_empty()).map(PathBuf::from)?;
    let ours = root.join(".libtorch").join("torch");
    let is_ours = path == ours
        // The same folder spelt through another path to the checkout.
        || path.parent().zip(ours.parent()).is_some_and(|(a, b)| {
            path.file_name() == ours.file_name()
                && a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b))
        });
    (!is_ours).then_some(path)
}

/// Starts a program, prints its line, and waits: `Ok` if it succeeded.
pub fn run(mut command: Command) -> Result<(), Failure> {
    let line = line_of(&command);
    eprintln!("\n$ {line}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Program { line, code: status.code() }),
        Err(source) => Err(Failure::Start { line, source }),
    }
}

/// A command as the user would type it: the program's name without its folder.
fn line_of(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let mut line = program.to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_own_value_of_libtorch_is_not_the_users() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("jackpot");
        std::fs::create_dir_all(root.join(".libtorch")).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&root, &link).unwrap();

        let of = |value: &Path| user_libtorch(&root, Some(value.into()));
        assert_eq!(of(&root.join(".libtorch/torch")), None);
        assert_eq!(of(&link.join(".libtorch/torch")), None);
        assert_eq!(of(Path::new("")), None);
        assert_eq!(of(Path::new("/opt/libtorch")), Some("/opt/libtorch".into()));
        assert_eq!(user_libtorch(&root, None), None);
    }

    #[test]
    fn a_command_is_shown_as_typed() {
        let mut command = Command::new("/usr/bin/cargo");
        command.args(["build", "--release"]);
        assert_eq!(line_of(&command), "cargo build --release");
    }

    #[test]
    fn a_failing_program_gives_its_code() {
        let mut command = Command::new("sh");
        command.args(["-c", "exit 3"]);
        assert_eq!(run(command).expect_err("code 3").code(), 3);
        let failure = run(Command::new("no-such-program-here")).expect_err("not there");
        assert!(failure.to_string().contains("`no-such-program-here` cannot be started"));
    }
}
