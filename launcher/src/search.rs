//! The search for libtorch, in the order that docs/install.md promises:
//!
//! 1. `$JACKPOT_LIBTORCH`, then `$LIBTORCH`: if one is set, nothing else is tried;
//! 2. `lib/torch` and `libtorch` in the package's folder (the one above the launcher's);
//! 3. the Python environment that the package is installed into: its site-packages, then what its
//!    `python3` answers;
//! 4. the `python3` that is first in `PATH`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use jackpot_libtorch::look;

use crate::error::{Failure, Looked};

const VARIABLES: [&str; 2] = ["JACKPOT_LIBTORCH", "LIBTORCH"];
const BESIDE: [&str; 2] = ["lib/torch", "libtorch"];

/// What the search looks at.
pub struct Surroundings<'a> {
    /// The launcher.
    pub program: &'a Path,
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// Where a Python has its torch, see [`crate::python::torch_of`].
    pub ask: &'a dyn Fn(&Path) -> Option<Option<PathBuf>>,
}

/// The folder of the first libtorch that can be used, absolute.
///
/// # Errors
///
/// There is none; or a variable names another folder.
pub fn find(around: &Surroundings<'_>) -> Result<PathBuf, Failure> {
    for name in VARIABLES {
        if let Some(value) = (around.variable)(name).filter(|value| !value.is_empty()) {
            let folder = PathBuf::from(value);
            let folder = std::path::absolute(&folder).unwrap_or(folder);
            return match look(&folder) {
                Ok(_) => Ok(folder),
                Err(why) => Err(Failure::Variable { name, folder, why }),
            };
        }
    }
    let binaries = around.program.parent().unwrap_or(Path::new("/"));
    let prefix = binaries.parent().unwrap_or(Path::new("/"));
    let mut looked = Vec::new();
    for folder in BESIDE.map(|place| prefix.join(place)).into_iter().chain(installed(prefix)) {
        match look(&folder) {
            Ok(_) => return Ok(folder),
            Err(why) => looked.push(Looked::Folder(folder, why)),
        }
    }
    let own = Some(binaries.join("python3")).filter(|python| python.exists());
    let on_path = PathBuf::from("python3");
    for python in own.iter().chain([&on_path]) {
        match (around.ask)(python) {
            None => looked.push(Looked::NoPython(python.clone())),
            Some(None) => looked.push(Looked::NoTorch(python.clone())),
            Some(Some(folder)) => match look(&folder) {
                Ok(_) => return Ok(folder),
                Err(why) => {
                    let seen = Looked::Folder(folder, why);
                    if !looked.contains(&seen) {
                        looked.push(seen);
                    }
                }
            },
        }
    }
    Err(Failure::Nowhere { looked, python: own.unwrap_or(on_path) })
}

