//! The packages in a root that has Debian's smallest system with a Python, and nothing of Rust, of
//! a compiler or of this repository: installed as the README says, by a user who is not root.

mod readme;
mod root;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use crate::VERSION;
use crate::error::{Failure, io};
use crate::stage::read;
use root::Root;

/// What to try, and where.
#[derive(Debug, Args)]
pub struct Checking {
    /// The repository, whose README says how packages are installed
    #[arg(long)]
    pub root: PathBuf,
    /// Where the packages are
    #[arg(long)]
    pub packages: PathBuf,
    /// Where the clean root goes; kept, since it takes a while
    #[arg(long)]
    pub scratch: PathBuf,
}

/// Before the README's lines: the root is clean.
const CLEAN: &str = include_str!("clean.sh");
/// After those for the wheel.
const WHEEL: &str = include_str!("wheel.sh");
/// Before those for the tarball.
const BETWEEN: &str = include_str!("between.sh");
/// After those for the tarball.
const TARBALL: &str = include_str!("tarball.sh");

/// Tries both packages; everything that is typed and printed is shown.
///
/// # Errors
///
/// Something does not go as it should.
pub fn check(checking: &Checking) -> Result<(), Failure> {
    let readme = String::from_utf8_lossy(&read(&checking.root.join("README.md"))?).into_owned();
    let blocks = readme::shell_blocks(&readme, "## Install");
    let [wheel, tarball, ..] = blocks.as_slice() else {
        return Err(Failure::Other("README.md has not two blocks of `sh` in `## Install`".into()));
    };
    let root = Root::make(&checking.scratch)?;
    root.fresh_home()?;
    for package in packages(&checking.packages)? {
        root.bring(&package)?;
    }
    for (name, script) in [
        ("the root is clean", CLEAN.to_owned()),
        ("the wheel, as the README says", format!("{wheel}\n{WHEEL}")),
        ("the tarball, as the README says", format!("{BETWEEN}\n{tarball}\n{TARBALL}")),
    ] {
        println!("\n=== {name}\n{script}===");
        let began = Instant::now();
        root.run(&script)?;
        println!("=== {name}: good, {:.0} s", began.elapsed().as_secs_f64());
    }
    Ok(())
}

/// The wheel and the tarball of this version.
fn packages(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let begin = format!("jackpot-{VERSION}-");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(io("read", folder))? {
        let path = entry.map_err(io("read", folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(&begin) && (name.ends_with(".whl") || name.ends_with(".tar.gz")) {
            found.push(path);
        }
    }
    match found.len() {
        2 => Ok(found),
        _ => Err(Failure::Other(format!(
            "{} should hold one wheel and one tarball of version {VERSION}, and has {}: remove the \
             folder and run `cargo xtask dist` again",
            folder.display(),
            found.len()
        ))),
    }
}
