//! Torch's version: reading it from the files of an installation and deciding whether it fits.

use std::fmt;
use std::fs;
use std::path::Path;

/// A version as torch writes it, `2.11.0+cu130`: compared by the first two numbers only, since
/// libtorch's C++ interface does not change within a minor version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    major: u32,
    minor: u32,
    text: String,
}

impl Version {
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let number = text.split('+').next()?;
        let mut parts = number.split('.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?.parse().ok()?;
        Some(Self { major, minor, text: text.to_owned() })
    }

    /// Whether it is the torch that tch pairs with.
    pub fn fits(&self) -> bool {
        (self.major, self.minor) == (2, 11)
    }

    /// Of an installation: a wheel says it in `version.py`, a libtorch archive in `build-version`,
    /// and a system's package only in a header.
    pub fn of(folder: &Path) -> Option<Self> {
        let read = |path: &str| fs::read_to_string(folder.join(path)).ok();
        read("version.py")
            .and_then(|text| from_python(&text))
            .or_else(|| read("build-version").and_then(|text| Self::parse(&text)))
            .or_else(|| {
                read("include/torch/headeronly/version.h").and_then(|text| from_header(&text))
            })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn from_python(text: &str) -> Option<Version> {
    let line = text.lines().find(|line| line.starts_with("__version__"))?;
    let (_, value) = line.split_once('=')?;
    Version::parse(value.trim().trim_matches(['\'', '"']))
}

fn from_header(text: &str) -> Option<Version> {
    let number = |name: &str| {
        text.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some("#define") && words.next() == Some(name))
                .then(|| words.next())
                .flatten()
        })
    };
    let major = number("TORCH_VERSION_MAJOR")?;
    let minor = number("TORCH_VERSION_MINOR")?;
    let patch = number("TORCH_VERSION_PATCH").unwrap_or("0");
    Version::parse(&format!("{major}.{minor}.{patch}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_fit_by_major_and_minor() {
        for (text, fits) in [
            ("2.11.0", true),
            ("2.11.0+cu130\n", true),
            ("2.11.1+cpu", true),
            ("2.11", true),
            ("2.11.0a0+git123", true),
            ("2.1.10", false),
            ("2.110.0", false),
            ("2.12.0", false),
            ("1.11.0", false),
        ] {
            assert_eq!(Version::parse(text).map(|v| v.fits()), Some(fits), "{text}");
        }
        for text in ["", "two", "2", "2.x.1", "+cpu"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }

    #[test]
    fn each_kind_of_installation_tells_its_version() {
        let of = |file: &str, text: &str| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
            Version::of(folder.path()).map(|v| v.to_string())
        };
        let wheel = "__all__ = ['__version__']\n__version__ = '2.11.0+cu130'\ndebug = False\n";
        assert_eq!(of("version.py", wheel).as_deref(), Some("2.11.0+cu130"));
        assert_eq!(of("build-version", "2.11.0+cpu\n").as_deref(), Some("2.11.0+cpu"));
        let header = "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 10\n\
                      #define TORCH_VERSION_PATCH 1\n";
        assert_eq!(of("include/torch/headeronly/version.h", header).as_deref(), Some("2.10.1"));
        assert_eq!(of("other", "2.11.0"), None);
    }
}
