//! `config.toml` and `manifest.json`: what a run was started with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::error::ExperimentError;
use super::files;
use super::host;
use super::identity::Facts;
use super::lease::Lease;
use super::record::PluginUse;
use super::rundir::RunDir;
use super::seal::sealed;
use crate::digest::sha256;

/// `manifest.json`, which ends with a [seal](super::seal).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// Of the latest start, like all below it up to `plugins`.
    pub versions: BTreeMap<String, String>,
    pub engine: String,
    pub device: String,
    pub precision: String,
    pub threads: usize,
    pub dataset_sha256: String,
    /// Of `config.toml`, which has all keys and seeds. Empty in a manifest of before.
    #[serde(default)]
    pub config_sha256: String,
    /// Every plugin file that any start named.
    pub plugins: BTreeSet<PluginUse>,
    /// One per start, oldest first.
    pub command_lines: Vec<Vec<String>>,
    /// The same starts: when, where and with what. Shorter in a manifest of before.
    #[serde(default)]
    pub starts: Vec<Started>,
}

/// What a start of a run computes with, apart from its config.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Started {
    /// In UTC: `2026-11-28T13:04:38Z`.
    pub date: String,
    /// The machine's name.
    pub host: String,
    /// The processor, as it calls itself.
    pub cpu: String,
    pub device: String,
    pub precision: String,
    pub threads: usize,
    /// Of jackpot, torch, rustc, …
    pub versions: BTreeMap<String, String>,
}

impl Started {
    /// A start now, on this machine.
    pub fn now(
        device: &str,
        precision: &str,
        threads: usize,
        versions: BTreeMap<String, String>,
    ) -> Self {
        Self {
            date: host::now(),
            host: host::name(),
            cpu: host::cpu(),
            device: device.to_owned(),
            precision: precision.to_owned(),
            threads,
            versions,
        }
    }

    /// What may make the bits of two starts differ, by name: what it is in this one and in the
    /// other. Empty: the same config gives the same bits, if the device does.
    pub fn differences(&self, other: &Self) -> Vec<(String, [String; 2])> {
        let facts = |it: &Self| {
            let Self { date: _, host: _, cpu, device, precision, threads, versions } = it;
            let mut facts = BTreeMap::from([
                ("threads".to_owned(), threads.to_string()),
                ("device".to_owned(), device.clone()),
                ("precision".to_owned(), precision.clone()),
                ("processor".to_owned(), cpu.clone()),
            ]);
            facts.extend(versions.clone());
            facts
        };
        let (own, their) = (facts(self), facts(other));
        let names: BTreeSet<&String> = own.keys().chain(their.keys()).collect();
        let of = |facts: &BTreeMap<String, String>, name: &String| {
            facts.get(name).cloned().unwrap_or_else(|| "unknown".to_owned())
        };
        let differs = |name: &&String| own.get(*name) != their.get(*name);
        let pair = |name: &String| (name.clone(), [of(&own, name), of(&their, name)]);
        names.into_iter().filter(differs).map(pair).collect()
    }
}

impl Manifest {
    /// Where it lies in a run.
    pub fn path(run: &RunDir) -> PathBuf {
        run.path().join("manifest.json")
    }

    /// Reads a run's manifest; an empty one if there is none.
    ///
    /// # Errors
    /// Unreadable, or no manifest.
    pub fn read(run: &RunDir) -> Result<Self, ExperimentError> {
        let path = Self::path(run);
        match files::read(&path)? {
            None => Ok(Self::default()),
            Some(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| ExperimentError::Damaged { path, reason: error.to_string() }),
        }
    }
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
    let mut manifest = Manifest::read(run)?;
    let mut plugins = manifest.plugins;
    plugins.extend(facts.all_plugins());
    manifest.command_lines.push(command_line.to_vec());
    let Facts { device, precision, threads, versions, .. } = facts;
    manifest.starts.push(Started::now(device, precision, *threads, versions.clone()));
    let manifest = Manifest {
        format: 1,
        versions: facts.versions.clone(),
        engine: facts.engine.clone(),
        device: facts.device.clone(),
        precision: facts.precision.clone(),
        threads: facts.threads,
        dataset_sha256: facts.dataset_sha256.clone(),
        config_sha256: sha256(config.as_bytes()),
        plugins,
        command_lines: manifest.command_lines,
        starts: manifest.starts,
    };
    Ok(files::write(&Manifest::path(run), &sealed(&manifest))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::seal;
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
        assert_eq!((manifest.command_lines.len(), manifest.starts.len()), (4, 4));
        assert_eq!(manifest.config_sha256, sha256(b"a = 3"));
        assert_eq!(seal::check(read("manifest.json").as_bytes()), seal::Seal::Whole);
        assert_eq!(manifest.plugins.len(), facts().plugins.len());
    }

    #[test]
    fn what_may_change_bits_is_told_and_the_date_is_not() {
        let one = Started::now("cpu", "f32", 1, facts().versions);
        let mut two = Started { date: "later".into(), host: "elsewhere".into(), ..one.clone() };
        assert!(one.differences(&two).is_empty());
        two.threads = 2;
        two.versions.insert("torch".into(), "2.12.0".into());
        let expected = [
            ("threads".to_owned(), ["1".to_owned(), "2".to_owned()]),
            ("torch".to_owned(), ["unknown".to_owned(), "2.12.0".to_owned()]),
        ];
        assert_eq!(one.differences(&two), expected);
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
