//! All items that were found, by kind and name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jackpot_plugin_api::ctx::Site;
use jackpot_plugin_api::manifest::{ItemManifest, Kind};

use super::error::{LoadError, RegistryError};
use super::item::{Instance, ItemId};
use super::kinds::declared;
use super::load::PluginFile;

/// The plugins of one process.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    files: Vec<Arc<PluginFile>>,
    /// Other paths of the same bytes, with their hashes.
    copies: BTreeMap<PathBuf, String>,
    /// The folders that were searched, in order.
    searched: Vec<PathBuf>,
    /// Files that could not be loaded; they matter once somebody misses an item.
    broken: Vec<LoadError>,
}

/// An item and the file it is in.
#[derive(Debug, Clone)]
pub struct Found {
    pub file: Arc<PluginFile>,
    pub index: usize,
}

impl Found {
    /// What the file says of it.
    pub fn manifest(&self) -> &ItemManifest {
        &self.file.manifest.items[self.index]
    }
}

impl Registry {
    /// Loads every plugin in these folders, in order.
    pub fn discover(folders: &[PathBuf]) -> Self {
        let mut registry = Self::default();
        for folder in folders {
            registry.search(folder);
        }
        registry
    }

    /// Loads every `.so` of a folder. A folder that is not there is only remembered as searched.
    fn search(&mut self, folder: &Path) {
        if self.searched.iter().any(|known| known == folder) {
            return;
        }
        self.searched.push(folder.to_owned());
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|ext| ext == "so") && path.is_file());
        paths.sort();
        for path in paths {
            match self.add_file(&path) {
                Ok(_) => {}
                // Any library may lie in a folder; only what is broken is worth a word.
                Err(error) if error.problem.is_other_library() => {
                    tracing::debug!("{error}");
                }
                Err(error) => self.broken.push(error),
            }
        }
    }

    /// Loads one file, or finds it among those loaded: the same bytes are one file.
    ///
    /// # Errors
    ///
    /// A file that is no usable plugin.
    pub fn add_file(&mut self, path: &Path) -> Result<Arc<PluginFile>, LoadError> {
        let canonical = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if let Some(known) = self.files.iter().find(|file| file.path == canonical) {
            return Ok(known.clone());
        }
        let file = PluginFile::load(&canonical)?;
        if let Some(known) = self.files.iter().find(|known| known.sha256 == file.sha256) {
            self.copies.insert(canonical, file.sha256.clone());
            return Ok(known.clone());
        }
        self.files.push(file.clone());
        Ok(file)
    }

    /// The loaded files, in the order of the search.
    pub fn files(&self) -> &[Arc<PluginFile>] {
        &self.files
    }

    /// The files that could not be loaded.
    pub fn broken(&self) -> &[LoadError] {
        &self.broken
    }

    /// All items of all files.
    pub fn items(&self) -> impl Iterator<Item = Found> + '_ {
        self.files.iter().flat_map(|file| {
            (0..file.items().len()).map(|index| Found { file: file.clone(), index })
        })
    }

    /// The items for checking a config: by (kind, name), and those of explicitly named files also
    /// by (kind, `path:name`).
    pub fn known_items(&self) -> BTreeMap<(String, String), ItemManifest> {
        let mut known = BTreeMap::new();
        for found in self.items() {
            let item = found.manifest();
            let by_path = format!("{}:{}", found.file.path.display(), item.name);
            known.insert((item.kind.clone(), by_path), item.clone());
            known.entry((item.kind.clone(), item.name.clone())).or_insert_with(|| item.clone());
        }
        known
    }

    /// The item that a config names: `name` or `path/to/file.so:name`.
    ///
    /// # Errors
    ///
    /// An item that no file has, or that two different files have.
    pub fn find(&self, kind: Kind, reference: &str) -> Result<Found, RegistryError> {
        let of_kind = |found: &Found| found.manifest().kind == kind.as_str();
        if let Some((path, name)) = split_reference(reference) {
            let path = Path::new(path).canonicalize().unwrap_or_else(|_| path.into());
            let sha = self.files.iter().find(|file| file.path == path).map(|file| &file.sha256);
            let sha = sha.or_else(|| self.copies.get(&path));
            let found = self.items().find(|found| {
                of_kind(found) && found.manifest().name == name && Some(&found.file.sha256) == sha
            });
            return found.ok_or_else(|| self.unknown(kind, reference));
        }
        let mut matches =
            self.items().filter(|found| of_kind(found) && found.manifest().name == reference);
        let first = matches.next().ok_or_else(|| self.unknown(kind, reference))?;
        match matches.next() {
            None => Ok(first),
            Some(second) => Err(RegistryError::Twice {
                kind,
                name: reference.to_owned(),
                first: first.file.path.display().to_string(),
                second: second.file.path.display().to_string(),
            }),
        }
    }

    /// An item with its parameters.
    ///
    /// # Errors
    ///
    /// As [`Registry::find`], or parameters that the item refuses.
    pub fn create(
        &self,
        kind: Kind,
        reference: &str,
        params: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<Instance, RegistryError> {
        let found = self.find(kind, reference)?;
        let instance = Instance::create(ItemId { kind, found }, params)?;
        refuse_unserved(&instance)?;
        #[cfg(feature = "next")]
        super::next::tell(&instance);
        Ok(instance)
    }

    fn unknown(&self, kind: Kind, name: &str) -> RegistryError {
        let names: Vec<_> = self
            .items()
            .filter(|found| found.manifest().kind == kind.as_str())
            .map(|found| found.manifest().name.clone())
            .collect();
        let best = names
            .iter()
            .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
        let nearest = match best {
            Some(best) if strsim::jaro_winkler(best, name) > 0.75 => {
                format!("; did you mean `{best}`?")
            }
            _ => String::new(),
        };
        RegistryError::Unknown {
            kind,
            name: name.to_owned(),
            nearest,
            searched: self.search_report(),
        }
    }

    /// Where was looked, and what could not be loaded there.
    pub fn search_report(&self) -> String {
        let mut lines = vec!["searched:".to_owned()];
        lines.extend(self.searched.iter().map(|folder| {
            let missing = if folder.is_dir() { "" } else { " (not there)" };
            format!("  {}{missing}", folder.display())
        }));
        if !self.broken.is_empty() {
            lines.push("not loaded:".to_owned());
            lines.extend(self.broken.iter().map(|error| format!("  {error}")));
        }
        lines.join("\n")
    }
}

