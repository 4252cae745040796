//! Two runs of one experiment: do their bits agree?

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::Value;

use super::stored::Stored;
use crate::engine::stored::{INIT, REWIND};
use crate::experiment::{
    Difference, ExperimentError, JobKey, JobRecord, Manifest, RunDir, differences,
};

/// What there is to say of two runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Compared {
    /// They are of one experiment.
    Bits(Comparison),
    /// They are not.
    Apart(Apart),
}

/// Two runs whose bits need not agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apart {
    pub runs: [PathBuf; 2],
    /// What is set otherwise in the first job in which anything is; nothing if no job is in both.
    pub differences: Vec<Difference>,
}

/// How two runs of one experiment compare.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Comparison {
    pub runs: [PathBuf; 2],
    /// Jobs that both have finished.
    pub jobs: usize,
    /// Those whose files differ, with the first file in which they do.
    pub differing: Vec<(JobKey, Place)>,
    /// Jobs that only the first, or only the second has finished.
    pub only: [usize; 2],
    /// What was not the same when they were made: name, in the first, in the second.
    pub made_with: Vec<(String, [String; 2])>,
}

/// Where two files differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Relative to the job's folder.
    pub file: String,
    pub tensor: Option<String>,
}

/// Compares every file of every job that both runs have finished, if they are of one experiment.
///
/// # Errors
/// A run cannot be read.
pub fn compare(one: &RunDir, two: &RunDir) -> Result<Compared, ExperimentError> {
    let records = |run: &RunDir| -> Result<BTreeMap<JobKey, JobRecord>, ExperimentError> {
        let records = run.records()?.into_iter();
        Ok(records.map(|record| (record.key.clone(), record)).collect())
    };
    let (ours, theirs) = (records(one)?, records(two)?);
    let common: Vec<(&JobRecord, &JobRecord)> =
        ours.values().filter_map(|own| Some((own, theirs.get(&own.key)?))).collect();
    let same = |(own, their): &(&JobRecord, &JobRecord)| {
        own.identity == their.identity || settings(&own.description) == settings(&their.description)
    };
    let runs = [one.path().to_owned(), two.path().to_owned()];
    let other = common.iter().find(|pair| !same(pair));
    if common.is_empty() || other.is_some() {
        let differences = other.map_or_else(Vec::new, |(own, their)| {
            differences(&settings(&own.description), &settings(&their.description))
        });
        return Ok(Compared::Apart(Apart { runs, differences }));
    }
    let differ = |(own, their): &(&JobRecord, &JobRecord)| {
        let place = differs([one, two], [own, their])?;
        Some((own.key.clone(), place))
    };
    Ok(Compared::Bits(Comparison {
        runs,
        jobs: common.len(),
        differing: common.par_iter().filter_map(differ).collect(),
        only: [ours.len() - common.len(), theirs.len() - common.len()],
        made_with: made_with([one, two], &common),
    }))
}

/// What two descriptions have to share: everything but where, with which files and how exactly it
/// was computed.
fn settings(description: &Value) -> Value {
    const CIRCUMSTANCES: [&str; 8] = [
        "threads",
        "device",
        "precision",
        "engine",
        "version",
        "sha256",
        "deterministic",
        "sparse",
    ];
    match description {
        Value::Object(map) => {
            let kept = map.iter().filter(|(key, _)| !CIRCUMSTANCES.contains(&key.as_str()));
            Value::Object(kept.map(|(key, value)| (key.clone(), settings(value))).collect())
        }
        Value::Array(values) => Value::Array(values.iter().map(settings).collect()),
        other => other.clone(),
    }
}

/// The first file of a job in which two runs differ, by name.
fn differs(runs: [&RunDir; 2], records: [&JobRecord; 2]) -> Option<Place> {
    let [own, their] = records;
    let folders = [0, 1].map(|run| runs[run].files(records[run]));
    let mut names: BTreeSet<String> = folders.iter().flat_map(|folder| names(folder)).collect();
    if own.key.is_draw() && own.key.level() == 0 {
        names.extend([INIT, REWIND].map(|name| format!("../{name}")));
    }
    for name in names {
        let own_folders = [0, 1].map(|run| runs[run].folder(&records[run].key));
        let place = |run: usize| match name.starts_with("../") {
            true => own_folders[run].join(&name),
            false => folders[run].join(&name),
        };
        let bytes = [0, 1].map(|run| fs::read(place(run)).ok());
        if bytes[0] != bytes[1] {
            return Some(Place { tensor: tensor(bytes), file: name });
        }
    }
    let results = [own, their].map(|record| format!("{:?}", record.results));
    (results[0] != results[1]).then(|| Place { file: JobRecord::FILE.to_owned(), tensor: None })
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name != JobRecord::FILE && !name.starts_with('.')).collect()
}

/// The first tensor in which two files differ, if they are safetensors files of the same tensors.
fn tensor(bytes: [Option<Vec<u8>>; 2]) -> Option<String> {
    let [one, two] = bytes.map(|bytes| Stored::parse(bytes?).ok());
    let (one, two) = (one?, two?);
    let differs = one.iter().find(|(name, bits)| two.get(name) != Some(*bits));
    differs.map(|(name, _)| name.to_owned())
}

