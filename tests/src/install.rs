//! The program as a user has it installed: the binary, and `plugins/` beside it with the
//! first-party plugins alone; and the same as a package has it, behind the launcher. The fixtures lie apart, so that a test says when it wants them.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The plugins that come with the program, as in the names of their files: every folder of
/// `plugins/`.
pub fn first_party() -> &'static [String] {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let folders = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../plugins")).unwrap();
        let crates = folders.map(|entry| entry.unwrap().path());
        let crates = crates.filter(|folder| folder.join("Cargo.toml").exists());
        let name =
            |folder: PathBuf| folder.file_name()?.to_str().map(|name| name.replace('-', "_"));
        let mut names: Vec<String> = crates.filter_map(name).collect();
        names.sort();
        names
    })
}

/// The crates under `tests/plugins`.
const FIXTURES: [&str; 7] =
    ["fixtures", "twin", "unrelated", "reference", "many", "doubled", "speechless"];

/// A file that was built once and is kept: `tests/abi/{name}`.
pub fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("abi").join(name).canonicalize().unwrap()
}

/// Where things are installed.
#[derive(Debug)]
pub struct Install {
    /// The program.
    pub binary: PathBuf,
    /// A folder for temporary files on the same file system.
    pub scratch: PathBuf,
    root: PathBuf,
}

impl Install {
    /// The folder of the first-party plugins.
    pub fn plugins(&self) -> PathBuf {
        self.root.join("plugins")
    }

    /// The launcher of a package: `bin/jackpot`, with `lib/jackpot/` as in `cargo xtask dist`.
    pub fn launcher(&self) -> PathBuf {
        self.root.join("package/bin/jackpot")
    }

    /// The file of a first-party plugin, or of a crate under `tests/plugins`.
    pub fn plugin(&self, name: &str) -> PathBuf {
        match FIXTURES.contains(&name) {
            true => self.folder(name).join(format!("lib{name}.so")),
            false => self.plugins().join(format!("libjackpot_{name}.so")),
        }
    }

    /// An example program of a package with some features. It is built in the target folder of the
    /// tests, with which it shares whatever the features do not change; cargo sees whether it is
    /// there already.
    pub fn example(&self, name: &str, package: &str, features: &[&str]) -> PathBuf {
        let profile = profile_folder();
        let mut cargo = cargo();
        cargo.args(["build", "--package", package, "--example", name]);
        cargo.arg("--features").arg(features.join(","));
        // It is run for seconds only: what it takes to compile counts.
        cargo.args(["--config", &format!("profile.dev.package.{package}.opt-level=0")]);
        in_profile(cargo, &profile);
        profile.join("examples").join(name)
    }

    /// A folder that has nothing but the plugin file of a crate under `tests/plugins`.
    pub fn folder(&self, fixture: &str) -> PathBuf {
        self.root.join(fixture)
    }
}

/// The installation, made at the first call of a process from what cargo has built; builds what is
/// missing.
pub fn install() -> &'static Install {
    static INSTALL: OnceLock<Install> = OnceLock::new();
    INSTALL.get_or_init(make)
}

fn make() -> Install {
    let profile = profile_folder();
    let target = profile.parent().unwrap().to_owned();
    let scratch = target.join("tmp").join("end-to-end");
    let root = scratch.join(format!("install-{}", profile.file_name().unwrap().to_str().unwrap()));
    fs::create_dir_all(&root).unwrap();
    // Test processes run side by side, and one of them builds and links.
    let lock = File::create(scratch.join("install.lock")).unwrap();
    lock.lock().unwrap();
    let mut links = vec![(profile.join("jackpot"), root.join("jackpot"))];
    let package = root.join("package");
    links.push((profile.join("jackpot-launcher"), package.join("bin/jackpot")));
    links.push((profile.join("jackpot"), package.join("lib/jackpot/jackpot-engine")));
    for plugins in [root.join("plugins"), package.join("lib/jackpot/plugins")] {
        links.extend(first_party().iter().map(|name| {
            let file = format!("libjackpot_{name}.so");
            (profile.join(&file), plugins.join(file))
        }));
    }
    links.extend(FIXTURES.map(|name| {
        let file = format!("lib{name}.so");
        (profile.join(&file), root.join(name).join(file))
    }));
    if links.iter().any(|(built, _)| !built.exists()) {
        build(&profile);
    }
    for (built, place) in &links {
        link(built, place);
    }
    Install { binary: root.join("jackpot"), scratch, root }
}

/// `target/debug` or `target/release`: tests run from the folder `deps` in it.
fn profile_folder() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.ancestors().find(|folder| folder.ends_with("deps")).unwrap().parent().unwrap().to_owned()
}

fn build(profile: &Path) {
    let mut cargo = cargo();
    cargo.args(["build", "--workspace", "--exclude", "xtask"]);
    in_profile(cargo, profile);
}

fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    cargo
}

/// Builds in the profile and target folder of the tests.
fn in_profile(mut cargo: Command, profile: &Path) {
    cargo.arg("--target-dir").arg(profile.parent().unwrap());
    match profile.file_name().unwrap().to_str().unwrap() {
        "debug" => {}
        name => _ = cargo.args(["--profile", name]),
    }
    assert!(cargo.status().unwrap().success(), "{cargo:?} failed");
}

/// A hard link: a symbolic one would be followed to the folder of the build, which the program
/// searches for plugins, too.
fn link(built: &Path, place: &Path) {
    let inode = |path: &Path| fs::metadata(path).map(|found| (found.dev(), found.ino())).ok();
    if inode(built) == inode(place) {
        return;
    }
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    let beside = place.with_extension("new");
    let _ = fs::remove_file(&beside);
    if fs::hard_link(built, &beside).is_err() {
        fs::copy(built, &beside).unwrap();
    }
    // A program that runs keeps the file that it was started from.
    fs::rename(&beside, place).unwrap();
}