/// Declared tensors and knobs are for items that run in every step; elsewhere nobody would train
/// or move them, so that they are an error and not silently dead.
pub(super) fn refuse_unserved(instance: &Instance) -> Result<(), RegistryError> {
    let id = instance.id();
    let create = |message: String| Err(RegistryError::Create { item: id.to_string(), message });
    let served = matches!(id.kind, Kind::Activation | Kind::Augmentation | Kind::Loss);
    if served {
        return Ok(());
    }
    if id.kind != Kind::Skip
        && let Some(knob) = instance.knobs().first()
    {
        return create(format!("it has a knob `{knob}`; {} items cannot have knobs", id.kind));
    }
    let site = Site { name: id.kind.to_string(), shape: Vec::new() };
    match declared(instance, &site, 0) {
        Ok(tensors) => match tensors.first() {
            None => Ok(()),
            Some(one) => create(format!(
                "it declares a tensor `{}`; {} items cannot declare tensors",
                one.name, id.kind
            )),
        },
        Err(error) => create(format!("hook `{}`: {}", error.hook, error.message)),
    }
}

/// `path/to/file.so:name` in its two parts.
pub fn split_reference(reference: &str) -> Option<(&str, &str)> {
    reference.rsplit_once(':').filter(|(path, name)| path.ends_with(".so") && !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_with_a_file_is_taken_apart() {
        assert_eq!(split_reference("swish"), None);
        assert_eq!(split_reference("a/b.so:swish"), Some(("a/b.so", "swish")));
        assert_eq!(split_reference("a/b.so:"), None);
        assert_eq!(split_reference("c:swish"), None);
    }

    #[test]
    fn a_missing_item_says_where_was_looked() {
        let registry = Registry::discover(&[PathBuf::from("/nowhere/at/all")]);
        let error = registry.find(Kind::Activation, "swish").unwrap_err().to_string();
        let expected =
            "no activation plugin `swish` was found\nsearched:\n  /nowhere/at/all (not there)";
        assert_eq!(error, expected);
    }
}
