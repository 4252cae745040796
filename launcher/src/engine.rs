//! The engine: where it is in a package, and what its environment has to be.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use jackpot_libtorch::environment::missing;

use crate::error::Failure;

/// From the folder above the launcher's own.
const PLACE: &str = "lib/jackpot/jackpot-engine";
/// Where the system's loader looks for libraries first.
const LIBRARIES: &str = "LD_LIBRARY_PATH";

/// The engine of the package that this launcher is of.
#[derive(Debug)]
pub struct Engine {
    program: PathBuf,
}

impl Engine {
    /// `PREFIX/lib/jackpot/jackpot-engine` of `PREFIX/bin/jackpot`.
    ///
    /// # Errors
    ///
    /// It is not there.
    pub fn of(launcher: &Path) -> Result<Self, Failure> {
        let prefix = launcher.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
        let program = prefix.join(PLACE);
        match program.is_file() {
            true => Ok(Self { program }),
            false => Err(Failure::NoEngine { engine: program, launcher: launcher.to_owned() }),
        }
    }

    /// Replaces this process by the engine with that libtorch and these arguments (the program's
    /// name first); returns only if that cannot be done.
    pub fn become_it(
        &self,
        torch: &Path,
        arguments: &[OsString],
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Failure {
        let mut command = Command::new(&self.program);
        if let Some((name, rest)) = arguments.split_first() {
            command.arg0(name).args(rest);
        }
        command.env(LIBRARIES, libraries(torch, variable(LIBRARIES).as_deref()));
        // The engine would start itself again for these.
        command.envs(missing(|name| variable(name).is_some()));
        Failure::Start { engine: self.program.clone(), source: command.exec() }
    }
}

/// The folders that the loader is to search: libtorch's before those that are set.
fn libraries(torch: &Path, set: Option<&OsStr>) -> OsString {
    let mut folders = torch.join("lib").into_os_string();
    if let Some(set) = set.filter(|set| !set.is_empty()) {
        folders.push(":");
        folders.push(set);
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libtorch_goes_before_what_is_set() {
        let of = |set: Option<&str>| libraries(Path::new("/t"), set.map(OsStr::new));
        assert_eq!(of(None), "/t/lib");
        // An empty entry would be the current folder.
        assert_eq!(of(Some("")), "/t/lib");
        assert_eq!(of(Some("/usr/local/cuda/lib64:/x")), "/t/lib:/usr/local/cuda/lib64:/x");
    }

    #[test]
    fn the_engine_is_known_by_the_launchers_place() {
        let folder = tempfile::tempdir().unwrap();
        let launcher = folder.path().join("bin/jackpot");
        let engine = folder.path().join("lib/jackpot/jackpot-engine");
        let failure = Engine::of(&launcher).unwrap_err().to_string();
        let expected = format!(
            "{} belongs to a package, but the package's {} is not there: install or unpack the \
             package again, and keep its folders together",
            launcher.display(),
            engine.display()
        );
        assert_eq!(failure, expected);
        std::fs::create_dir_all(engine.parent().unwrap()).unwrap();
        std::fs::write(&engine, "").unwrap();
        assert_eq!(Engine::of(&launcher).unwrap().program, engine);
    }
}
