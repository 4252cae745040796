//! A folder with libtorch: whether it can be built against.

use std::path::{Path, PathBuf};

use jackpot_libtorch::{Unfit, Version, look};

/// A folder that can be built against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Libtorch {
    pub path: PathBuf,
    pub version: Version,
    /// Whether it comes with all that an NVIDIA GPU needs.
    pub cuda: bool,
}

impl Libtorch {
    /// Looks at a folder that should hold `lib/` and `include/`.
    pub fn inspect(path: &Path) -> Result<Self, Unfit> {
        let version = look(path)?;
        if !path.join("include/torch").is_dir() {
            return Err(Unfit::Lacks("include/torch"));
        }
        Ok(Self { path: path.to_path_buf(), version, cuda: has_cuda(path) })
    }
}

/// The wheel always has libtorch_cuda.so, but that needs cuDNN: beside torch in a Python
/// environment, in `lib` in a libtorch archive.
fn has_cuda(path: &Path) -> bool {
    path.join("lib/libtorch_cuda.so").is_file()
        && (path.join("lib/../../nvidia/cudnn/lib").is_dir()
            || path.join("lib/libcudnn.so.9").is_file())
}

#[cfg(test)]
pub mod tests {
    use std::fs;

    use super::*;

    /// Writes the files that a folder is recognised by.
    pub fn fake(path: &Path, version: &str) {
        fs::create_dir_all(path.join("lib")).unwrap();
        fs::create_dir_all(path.join("include/torch")).unwrap();
        fs::write(path.join("lib/libtorch_cpu.so"), "").unwrap();
        fs::write(path.join("lib/libc10.so"), "").unwrap();
        fs::write(path.join("version.py"), format!("__version__ = '{version}'\n")).unwrap();
    }

    #[test]
    fn a_whole_folder_is_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let torch = folder.path().join("torch");
        fake(&torch, "2.11.0+cu130");
        let found = Libtorch::inspect(&torch).unwrap();
        assert_eq!((found.version.to_string().as_str(), found.cuda), ("2.11.0+cu130", false));

        fs::write(torch.join("lib/libtorch_cuda.so"), "").unwrap();
        assert!(!Libtorch::inspect(&torch).unwrap().cuda, "the light set: no cuDNN");
        fs::create_dir_all(folder.path().join("nvidia/cudnn/lib")).unwrap();
        assert!(Libtorch::inspect(&torch).unwrap().cuda);
    }

    #[test]
    fn cudnn_is_found_beside_the_real_folder_when_it_is_reached_by_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let torch = folder.path().join("site-packages/torch");
        fake(&torch, "2.11.0");
        fs::write(torch.join("lib/libtorch_cuda.so"), "").unwrap();
        fs::create_dir_all(folder.path().join("site-packages/nvidia/cudnn/lib")).unwrap();
        let link = folder.path().join("torch");
        std::os::unix::fs::symlink(&torch, &link).unwrap();
        assert!(Libtorch::inspect(&link).unwrap().cuda);
    }

    #[test]
    fn headers_are_needed_too() {
        let folder = tempfile::tempdir().unwrap();
        let torch = folder.path().join("torch");
        assert_eq!(Libtorch::inspect(&torch), Err(Unfit::NotThere));
        fake(&torch, "2.12.0");
        let Err(Unfit::Version(version)) = Libtorch::inspect(&torch) else { panic!("2.12") };
        assert_eq!(version.to_string(), "2.12.0");
        fake(&torch, "2.11.0");
        fs::remove_dir(torch.join("include/torch")).unwrap();
        assert_eq!(Libtorch::inspect(&torch), Err(Unfit::Lacks("include/torch")));
    }
}
