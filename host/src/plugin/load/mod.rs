//! From a path to a loaded plugin file.
//!
//! A file is read once, checked as bytes, and loaded from a private copy in memory: overwriting or
//! truncating the file while it runs can then do no harm (the system maps files, so a changed
//! file would change the running program).

pub(crate) mod elf;
mod memory;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use abi_stable::library::{LibraryError, lib_header_from_path};
use jackpot_plugin_api::abi::{ABI, RootRef, Stamp};
use jackpot_plugin_api::manifest::{ItemManifest, Manifest};

use super::error::{LoadError, LoadProblem};
use crate::digest;

/// A loaded plugin file. It stays loaded until the process ends.
pub struct PluginFile {
    /// Where it was found; absolute.
    pub path: PathBuf,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// What it says of itself.
    pub manifest: Manifest,
    bytes: Vec<u8>,
    root: RootRef,
}

impl fmt::Debug for PluginFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginFile")
            .field("path", &self.path)
            .field("sha256", &self.sha256)
            .finish()
    }
}

impl PluginFile {
    /// Reads, checks and loads a file.
    ///
    /// # Errors
    ///
    /// [`LoadError`] says what is wrong with the file and what to do.
    pub fn load(path: &Path) -> Result<Arc<Self>, LoadError> {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let load = || {
            let bytes = std::fs::read(&path).map_err(|e| LoadProblem::Unreadable(e.to_string()))?;
            let stamp = elf::check(&bytes)?;
            check_abi(stamp)?;
            // What dies in the system's loader cannot say which file it was.
            tracing::debug!("loading {}", path.display());
            let root = open(&bytes)?;
            let manifest = read_manifest(root)?;
            let sha256 = digest::sha256(&bytes);
            Ok(Arc::new(Self { path: path.clone(), sha256, manifest, bytes, root }))
        };
        load().map_err(|problem: LoadProblem| problem.of(&path))
    }

    /// An item that is in another process; `root` reaches it there.
    pub(super) fn elsewhere(name: &str, item: ItemManifest, root: RootRef) -> Arc<Self> {
        let manifest = Manifest {
            name: name.to_owned(),
            version: String::new(),
            api: jackpot_plugin_api::VERSION.to_owned(),
            items: vec![item],
            #[cfg(feature = "next")]
            since: String::new(),
        };
        let (path, sha256) = (PathBuf::from(name), String::new());
        Arc::new(Self { path, sha256, manifest, bytes: Vec::new(), root })
    }

    /// The bytes that were loaded, for the run's own copy.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The file's name, for messages.
    pub fn file_name(&self) -> String {
        self.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    /// Its items.
    pub fn items(&self) -> &[ItemManifest] {
        &self.manifest.items
    }

    /// What to do about something of this file that the host does not know; empty if the file is
    /// no newer than the host.
    pub fn advice(&self) -> String {
        let api = &self.manifest.api;
        if version(api) <= version(jackpot_plugin_api::VERSION) {
            return String::new();
        }
        format!(
            "; the plugin was built with jackpot-plugin-api {api}, this Jackpot has {}: update \
             Jackpot",
            jackpot_plugin_api::VERSION
        )
    }

    pub(super) fn root(&self) -> RootRef {
        self.root
    }
}

/// The numbers of `1.2.3`, to be compared.
fn version(text: &str) -> Vec<u64> {
    let release = text.split(['-', '+']).next().unwrap_or_default();
    release.split('.').map_while(|number| number.parse().ok()).collect()
}

fn check_abi(stamp: &[u8]) -> Result<(), LoadProblem> {
    let stamp = Stamp::parse(stamp).ok_or_else(|| {
        LoadProblem::Stamp(String::from_utf8_lossy(stamp).trim_end_matches('\0').to_owned())
    })?;
    if stamp.abi == ABI {
        Ok(())
    } else {
        Err(LoadProblem::OtherAbi { found: stamp.abi, api: stamp.api, host: ABI })
    }
}

fn open(bytes: &[u8]) -> Result<RootRef, LoadProblem> {
    let copy = memory::Copy::new(bytes).map_err(|e| LoadProblem::Unreadable(e.to_string()))?;
    // `RootModule::load_from_file` keeps one module per type: the second plugin would silently be
    // the first. The header's own function does not.
    let header = lib_header_from_path(copy.path()).map_err(describe)?;
    header.init_root_module::<RootRef>().map_err(describe)
}

fn describe(error: LibraryError) -> LoadProblem {
    match error {
        LibraryError::AbiInstability(text) => {
            let text = text.to_string();
            tracing::debug!("the whole layout error:\n{text}");
            LoadProblem::Layout(first_error(&text))
        }
        LibraryError::OpenError { err, .. } => LoadProblem::Refused(loader_words(&err.to_string())),
        LibraryError::GetSymbolError { .. } => LoadProblem::NoPlugin("the root module"),
        other => LoadProblem::Refused(other.to_string().trim().replace('\n', " ")),
    }
}

/// The loader's message without the name of our private copy.
fn loader_words(text: &str) -> String {
    let text = text.trim();
    match text.split_once(": ") {
        Some((path, rest)) if path.starts_with("/proc/self/fd/") => rest.to_owned(),
        _ => text.to_owned(),
    }
}

/// abi_stable's layout errors can be thousands of lines: the first one says what differs.
fn first_error(text: &str) -> String {
    let start = text.find("\nError:").map_or(0, |at| at + "\nError:".len());
    let lines = text[start..].lines().map(str::trim).filter(|line| !line.is_empty());
    lines.take(3).collect::<Vec<_>>().join("; ")
}

fn read_manifest(root: RootRef) -> Result<Manifest, LoadProblem> {
    parse_manifest(&root.manifest()())
}

/// What a file's manifest function says.
pub(crate) fn parse_manifest(text: &str) -> Result<Manifest, LoadProblem> {
    if let Ok(failed) = serde_json::from_str::<ManifestFailed>(text) {
        return Err(LoadProblem::Manifest(failed.error));
    }
    let manifest: Manifest =
        serde_json::from_str(text).map_err(|e| LoadProblem::Manifest(e.to_string()))?;
    for (index, item) in manifest.items.iter().enumerate() {
        let same = |other: &&ItemManifest| other.kind == item.kind && other.name == item.name;
        if manifest.items[..index].iter().any(|other| same(&other)) {
            let (kind, name) = (&item.kind, &item.name);
            let message = format!("it exports {kind} `{name}` twice; give each item its own name");
            return Err(LoadProblem::Manifest(message));
        }
    }
    Ok(manifest)
}

/// What a manifest function gives that failed.
#[derive(serde::Deserialize)]
struct ManifestFailed {
    error: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_layout_error_is_cut_to_its_first_cause() {
        let text = "Compared <this>:\n    --- Type Layout ---\nlots\n\nError:\n  too many fields\n  found 5\n\nError:other";
        assert_eq!(first_error(text), "too many fields; found 5; Error:other");
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert!(version("0.10.0") > version("0.9.3") && version("1.0.0") > version("0.10.0"));
        assert_eq!(version("0.2.0-next+1"), [0, 2, 0]);
    }

    #[test]
    fn the_loaders_message_does_not_show_our_copy() {
        assert_eq!(loader_words("/proc/self/fd/9: undefined symbol: foo"), "undefined symbol: foo");
        assert_eq!(loader_words("libx.so: not found"), "libx.so: not found");
    }
}
