//! `cargo xtask dist`: a tarball and a Python wheel that run on other machines, and `--check`, which
//! tries them in a root with nothing else.
//!
//! Here is the build, from which nothing of this machine may get into the files; packing them is
//! the program in `packaging/`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, iter};

use crate::failure::Failure;
use crate::setup;
use crate::workspace::{Workspace, run as start};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Try the packages in a clean root.
    pub check: bool,
}

pub fn run(workspace: &Workspace, options: Options) -> Result<(), Failure> {
    let libtorch = setup::ensure(workspace, setup::Options::default())?;
    // A folder of its own: with these flags cargo builds everything anew.
    let target = workspace.target.join("package");
    let mut build = workspace.cargo(&["build", "--release", "--target-dir"]);
    build.arg(&target);
    let prefixes = Prefixes::new(&workspace.root, &libtorch.path);
    build.env("JACKPOT_PACKAGE", "1");
    build.env("CARGO_ENCODED_RUSTFLAGS", prefixes.rust());
    build.env("CXXFLAGS", prefixes.cpp(env::var_os("CXXFLAGS")));
    start(build)?;
    let dist = workspace.target.join("dist");
    let mut pack = packaging(workspace, "pack");
    pack.arg("--built").arg(target.join("release")).arg("--out").arg(&dist);
    // What must not be found in the files.
    for (path, _) in &prefixes.0 {
        pack.arg("--forbid").arg(path);
    }
    start(pack)?;
    if options.check {
        let mut check = packaging(workspace, "check");
        check.arg("--packages").arg(&dist);
        check.arg("--scratch").arg(workspace.target.join("clean-root"));
        start(check)?;
    }
    Ok(())
}

fn packaging(workspace: &Workspace, task: &str) -> std::process::Command {
    let mut program = workspace.cargo(&["run", "--quiet", "-p", "jackpot-packaging", "--", task]);
    program.arg("--root").arg(&workspace.root);
    program
}

/// Folders of this machine, and what stands for them in the files: messages of panics and of
/// libtorch's checks name source files.
struct Prefixes(Vec<(PathBuf, &'static str)>);

impl Prefixes {
    fn new(root: &Path, libtorch: &Path) -> Self {
        let home = env::var_os("HOME").map(|home| Path::new(&home).join(".cargo"));
        let cargo = env::var_os("CARGO_HOME").map(PathBuf::from).or(home);
        let known = [(Some(root.to_owned()), "jackpot"), (cargo, "cargo")];
        let known = known.into_iter().filter_map(|(path, name)| Some((path?, name)));
        // The last one that fits is taken, and libtorch may lie in the repository.
        let known = known.chain(iter::once((libtorch.to_owned(), "libtorch")));
        let mut all: Vec<(PathBuf, &str)> = Vec::new();
        for (path, name) in known {
            for path in [path.canonicalize().ok(), Some(path)].into_iter().flatten() {
                if !all.iter().any(|(known, _)| *known == path) {
                    all.push((path, name));
                }
            }
        }
        Self(all)
    }

    /// As cargo takes flags that may have spaces.
    fn rust(&self) -> OsString {
        self.flags("--remap-path-prefix=")
            .collect::<Vec<_>>()
            .join(OsString::from("\x1f").as_os_str())
    }

    /// After those that are set.
    fn cpp(&self, set: Option<OsString>) -> OsString {
        let all: Vec<_> = set.into_iter().chain(self.flags("-ffile-prefix-map=")).collect();
        all.join(OsString::from(" ").as_os_str())
    }

    fn flags(&self, option: &'static str) -> impl Iterator<Item = OsString> {
        self.0.iter().map(move |(path, name)| {
            let mut flag = OsString::from(option);
            flag.push(path);
            flag.push("=");
            flag.push(name);
            flag
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_this_machine_get_other_names() {
        let prefixes = Prefixes(vec![("/a b".into(), "jackpot"), ("/c".into(), "cargo")]);
        let rust = "--remap-path-prefix=/a b=jackpot\x1f--remap-path-prefix=/c=cargo";
        assert_eq!(prefixes.rust(), rust);
        let cpp = "-O1 -ffile-prefix-map=/a b=jackpot -ffile-prefix-map=/c=cargo";
        assert_eq!(prefixes.cpp(Some("-O1".into())), cpp);
    }

    #[test]
    fn a_folder_and_where_its_link_leads_are_both_known() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap().join("real");
        std::fs::create_dir(&real).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let Prefixes(all) = Prefixes::new(folder.path(), &link);
        let libtorch: Vec<_> = all.iter().filter(|(_, name)| *name == "libtorch").collect();
        assert_eq!(libtorch, [&(real, "libtorch"), &(link, "libtorch")]);
    }
}
