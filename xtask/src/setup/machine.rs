//! What the decision depends on, gathered once: so that the decision itself can be tested.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use jackpot_libtorch::Unfit;

use super::libtorch::Libtorch;
use super::probe::{self, Compiler, Driver, Libc};
use super::python::{self, Python};
use super::{Want, disk};
use crate::workspace::Workspace;

/// This machine, as far as libtorch is concerned.
#[derive(Debug, Clone)]
pub struct Machine {
    pub os: String,
    pub architecture: String,
    pub libc: Libc,
    pub compiler: Compiler,
    /// `$LIBTORCH` as the user set it.
    pub from_user: Option<(PathBuf, Result<Libtorch, Unfit>)>,
    pub managed: Managed,
    /// Empty as long as nothing asks for them.
    pub pythons: Vec<Python>,
    /// What each Python's torch turned out to be, in the order of `pythons`.
    pub torches: Vec<Result<Libtorch, Unfit>>,
    pub driver: Driver,
    /// Bytes free where `.libtorch` is; `None`: unknown.
    pub free: Option<u64>,
}

/// `.libtorch/torch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Managed {
    Absent,
    Good(Libtorch),
    /// A link, which may be replaced.
    StaleLink(Unfit),
    /// A real folder: somebody put it there.
    UnfitFolder(Unfit),
}

impl Machine {
    pub fn gather(workspace: &Workspace, want: Want) -> Self {
        let folder = workspace.libtorch_folder();
        let from_user =
            workspace.user_libtorch.as_ref().map(|path| (path.clone(), Libtorch::inspect(path)));
        let managed = Managed::inspect(&folder.join("torch"));
        let mut machine = Self {
            os: env::consts::OS.to_owned(),
            architecture: env::consts::ARCH.to_owned(),
            libc: probe::libc(),
            compiler: probe::compiler(),
            from_user,
            managed,
            pythons: Vec::new(),
            torches: Vec::new(),
            driver: probe::driver(),
            free: None,
        };
        if machine.must_search(want) {
            machine.pythons = python::find(&workspace.root);
            machine.torches = machine.pythons.iter().map(torch_of).collect();
            let existing = if folder.is_dir() { &folder } else { &workspace.root };
            machine.free = disk::free(existing);
        }
        machine
    }

    /// Whether neither the user nor an earlier set-up settles it. Asking Pythons takes a while.
    fn must_search(&self, want: Want) -> bool {
        let settled = match &self.managed {
            Managed::Good(libtorch) => want != Want::Cuda || libtorch.cuda,
            _ => false,
        };
        self.from_user.is_none() && !settled
    }
}

impl Managed {
    pub fn inspect(path: &Path) -> Self {
        let Ok(metadata) = fs::symlink_metadata(path) else { return Managed::Absent };
        match Libtorch::inspect(path) {
            Ok(libtorch) => Managed::Good(libtorch),
            Err(unfit) if metadata.is_symlink() => Managed::StaleLink(unfit),
            Err(unfit) => Managed::UnfitFolder(unfit),
        }
    }
}

fn torch_of(python: &Python) -> Result<Libtorch, Unfit> {
    python.torch.as_deref().map_or(Err(Unfit::NotThere), Libtorch::inspect)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::libtorch::tests::fake;

    #[test]
    fn links_and_folders_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let torch = folder.path().join("torch");
        assert_eq!(Managed::inspect(&torch), Managed::Absent);
        std::os::unix::fs::symlink("nowhere", &torch).unwrap();
        assert_eq!(Managed::inspect(&torch), Managed::StaleLink(Unfit::NotThere));
        fs::remove_file(&torch).unwrap();
        fs::create_dir(&torch).unwrap();
        let lacks = Unfit::Lacks("lib/libtorch_cpu.so");
        assert_eq!(Managed::inspect(&torch), Managed::UnfitFolder(lacks));
        fake(&torch, "2.11.0");
        assert!(matches!(Managed::inspect(&torch), Managed::Good(_)));
    }
}
