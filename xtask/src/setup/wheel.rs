//! What is asked of pip: the packages and the tags of their wheels.

use std::ffi::OsString;
use std::path::Path;

/// Which packages are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// Torch and the two CUDA libraries that it cannot be loaded without.
    Light,
    /// Torch with all it depends on.
    Cuda,
}

/// The first pip that takes several `--platform`s.
pub const OLDEST_PIP: (u32, u32) = (20, 3);

/// The CPython versions that have a wheel of torch 2.11.0.
pub const PYTHONS: [(u32, u32); 5] = [(3, 10), (3, 11), (3, 12), (3, 13), (3, 14)];

const MEGABYTE: u64 = 1_000_000;

impl Set {
    /// Its folder in `.libtorch`.
    pub fn folder(self) -> &'static str {
        match self {
            Set::Light => "light",
            Set::Cuda => "cuda",
        }
    }

    /// Bytes to download, about.
    pub fn download(self) -> u64 {
        match self {
            Set::Light => 545 * MEGABYTE,
            Set::Cuda => 2730 * MEGABYTE,
        }
    }

    /// Bytes unpacked, about.
    pub fn unpacked(self) -> u64 {
        match self {
            Set::Light => 1220 * MEGABYTE,
            Set::Cuda => 4990 * MEGABYTE,
        }
    }

    /// Bytes that must be free: downloads and unpacked files lie side by side for a while.
    pub fn space(self) -> u64 {
        match self {
            Set::Light => 2500 * MEGABYTE,
            Set::Cuda => 8000 * MEGABYTE,
        }
    }

    fn packages(self) -> &'static [&'static str] {
        match self {
            Set::Light => &[
                "--no-deps",
                "torch==2.11.0",
                "nvidia-cuda-runtime~=13.0.0",
                "nvidia-cuda-cupti~=13.0.0",
            ],
            Set::Cuda => &["torch==2.11.0"],
        }
    }
}

/// The wheels to try, best first. libtorch is the same in all of them, so a Python that has
/// none of its own takes another's.
pub fn tags(python: (u32, u32)) -> Vec<(u32, u32)> {
    let common = (3, 12);
    let own = (python != common && PYTHONS.contains(&python)).then_some(python);
    own.into_iter().chain([common]).collect()
}

/// Arguments to Python. The index is not among them: pip knows the user's.
pub fn arguments(set: Set, tag: (u32, u32), target: &Path) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ["-m", "pip", "install", "--target"].map(Into::into).into();
    arguments.push(target.into());
    let mut push = |argument: &str| arguments.push(argument.into());
    for flag in [
        "--no-compile",
        "--only-binary=:all:",
        "--progress-bar=off",
        "--no-input",
        "--disable-pip-version-check",
        "--no-warn-script-location",
        "--implementation=cp",
    ] {
        push(flag);
    }
    push(&format!("--python-version={}.{}", tag.0, tag.1));
    push(&format!("--abi=cp{}{}", tag.0, tag.1));
    // An explicit platform is taken literally: older ones are not implied.
    for glibc in (5..=28).rev() {
        push(&format!("--platform=manylinux_2_{glibc}_x86_64"));
    }
    for old in ["manylinux2014", "manylinux2010", "manylinux1"] {
        push(&format!("--platform={old}_x86_64"));
    }
    for package in set.packages() {
        push(package);
    }
    arguments
}

/// What pip is doing, by a line of its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Downloading,
    Unpacking,
}

pub fn stage(line: &str) -> Option<Stage> {
    let line = line.trim_start();
    if line.starts_with("Installing collected packages") {
        Some(Stage::Unpacking)
    } else if line.starts_with("Downloading ") {
        Some(Stage::Downloading)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(set: Set, tag: (u32, u32)) -> Vec<String> {
        let arguments = arguments(set, tag, Path::new("/a b/target"));
        arguments.into_iter().map(|a| a.into_string().unwrap()).collect()
    }

    #[test]
    fn a_python_takes_its_own_wheel_or_anothers() {
        assert_eq!(tags((3, 11)), [(3, 11), (3, 12)]);
        assert_eq!(tags((3, 12)), [(3, 12)]);
        assert_eq!(tags((3, 8)), [(3, 12)]);
        assert_eq!(tags((3, 15)), [(3, 12)]);
    }

    #[test]
    fn the_light_set_names_three_packages_and_no_dependencies() {
        let words = words(Set::Light, (3, 12));
        assert_eq!(words[..5], ["-m", "pip", "install", "--target", "/a b/target"]);
        // pip, install, the target, and the packages.
        assert_eq!(words.iter().filter(|w| !w.starts_with('-')).count(), 6, "{words:?}");
        for word in ["--no-deps", "torch==2.11.0", "--abi=cp312", "--python-version=3.12"] {
            assert!(words.iter().any(|w| w == word), "{word} in {words:?}");
        }
        assert!(words.iter().any(|w| w == "--platform=manylinux_2_28_x86_64"));
        assert!(words.iter().all(|w| !w.contains("index")));
    }

    #[test]
    fn the_cuda_set_takes_the_dependencies() {
        assert!(!words(Set::Cuda, (3, 10)).contains(&"--no-deps".to_owned()));
        assert!(Set::Cuda.space() > Set::Cuda.download() + Set::Cuda.unpacked());
        assert!(Set::Light.space() > Set::Light.download() + Set::Light.unpacked());
    }

    #[test]
    fn stages_are_recognised() {
        assert_eq!(stage("  Downloading torch-2.11.0.whl (530.6 MB)"), Some(Stage::Downloading));
        assert_eq!(stage("Installing collected packages: torch"), Some(Stage::Unpacking));
        assert_eq!(stage("Collecting torch==2.11.0"), None);
    }
}
