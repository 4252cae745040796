//! Which file goes where.
//!
//! Both packages have the same folders: `bin/` with the launcher, which is what people start, and
//! `lib/jackpot/` with the engine, its plugins beside it, and what authors of plugins need. The
//! launcher finds the engine by its own place, so the whole may be anywhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::error::{Failure, io};

/// A file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub bytes: Vec<u8>,
    pub executable: bool,
}

/// Files by their paths, sorted.
pub type Files = BTreeMap<String, Entry>;

/// A file that nobody executes.
pub fn plain(bytes: impl Into<Vec<u8>>) -> Entry {
    Entry { bytes: bytes.into(), executable: false }
}

/// The programs, the plugins, and what authors need: `bin/` and `lib/`.
///
/// # Errors
///
/// A file is missing.
pub fn programs(root: &Path, built: &Path) -> Result<Files, Failure> {
    let mut files = Files::new();
    for (from, to) in
        [("jackpot-launcher", "bin/jackpot"), ("jackpot", "lib/jackpot/jackpot-engine")]
    {
        let bytes = read(&built.join(from))?;
        files.insert(to.to_owned(), Entry { bytes, executable: true });
    }
    for library in libraries(&root.join("plugins"))? {
        let bytes = read(&built.join(&library))?;
        files.insert(format!("lib/jackpot/plugins/{library}"), plain(bytes));
    }
    // `jackpot plugin new` looks there.
    let sdk = "lib/jackpot/sdk";
    for tree in ["examples", "plugin-api"] {
        copy(&root.join(tree), &format!("{sdk}/{tree}"), &mut files)?;
    }
    let manifest = root.join("Cargo.toml");
    let text = String::from_utf8_lossy(&read(&manifest)?).into_owned();
    files.insert(format!("{sdk}/Cargo.toml"), plain(api_alone(&text)));
    Ok(files)
}

/// The licences of Jackpot itself.
///
/// # Errors
///
/// A file is missing.
pub fn licences(root: &Path) -> Result<Files, Failure> {
    let names = ["LICENSE-APACHE", "LICENSE-MIT"];
    names.into_iter().map(|name| Ok((name.to_owned(), plain(read(&root.join(name))?)))).collect()
}

/// All below `folder`, under `to`, without what cargo builds there.
///
/// # Errors
///
/// A file cannot be read.
pub fn copy(folder: &Path, to: &str, files: &mut Files) -> Result<(), Failure> {
    for entry in fs::read_dir(folder).map_err(io("read", folder))? {
        let path = entry.map_err(io("read", folder))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let to = format!("{to}/{name}");
        match (path.is_dir(), name) {
            (true, "target" | "__pycache__") => {}
            (true, _) => copy(&path, &to, files)?,
            (false, _) => _ = files.insert(to, plain(read(&path)?)),
        }
    }
    Ok(())
}

/// The bytes of a file.
///
/// # Errors
///
/// It cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(io("read", path))
}

/// The workspace's manifest with `plugin-api` as its only part, whose crates take their version and
/// dependencies from it.
fn api_alone(manifest: &str) -> String {
    let line = |line: &str| match line.split('=').next().unwrap_or_default().trim() {
        "members" => Some("members = [\"plugin-api\", \"plugin-api/derive\"]\n".to_owned()),
        "default-members" => None,
        _ => Some(format!("{line}\n")),
    };
    manifest.lines().filter_map(line).collect()
}

/// The files that the crates in `plugins/` are built into, sorted.
fn libraries(plugins: &Path) -> Result<Vec<String>, Failure> {
    let mut libraries = Vec::new();
    for entry in fs::read_dir(plugins).map_err(io("read", plugins))? {
        let manifest = entry.map_err(io("read", plugins))?.path().join("Cargo.toml");
        if manifest.is_file() {
            let text = String::from_utf8_lossy(&read(&manifest)?).into_owned();
            let name = library_name(&text).ok_or(Failure::NoPackage(manifest))?;
            libraries.push(format!("lib{name}.so"));
        }
    }
    libraries.sort();
    Ok(libraries)
}

/// `name` of `[lib]`, else of `[package]`, as rustc spells it.
fn library_name(manifest: &str) -> Option<String> {
    let mut section = "";
    let mut package = None;
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        } else if let Some((_, value)) = line.split_once('=').filter(|(k, _)| k.trim() == "name") {
            let name = value.split('"').nth(1)?.replace('-', "_");
            match section {
                "[lib]" => return Some(name),
                "[package]" => package = Some(name),
                _ => {}
            }
        }
    }
    package
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_named_by_lib_or_package() {
        let package = "[package]\nname = \"ghost-skip\"\nversion = \"1\"\n[dependencies]\n";
        assert_eq!(library_name(package).as_deref(), Some("ghost_skip"));
        let both = format!("{package}[lib]\nname = \"ghost\"\ncrate-type = [\"cdylib\"]\n");
        assert_eq!(library_name(&both).as_deref(), Some("ghost"));
        assert_eq!(library_name("[dependencies]\nname = \"x\"\n"), None);
    }

    #[test]
    fn the_api_is_a_workspace_of_its_own() {
        let own = include_str!("../../Cargo.toml");
        let alone = api_alone(own);
        assert!(alone.contains("\nmembers = [\"plugin-api\", \"plugin-api/derive\"]\n"));
        assert!(alone.contains("\nexclude = [\"examples\"]\n"), "these are another workspace");
        assert!(!alone.contains("\"host\"") && alone.contains("\n[workspace.package]\n"));
    }

    #[test]
    fn programs_and_plugins_have_their_places() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for (path, text) in [
            ("built/jackpot", "engine"),
            ("built/jackpot-launcher", "launcher"),
            ("built/libswish.so", "plugin"),
            ("built/libother.so", "not a plugin of ours"),
            ("plugins/swish/Cargo.toml", "[package]\nname = \"swish\"\n"),
            ("examples/skip/src/lib.rs", ""),
            ("examples/target/release/libskip.so", ""),
            ("plugin-api/derive/Cargo.toml", ""),
            ("Cargo.toml", "[workspace]\nmembers = [\"host\", \"plugin-api\"]\n"),
        ] {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), text).unwrap();
        }
        let files = programs(root, &root.join("built")).unwrap();
        let paths: Vec<&str> = files.keys().map(String::as_str).collect();
        let expected = [
            "bin/jackpot",
            "lib/jackpot/jackpot-engine",
            "lib/jackpot/plugins/libswish.so",
            "lib/jackpot/sdk/Cargo.toml",
            "lib/jackpot/sdk/examples/skip/src/lib.rs",
            "lib/jackpot/sdk/plugin-api/derive/Cargo.toml",
        ];
        assert_eq!(paths, expected);
        let launcher = Entry { bytes: b"launcher".to_vec(), executable: true };
        assert_eq!(files["bin/jackpot"], launcher);
        assert_eq!(files["lib/jackpot/plugins/libswish.so"], plain("plugin"));

        fs::remove_file(root.join("built/libswish.so")).unwrap();
        let failure = programs(root, &root.join("built")).unwrap_err();
        assert!(failure.to_string().contains("libswish.so"));
    }
}
