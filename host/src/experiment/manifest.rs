//! `config.toml` and `manifest.json`: what a run was started with.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::error::ExperimentError;
use super::files;
use super::identity::Facts;
use super::lease::Lease;
use super::record::{PluginUse, pretty};
use super::rundir::RunDir;

/// `manifest.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    /// Of the latest start, like all below it up to `plugins`.
    versions: BTreeMap<String, String>,
    engine: String,
    device: String,
    precision: String,
    threads: usize,
    dataset_sha256: String,
    /// Every plugin file that any start named.
    plugins: BTreeSet<PluginUse>,
    /// One per start, oldest first.
    command_lines: Vec<Vec<String>>,
}

/// Notes the start of a run: keeps the config of the start before under the next free number if
/// it was another, and adds the command line to the manifest.
///
/// # Errors
/// The files cannot be written, or `manifest.json` cannot be read back.
pub fn begin(
    run: &RunDir,
    config: &str,
    facts: &Facts,
    command_line: &[String],
) -> Result<(), ExperimentError> {
    let _lease = Lease::of_run(run)?;
    let current = files::read(&run.config())?;
    if current.as_deref() != Some(config.as_bytes()) {
        if current.is_some() {
            let number = |name: &String| {
                name.strip_prefix("config-")?.strip_suffix(".toml")?.parse::<u32>().ok()
            };
            let last = files::list(run.path())?.iter().filter_map(number).max().unwrap_or(0);
            files::place(&run.config(), &run.path().join(format!("config-{:04}.toml", last + 1)))?;
        }
        files::write(&run.config(), config.as_bytes())?;
    }
    let path = run.path().join("manifest.json");
    let mut manifest: Manifest = match files::read(&path)? {
        None => Manifest::default(),
        Some(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
            ExperimentError::Damaged { path: path.clone(), reason: error.to_string() }
        })?,
    };
    let mut plugins = manifest.plugins;
    plugins.extend(facts.all_plugins());
    manifest.command_lines.push(command_line.to_vec());
    let manifest = Manifest {
        format: 1,
        versions: facts.versions.clone(),
        engine: facts.engine.clone(),
        device: facts.device.clone(),
        precision: facts.precision.clone(),
        threads: facts.threads,
        dataset_sha256: facts.dataset_sha256.clone(),
        plugins,
        command_lines: manifest.command_lines,
    };
    Ok(files::write(&path, &pretty(&manifest))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::testing::facts;

    #[test]
    fn older_configs_are_kept_and_equal_ones_are_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDir::create(folder.path()).unwrap();
        for config in ["a = 1", "a = 1", "a = 2", "a = 3"] {
            begin(&run, config, &facts(), &["jackpot".into(), config.into()]).unwrap();
        }
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(read("config.toml"), "a = 3");
        assert_eq!(read("config-0001.toml"), "a = 1");
        assert_eq!(read("config-0002.toml"), "a = 2");
        assert!(!folder.path().join("config-0003.toml").exists());
        let manifest: Manifest = serde_json::from_str(&read("manifest.json")).unwrap();
        assert_eq!(manifest.command_lines.len(), 4);
        assert_eq!(manifest.plugins.len(), facts().plugins.len());
    }

    #[test]
    fn a_damaged_manifest_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDir::create(folder.path()).unwrap();
        std::fs::write(folder.path().join("manifest.json"), "{").unwrap();
        let error = begin(&run, "a = 1", &facts(), &[]).unwrap_err().to_string();
        assert!(error.contains("manifest.json is damaged"), "{error}");
    }
}
