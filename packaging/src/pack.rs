//! Writes both packages.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::error::{Failure, io};
use crate::stage::{self, Files, plain, read};
use crate::wheel::Wheel;
use crate::{VERSION, elf, licences, policy, strange, tarball};

/// What to pack.
#[derive(Debug, Args)]
pub struct Packing {
    /// The repository
    #[arg(long)]
    pub root: PathBuf,
    /// Where cargo has put the programs and plugins
    #[arg(long)]
    pub built: PathBuf,
    /// Where the packages go
    #[arg(long)]
    pub out: PathBuf,
    /// A folder of this machine that no file may name (repeatable)
    #[arg(long)]
    pub forbid: Vec<PathBuf>,
}

/// Packs; prints what was written, with sizes.
///
/// # Errors
///
/// A file is missing, or is not fit for other machines.
pub fn pack(packing: &Packing) -> Result<(), Failure> {
    let root = &packing.root;
    let programs = stage::programs(root, &packing.built)?;
    let policy = look(&programs, &packing.forbid)?;
    let mut licences = stage::licences(root)?;
    licences.insert(licences::NAME.to_owned(), plain(licences::third_party(root)?));
    fs::create_dir_all(&packing.out).map_err(io("make the folder", &packing.out))?;

    let mut files = programs.clone();
    stage::copy(&root.join("configs"), "share/jackpot/configs", &mut files)?;
    let readme = String::from_utf8_lossy(&read(&root.join("README.md"))?).into_owned();
    let wheel = Wheel { policy, files: &files, licences: &licences, readme: &readme };
    let bytes = wheel.bytes().map_err(|error| Failure::Other(format!("no wheel: {error}")))?;
    write(&packing.out.join(wheel.name()), &bytes)?;

    let mut files = programs;
    files.extend(licences);
    for folder in ["configs", "docs"] {
        stage::copy(&root.join(folder), folder, &mut files)?;
    }
    for name in ["README.md", "CHANGELOG.md"] {
        files.insert(name.to_owned(), plain(read(&root.join(name))?));
    }
    let name = format!("jackpot-{VERSION}-x86_64-linux");
    let path = packing.out.join(format!("{name}.tar.gz"));
    let bytes = tarball::tarball(&name, &files).map_err(io("pack", &path))?;
    write(&path, &bytes)
}

/// Looks into every program and library; the N of `manylinux_2_N` for all of them.
fn look(files: &Files, forbid: &[PathBuf]) -> Result<u32, Failure> {
    let forbidden: Vec<Vec<u8>> =
        forbid.iter().map(|path| path.as_os_str().as_bytes().to_vec()).collect();
    let mut all = Vec::new();
    for (path, entry) in files.iter().filter(|(_, entry)| elf::is_elf(&entry.bytes)) {
        let needs = elf::needs(path, &entry.bytes)?;
        strange::check(path, &entry.bytes, &needs, &forbidden)?;
        all.push((path.as_str(), needs));
    }
    policy::policy(all.iter().map(|(path, needs)| (*path, needs)))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(io("write", path))?;
    println!("{} ({:.1} MB)", path.display(), bytes.len() as f64 / 1e6);
    Ok(())
}