/// The folders `torch` where packages of a Python environment in `prefix` lie, sorted.
fn installed(prefix: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for library in ["lib", "lib64"] {
        let entries = std::fs::read_dir(prefix.join(library)).into_iter().flatten().flatten();
        let is_python =
            |name: &OsString| name.to_str().is_some_and(|name| name.starts_with("python3"));
        let pythons = entries.filter(|entry| is_python(&entry.file_name()));
        for python in pythons.map(|entry| entry.path()) {
            for packages in ["site-packages", "dist-packages"] {
                found.push(python.join(packages).join("torch"));
            }
        }
    }
    // What `pip install --target` makes.
    found.push(prefix.join("torch"));
    found.retain(|folder| folder.is_dir());
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    /// A package at `p` of a folder, and what surrounds it.
    struct World {
        folder: TempDir,
        variables: Vec<(&'static str, PathBuf)>,
        /// The torch of the `python3` in `PATH`.
        python: Option<Option<PathBuf>>,
    }

    impl World {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir_all(folder.path().join("p/bin")).unwrap();
            Self { folder, variables: Vec::new(), python: None }
        }

        fn at(&self, path: &str) -> PathBuf {
            self.folder.path().join(path)
        }

        /// Files by which libtorch is recognised.
        fn torch(&self, path: &str, version: &str) -> PathBuf {
            let torch = self.at(path);
            fs::create_dir_all(torch.join("lib")).unwrap();
            fs::write(torch.join("lib/libtorch_cpu.so"), "").unwrap();
            fs::write(torch.join("lib/libc10.so"), "").unwrap();
            fs::write(torch.join("version.py"), format!("__version__ = '{version}'\n")).unwrap();
            torch
        }

        fn find(&self) -> Result<PathBuf, Failure> {
            let variable = |name: &str| {
                let found = self.variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| value.clone().into_os_string())
            };
            let ask = |python: &Path| match python == Path::new("python3") {
                true => self.python.clone(),
                false => Some(Some(self.at("own/torch"))),
            };
            let program = self.at("p/bin/jackpot");
            find(&Surroundings { program: &program, variable: &variable, ask: &ask })
        }
    }

    #[test]
    fn the_order_is_the_promised_one() {
        // From the last place to the first: each goes before those that are there already.
        let mut world = World::new();
        world.python = Some(Some(world.torch("python/torch", "2.11.0")));
        assert_eq!(world.find().unwrap(), world.at("python/torch"));
        fs::write(world.at("p/bin/python3"), "").unwrap();
        world.torch("own/torch", "2.11.0+cpu");
        for place in [
            "own/torch",
            "p/lib64/python3.13/site-packages/torch",
            "p/lib/python3.9/dist-packages/torch",
            "p/lib/python3.12/site-packages/torch",
            "p/libtorch",
            "p/lib/torch",
        ] {
            world.torch(place, "2.11.1+cu130");
            assert_eq!(world.find().unwrap(), world.at(place));
        }
        for (name, place) in [("LIBTORCH", "a"), ("JACKPOT_LIBTORCH", "b")] {
            let torch = world.torch(place, "2.11.0");
            world.variables.push((name, torch));
            assert_eq!(world.find().unwrap(), world.at(place));
        }
    }

    #[test]
    fn a_variable_is_the_last_word() {
        let mut world = World::new();
        world.torch("p/lib/torch", "2.11.0");
        let old = world.torch("old", "2.9.1");
        world.variables.push(("LIBTORCH", old.clone()));
        let error = world.find().unwrap_err().to_string();
        let begin = format!(
            "$LIBTORCH is {}, which cannot be used: it is torch 2.9.1, and 2.11 is needed.\n",
            old.display()
        );
        assert!(error.starts_with(&begin), "{error}");
        // Set to nothing is not set.
        world.variables = vec![("JACKPOT_LIBTORCH", "".into()), ("LIBTORCH", "".into())];
        assert_eq!(world.find().unwrap(), world.at("p/lib/torch"));
    }

    #[test]
    fn what_cannot_be_used_is_passed_over_and_told() {
        let mut world = World::new();
        let old = world.torch("p/lib/python3.12/site-packages/torch", "2.10.0");
        let target = world.torch("p/torch", "2.12.0");
        world.python = Some(Some(old.clone()));
        let Err(Failure::Nowhere { looked, python }) = world.find() else { panic!("found") };
        let folders: Vec<PathBuf> = looked
            .iter()
            .map(|looked| match looked {
                Looked::Folder(folder, _) => folder.clone(),
                other => panic!("{other:?}"),
            })
            .collect();
        // The one that Python names, too, is told once.
        assert_eq!(folders, [world.at("p/lib/torch"), world.at("p/libtorch"), old, target]);
        assert_eq!(python, Path::new("python3"));
        world.python = Some(Some(world.torch("new", "2.11.0")));
        assert_eq!(world.find().unwrap(), world.at("new"));
    }

    #[test]
    fn pythons_without_torch_are_told_apart() {
        let mut world = World::new();
        for (answer, expected) in [
            (None, Looked::NoPython("python3".into())),
            (Some(None), Looked::NoTorch("python3".into())),
        ] {
            world.python = answer;
            let Err(Failure::Nowhere { looked, .. }) = world.find() else { panic!("found") };
            assert_eq!(looked.last(), Some(&expected));
        }
    }
}
