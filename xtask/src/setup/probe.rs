//! Questions to this machine: C library, C++ compiler, NVIDIA driver.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Libc {
    /// With its version, if it could be told.
    Glibc(Option<(u32, u32)>),
    Other,
}

/// A C++ compiler, which torch's bindings need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compiler {
    Found,
    /// There is one, but not under a name that cargo's build scripts would try.
    Unnamed(&'static str),
    /// `$CXX` names something that is not there.
    WrongCxx(String),
    Missing,
}

/// NVIDIA's driver, by the first number of its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    None,
    Unknown,
    Version(u32),
}

impl Driver {
    /// CUDA 13, which torch 2.11's wheels are built with, needs driver 580.
    pub fn runs_cuda(self) -> bool {
        match self {
            Driver::None => false,
            Driver::Unknown => true,
            Driver::Version(major) => major >= 580,
        }
    }
}

pub fn libc() -> Libc {
    if !cfg!(target_env = "gnu") {
        return Libc::Other;
    }
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok();
    Libc::Glibc(output.and_then(|output| glibc_version(&String::from_utf8_lossy(&output.stdout))))
}

/// `glibc 2.36` → (2, 36).
fn glibc_version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}

pub fn compiler() -> Compiler {
    choose(env::var("CXX").ok(), &|name| on_path(name))
}

fn choose(cxx: Option<String>, exists: &dyn Fn(&str) -> bool) -> Compiler {
    // `CXX="ccache g++"` is usual: every word may be the program.
    if let Some(cxx) = cxx.filter(|cxx| !cxx.trim().is_empty()) {
        let all = cxx.split_whitespace().take_while(|word| !word.starts_with('-')).all(exists);
        return if all { Compiler::Found } else { Compiler::WrongCxx(cxx) };
    }
    match ["c++", "g++", "clang++"].into_iter().find(|name| exists(name)) {
        Some("c++") => Compiler::Found,
        Some(name) => Compiler::Unnamed(name),
        None => Compiler::Missing,
    }
}

fn on_path(name: &str) -> bool {
    if name.contains('/') {
        return Path::new(name).is_file();
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

pub fn driver() -> Driver {
    if let Ok(text) = fs::read_to_string("/proc/driver/nvidia/version") {
        return driver_version(&text).map_or(Driver::Unknown, Driver::Version);
    }
    // Inside containers and under WSL the library is there without the kernel's file.
    let listed = ["ldconfig", "/sbin/ldconfig"].into_iter().any(|program| {
        let output = Command::new(program).arg("-p").output();
        output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("libcuda.so.1"))
    });
    if listed { Driver::Unknown } else { Driver::None }
}

/// `NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05  Tue …` → 580.
fn driver_version(text: &str) -> Option<u32> {
    let line = text.lines().find(|line| line.contains("NVRM version"))?;
    line.split_whitespace().find_map(|word| {
        let (major, rest) = word.split_once('.')?;
        rest.chars().all(|c| c.is_ascii_digit() || c == '.').then(|| major.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_libc_and_driver_are_read() {
        assert_eq!(glibc_version("glibc 2.36\n"), Some((2, 36)));
        assert_eq!(glibc_version("glibc 2.5.1\n"), Some((2, 5)));
        assert_eq!(glibc_version("musl"), None);
        let open = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release\n";
        assert_eq!(driver_version(open), Some(580));
        let old =
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.54.03  Tue Jun 6\nGCC 12.2.0";
        assert_eq!(driver_version(old), Some(535));
        assert_eq!(driver_version("something else"), None);
    }

    #[test]
    fn only_a_new_enough_driver_runs_cuda() {
        assert!(Driver::Version(580).runs_cuda() && Driver::Unknown.runs_cuda());
        assert!(!Driver::Version(579).runs_cuda() && !Driver::None.runs_cuda());
    }

    #[test]
    fn a_compiler_is_looked_for_as_build_scripts_do() {
        let with = |cxx: Option<&str>, there: &[&str]| {
            choose(cxx.map(str::to_owned), &|name| there.contains(&name))
        };
        assert_eq!(with(None, &["c++", "g++"]), Compiler::Found);
        assert_eq!(with(None, &["clang++"]), Compiler::Unnamed("clang++"));
        assert_eq!(with(None, &[]), Compiler::Missing);
        assert_eq!(with(Some("ccache g++ -m64"), &["ccache", "g++"]), Compiler::Found);
        assert_eq!(with(Some("g++-99"), &["c++"]), Compiler::WrongCxx("g++-99".into()));
        assert_eq!(with(Some(""), &["c++"]), Compiler::Found);
    }
}