fn made_with(
    runs: [&RunDir; 2],
    common: &[(&JobRecord, &JobRecord)],
) -> Vec<(String, [String; 2])> {
    let manifests = runs.map(|run| Manifest::read(run).unwrap_or_default());
    let [one, two] = &manifests;
    let mut all = match (one.starts.last(), two.starts.last()) {
        (Some(one), Some(two)) => one.differences(two),
        _ => Vec::new(),
    };
    let mut add = |name: String, values: [String; 2]| {
        if values[0] != values[1] && !all.iter().any(|(known, _)| *known == name) {
            all.push((name, values));
        }
    };
    let short = |hash: &String| -> String { hash.chars().take(12).collect() };
    add("dataset".to_owned(), [&one.dataset_sha256, &two.dataset_sha256].map(short));
    for (own, their) in common {
        let seeds = [own, their].map(|record| {
            let other = record.trained_seed.map(|seed| seed.to_string());
            other.unwrap_or_else(|| "its own".to_owned())
        });
        add(format!("seed of the training of {}", own.key), seeds);
        for plugin in &own.plugins {
            let same = |other: &&crate::experiment::PluginUse| {
                other.kind == plugin.kind && other.name == plugin.name
            };
            if let Some(other) = their.plugins.iter().find(same) {
                let name = format!("file of the {} {}", plugin.kind, plugin.name);
                add(name, [&plugin.sha256, &other.sha256].map(short));
            }
        }
    }
    all
}

impl Comparison {
    /// Whether all that both have is the same to the bit.
    pub fn agrees(&self) -> bool {
        self.differing.is_empty()
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, two] = self.runs.each_ref().map(|run| run.display());
        writeln!(f, "Reproduction: {one} and {two}")?;
        let jobs = self.jobs;
        match self.differing.as_slice() {
            [] if jobs == 1 => writeln!(f, "  bits agree in the only job")?,
            [] => writeln!(f, "  bits agree in all {jobs} jobs")?,
            all => writeln!(f, "  bits differ in {} of {jobs} jobs", all.len())?,
        }
        for (key, place) in self.differing.iter().take(SHOWN) {
            let tensor = place.tensor.as_ref().map(|name| format!(", `{name}`"));
            writeln!(f, "    {key}: first in {}{}", place.file, tensor.unwrap_or_default())?;
        }
        let more = self.differing.len().saturating_sub(SHOWN);
        if more > 0 {
            writeln!(f, "    and {more} more")?;
        }
        for (run, only) in self.runs.iter().zip(self.only).filter(|(_, only)| *only > 0) {
            writeln!(f, "  {only} more are finished in {} alone", run.display())?;
        }
        let mut made_with = String::new();
        for (name, [first, second]) in &self.made_with {
            let gap = if made_with.is_empty() { "" } else { "; " };
            write!(made_with, "{gap}{name} {first} and {second}")?;
        }
        match made_with.is_empty() {
            true => Ok(()),
            false => writeln!(f, "  not made alike: {made_with}"),
        }
    }
}

/// At most so many differing jobs are named.
const SHOWN: usize = 5;

impl fmt::Display for Apart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, two] = self.runs.each_ref().map(|run| run.display());
        write!(f, "Reproduction: {one} and {two} ")?;
        if self.differences.is_empty() {
            return writeln!(f, "have no finished job in common");
        }
        let words = |it: &Difference| format!("{} {} and {}", it.path, it.was, it.now);
        let named = self.differences.iter().take(SETTINGS).map(words).collect::<Vec<_>>();
        write!(f, "are of different experiments ({}", named.join("; "))?;
        match self.differences.len().saturating_sub(SETTINGS) {
            0 => writeln!(f, ")"),
            more => writeln!(f, "; and {more} more)"),
        }
    }
}

/// At most so many settings of different experiments are named.
const SETTINGS: usize = 3;

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bits(comparison) => comparison.fmt(f),
            Self::Apart(apart) => apart.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn circumstances_are_no_settings() {
        let one = json!({ "train": { "lr": 0.1, "loss": { "plugin": "kd", "sha256": "a" } }, "threads": 1 });
        let two = json!({ "train": { "lr": 0.1, "loss": { "plugin": "kd", "sha256": "b" } }, "device": "cpu" });
        assert_eq!(settings(&one), settings(&two));
        assert_ne!(settings(&one), settings(&json!({ "train": { "lr": 0.2 } })));
    }

    #[test]
    fn different_experiments_are_told_in_a_line() {
        let one = json!({ "train": { "lr": 0.1, "epochs": 2 }, "seed": 1, "threads": 1 });
        let two = json!({ "train": { "lr": 0.2, "epochs": 3 }, "seed": 1, "threads": 2 });
        let found = |differences| Apart { runs: ["a".into(), "b".into()], differences }.to_string();
        assert_eq!(
            found(differences(&settings(&one), &settings(&two))),
            "Reproduction: a and b are of different experiments (train.epochs 2 and 3; \
             train.lr 0.1 and 0.2)\n"
        );
        assert_eq!(found(vec![]), "Reproduction: a and b have no finished job in common\n");
    }

    #[test]
    fn words() {
        let key = |level| JobKey::Draw { draw: "imp".into(), seed: 1, level };
        let mut found =
            Comparison { runs: ["a".into(), "b".into()], jobs: 14, ..Comparison::default() };
        assert_eq!(found.to_string(), "Reproduction: a and b\n  bits agree in all 14 jobs\n");
        let place = Place { file: "best.safetensors".into(), tensor: Some("conv1.weight".into()) };
        found.differing = vec![(key(1), place)];
        found.only = [0, 2];
        found.made_with = vec![("threads".into(), ["1".into(), "2".into()])];
        assert_eq!(
            found.to_string(),
            "Reproduction: a and b\n  bits differ in 1 of 14 jobs\n    \
             draw imp seed 1 level 01: first in best.safetensors, `conv1.weight`\n  \
             2 more are finished in b alone\n  not made alike: threads 1 and 2\n"
        );
    }
}
