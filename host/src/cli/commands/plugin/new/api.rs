//! Where a new crate finds `jackpot-plugin-api`.

use std::path::{Path, PathBuf};

/// What its `Cargo.toml` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Api {
    /// Its source, which lies in that folder.
    Path(PathBuf),
    /// Its version, to be found by cargo.
    Version(&'static str),
}

impl Api {
    /// The source in that folder.
    ///
    /// # Errors
    ///
    /// In words: it is not there.
    pub fn at(folder: &Path) -> Result<Self, String> {
        let whole = folder.canonicalize().ok().filter(|folder| is_api(folder));
        whole.map(Self::Path).ok_or_else(|| {
            format!(
                "--api {}: there is no jackpot-plugin-api; name its folder, which has a Cargo.toml",
                folder.display()
            )
        })
    }

    /// The source in a folder `plugin-api` beside this program, as in a release, or above it, as in
    /// a checkout in which it was built; else the version that the program was built with. Where
    /// the program was built does not matter, only where it is.
    pub fn found() -> Self {
        let program = std::env::current_exe().and_then(|program| program.canonicalize());
        program
            .ok()
            .and_then(|program| beside(&program))
            .map_or(Self::Version(jackpot_plugin_api::VERSION), Self::Path)
    }

    /// The line of `[dependencies]`, with these features of the crate.
    pub fn dependency(&self, features: &[&str]) -> String {
        let features = match features {
            [] => String::new(),
            some => format!(", features = {some:?}"),
        };
        match self {
            Self::Path(folder) => {
                let path = toml::Value::String(folder.display().to_string());
                format!("jackpot-plugin-api = {{ path = {path}{features} }}")
            }
            Self::Version(version) => format!(
                "# Where cargo does not find it: {{ path = \"…/jackpot/plugin-api\"{features} }}, in a \
                 checkout of Jackpot.\n\
                 jackpot-plugin-api = {{ version = \"{version}\"{features} }}"
            ),
        }
    }
}

fn beside(program: &Path) -> Option<PathBuf> {
    let folders = program.ancestors().skip(1);
    let places =
        folders.flat_map(|folder| ["sdk/plugin-api", "plugin-api"].map(|p| folder.join(p)));
    places.into_iter().find(|folder| is_api(folder))
}

/// Whether the crate lies in that folder.
fn is_api(folder: &Path) -> bool {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    let manifest = manifest.parse::<toml::Table>().unwrap_or_default();
    let name = manifest.get("package").and_then(|package| package.get("name")?.as_str());
    name == Some("jackpot-plugin-api")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn api_in(folder: &Path) -> PathBuf {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("Cargo.toml"), "[package]\nname = \"jackpot-plugin-api\"\n").unwrap();
        folder.to_owned()
    }

    #[test]
    fn the_source_is_found_in_a_release_and_in_a_checkout() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("target/release/jackpot");
        assert_eq!(beside(&program), None);
        // Another crate of that folder's name is no API.
        fs::create_dir_all(folder.path().join("target/plugin-api")).unwrap();
        let checkout = api_in(&folder.path().join("plugin-api"));
        assert_eq!(beside(&program), Some(checkout));
        let release = api_in(&folder.path().join("target/release/plugin-api"));
        assert_eq!(beside(&program), Some(release));
    }

    #[test]
    fn a_folder_without_it_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = Api::at(folder.path()).unwrap_err();
        assert!(error.contains("there is no jackpot-plugin-api"), "{error}");
        let path = api_in(&folder.path().join("a \"b\"")).canonicalize().unwrap();
        let line = Api::at(&path).unwrap().dependency(&[]);
        let table: toml::Table = line.parse().unwrap();
        let found = table["jackpot-plugin-api"]["path"].as_str();
        assert_eq!(found, path.to_str());
    }

    #[test]
    fn without_the_source_it_is_a_version() {
        let line = Api::Version("0.1.0").dependency(&["testing"]);
        let table: toml::Table = line.parse().unwrap();
        let found = &table["jackpot-plugin-api"];
        assert_eq!(found["version"].as_str(), Some("0.1.0"));
        assert_eq!(found["features"].as_array().unwrap()[0].as_str(), Some("testing"));
    }
}
