//! A folder with libtorch: whether programs can load it.

use std::fmt;
use std::path::Path;

use super::version::Version;

/// What a program of ours is linked with and libtorch brings.
const LIBRARIES: [&str; 2] = ["lib/libtorch_cpu.so", "lib/libc10.so"];

/// Why a folder cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    Relative,
    NotThere,
    /// A file or folder in it is missing.
    Lacks(&'static str),
    NoVersion,
    Version(Version),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfit::Relative => f.write_str("it is a relative path"),
            Unfit::NotThere => f.write_str("there is no such folder"),
            Unfit::Lacks(what) => write!(f, "it has no {what}"),
            Unfit::NoVersion => f.write_str("its version cannot be told"),
            Unfit::Version(version) => write!(f, "it is torch {version}"),
        }
    }
}

/// The version of the libtorch in that folder, which has a `lib/`: the `torch` folder of a Python
/// environment, or an unpacked libtorch archive.
///
/// # Errors
///
/// Programs of ours cannot load it, or there is none.
pub fn look(folder: &Path) -> Result<Version, Unfit> {
    if !folder.is_absolute() {
        return Err(Unfit::Relative);
    }
    if !folder.is_dir() {
        return Err(Unfit::NotThere);
    }
    // The version first: of two faults, this is the one that explains the other.
    let version = Version::of(folder);
    if let Some(version) = version.as_ref().filter(|version| !version.fits()) {
        return Err(Unfit::Version(version.clone()));
    }
    match LIBRARIES.into_iter().find(|file| !folder.join(file).is_file()) {
        Some(missing) => Err(Unfit::Lacks(missing)),
        None => version.ok_or(Unfit::NoVersion),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn each_fault_has_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let torch = folder.path().join("torch");
        assert_eq!(look(Path::new("torch")), Err(Unfit::Relative));
        assert_eq!(look(&torch), Err(Unfit::NotThere));
        fs::create_dir_all(torch.join("lib")).unwrap();
        assert_eq!(look(&torch), Err(Unfit::Lacks("lib/libtorch_cpu.so")));
        fs::write(torch.join("lib/libtorch_cpu.so"), "").unwrap();
        assert_eq!(look(&torch), Err(Unfit::Lacks("lib/libc10.so")));
        fs::write(torch.join("lib/libc10.so"), "").unwrap();
        assert_eq!(look(&torch), Err(Unfit::NoVersion));
        fs::write(torch.join("version.py"), "__version__ = '2.12.0'\n").unwrap();
        let Err(Unfit::Version(version)) = look(&torch) else { panic!("2.12") };
        assert_eq!(version.to_string(), "2.12.0");
        fs::write(torch.join("version.py"), "__version__ = '2.11.0+cpu'\n").unwrap();
        assert_eq!(look(&torch).map(|version| version.to_string()), Ok("2.11.0+cpu".into()));
    }
}
