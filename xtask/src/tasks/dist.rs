//! `cargo xtask dist`: a folder and a tarball that run without this repository.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::setup;
use crate::workspace::{Workspace, run as start};

pub fn run(workspace: &Workspace) -> Result<(), Failure> {
    setup::ensure(workspace, setup::Options::default())?;
    start(workspace.cargo(&["build", "--release"]))?;
    // The same binary, linked once more: it then also looks for `libtorch` beside itself.
    start(workspace.cargo(&[
        "rustc",
        "--release",
        "--package=jackpot",
        "--bin=jackpot",
        "--",
        "-Clink-arg=-Wl,-rpath,$ORIGIN/libtorch/lib",
    ]))?;
    let name = format!("jackpot-{}-x86_64-linux", env!("CARGO_PKG_VERSION"));
    let dist = workspace.target.join("dist");
    let folder = dist.join(&name);
    lay_out(&workspace.root, &workspace.target.join("release"), &folder)?;
    let mut tar = workspace.program("tar");
    let tarball = dist.join(format!("{name}.tar.gz"));
    // Owner and order do not depend on who packs where.
    tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "-czf"]);
    tar.arg(&tarball).arg("-C").arg(&dist).arg(&name);
    start(tar)?;
    eprintln!("\n{}\n{}", folder.display(), tarball.display());
    Ok(())
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

/// Copies what belongs to a release.
fn lay_out(root: &Path, release: &Path, folder: &Path) -> Result<(), Failure> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(io("remove", folder))?;
    }
    copy(&release.join("jackpot"), &folder.join("jackpot"))?;
    for library in plugin_libraries(&root.join("plugins"))? {
        copy(&release.join(&library), &folder.join("plugins").join(&library))?;
    }
    for tree in ["configs", "docs", "examples", "plugin-api"] {
        copy_tree(&root.join(tree), &folder.join(tree))?;
    }
    // `jackpot plugin new` finds the API's source beside the binary.
    let manifest = root.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).map_err(io("read", &manifest))?;
    let manifest = folder.join("Cargo.toml");
    fs::write(&manifest, api_alone(&text)).map_err(io("write", &manifest))?;
    for file in ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        copy(&root.join(file), &folder.join(file))?;
    }
    let install = folder.join("INSTALL.md");
    fs::write(&install, INSTALL).map_err(io("write", &install))
}

const INSTALL: &str = "\
# Connecting libtorch

The binary needs libtorch 2.11 (Linux x86-64). Put a link named `libtorch` beside it, to the
`torch` folder of a Python environment or to an unpacked libtorch archive:

    python3 -m venv env && env/bin/pip install torch==2.11.0
    ln -s \"$(env/bin/python -c 'import torch, os; print(os.path.dirname(torch.__file__))')\" libtorch
    ./jackpot run configs/quickstart.toml
";

/// The files that the crates in `plugins/` are built into.
fn plugin_libraries(plugins: &Path) -> Result<Vec<String>, Failure> {
    let mut libraries = Vec::new();
    for entry in fs::read_dir(plugins).map_err(io("read", plugins))? {
        let manifest = entry.map_err(io("read", plugins))?.path().join("Cargo.toml");
        if manifest.is_file() {
            let text = fs::read_to_string(&manifest).map_err(io("read", &manifest))?;
            let name = library_name(&text).ok_or_else(|| {
                Failure::Other(format!("{} names no package", manifest.display()))
            })?;
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

fn copy_tree(from: &Path, to: &Path) -> Result<(), Failure> {
    for entry in fs::read_dir(from).map_err(io("read", from))? {
        let path = entry.map_err(io("read", from))?.path();
        let Some(name) = path.file_name() else { continue };
        if name == "target" {
            continue;
        }
        if path.is_dir() {
            copy_tree(&path, &to.join(name))?;
        } else {
            copy(&path, &to.join(name))?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(io("make the folder", parent))?;
    }
    fs::copy(from, to).map_err(io("copy", from)).map(|_| ())
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    let path: PathBuf = path.to_path_buf();
    move |source| Failure::Io { action, path, source }
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
        let own = include_str!("../../../Cargo.toml");
        let alone = api_alone(own);
        assert!(alone.contains("\nmembers = [\"plugin-api\", \"plugin-api/derive\"]\n"));
        assert!(alone.contains("\nexclude = [\"examples\"]\n"), "these are another workspace");
        assert!(!alone.contains("\"host\"") && alone.contains("\n[workspace.package]\n"));
    }

    #[test]
    fn a_release_has_binary_plugins_configs_and_documents() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for (path, text) in [
            ("release/jackpot", "binary"),
            ("release/libswish.so", "plugin"),
            ("release/libother.so", "not a plugin of ours"),
            ("plugins/swish/Cargo.toml", "[package]\nname = \"swish\"\n"),
            ("configs/quickstart.toml", ""),
            ("configs/paper/a.toml", ""),
            ("docs/install.md", ""),
            ("examples/skip/src/lib.rs", ""),
            ("examples/target/release/libskip.so", ""),
            ("plugin-api/derive/Cargo.toml", ""),
            ("Cargo.toml", "[workspace]\nmembers = [\"host\", \"plugin-api\"]\n"),
            ("README.md", ""),
            ("CHANGELOG.md", ""),
            ("LICENSE-MIT", ""),
            ("LICENSE-APACHE", ""),
        ] {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), text).unwrap();
        }
        let out = root.join("dist/jackpot-1");
        fs::create_dir_all(&out).unwrap();
        fs::write(out.join("old"), "").unwrap();
        lay_out(root, &root.join("release"), &out).unwrap();
        for path in [
            "jackpot",
            "plugins/libswish.so",
            "configs/paper/a.toml",
            "INSTALL.md",
            "examples/skip/src/lib.rs",
            "plugin-api/derive/Cargo.toml",
        ] {
            assert!(out.join(path).is_file(), "{path}");
        }
        let manifest = fs::read_to_string(out.join("Cargo.toml")).unwrap();
        let only_api = "[workspace]\nmembers = [\"plugin-api\", \"plugin-api/derive\"]\n";
        assert_eq!(manifest, only_api);
        assert!(!out.join("examples/target").exists());
        assert!(!out.join("old").exists() && !out.join("plugins/libother.so").exists());

        fs::remove_file(root.join("release/libswish.so")).unwrap();
        let failure = lay_out(root, &root.join("release"), &out).unwrap_err();
        assert!(failure.to_string().contains("libswish.so"));
    }
}
