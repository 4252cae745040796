//! Finished and unfinished jobs that the config no longer describes.
//!
//! They are found before anything runs, and then nothing runs: a run directory never holds
//! results of two configs under one name, and no state of a training is given up unasked.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde_json::Value;

use super::diff::{Difference, What, differences};
use super::identity::Identity;
use super::key::{self, JobKey};
use super::record::JobRecord;
use super::rundir::RunDir;

/// A job whose settings have changed since it was done or begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    pub key: JobKey,
    /// At least one.
    pub differences: Vec<Difference>,
    /// Whether it was stopped within; then what there is of it is a state to go on from.
    pub is_unfinished: bool,
}

impl Conflict {
    /// Compares a finished job with what it would be now; `None` if they agree. With
    /// `accept_plugins`, other files of the same plugin items count as agreeing.
    pub(super) fn of(record: &JobRecord, now: &Identity, accept_plugins: bool) -> Option<Self> {
        let found = Self::between(&record.key, &record.identity, &record.description, now)?;
        (!(accept_plugins && found.is_of_plugin_files())).then_some(found)
    }

    /// Compares what an unfinished job was begun as with what it is now.
    pub(super) fn of_state(
        key: &JobKey,
        identity: &str,
        description: &Value,
        now: &Identity,
    ) -> Option<Self> {
        let found = Self::between(key, identity, description, now)?;
        Some(Self { is_unfinished: true, ..found })
    }

    fn between(key: &JobKey, identity: &str, was: &Value, now: &Identity) -> Option<Self> {
        if identity == now.hash {
            return None;
        }
        let mut differences =
            if was.is_null() { Vec::new() } else { differences(was, &now.description) };
        if differences.is_empty() {
            // The file was edited: its hash is not that of its description.
            differences.push(Difference {
                path: "identity".to_owned(),
                was: identity.chars().take(8).collect(),
                now: now.hash.chars().take(8).collect(),
                what: What::Key,
            });
        }
        Some(Self { key: key.clone(), differences, is_unfinished: false })
    }

    /// Whether only files of the same plugin items differ.
    pub(super) fn is_of_plugin_files(&self) -> bool {
        self.differences.iter().all(|difference| difference.what == What::PluginFile)
    }

    /// What differs, in a line.
    pub(super) fn words(&self) -> String {
        let words = |found: &Difference| format!("{} {} → {}", found.path, found.was, found.now);
        self.differences.iter().map(words).collect::<Vec<_>>().join(", ")
    }

    /// What has to go for the job to be done anew, relative to the run directory.
    fn folder(&self) -> String {
        match self.is_unfinished {
            true => RunDir::checkpoint_path(&self.key),
            false => self.key.path(),
        }
    }
}

/// All conflicts of a run; its text is the diff that the user sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflicts {
    /// The run directory.
    pub run: PathBuf,
    /// At least one.
    pub jobs: Vec<Conflict>,
}

impl std::error::Error for Conflicts {}

/// At most this many different differences are shown.
const SHOWN: usize = 12;

impl fmt::Display for Conflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unfinished, finished): (Vec<_>, Vec<_>) =
            self.jobs.iter().partition(|job| job.is_unfinished);
        writeln!(f, "{}; nothing was run", self.headline(finished.len(), unfinished.len()))?;
        self.write_differences(f)?;
        write!(f, "To keep both, give the new settings another `name` or --out.")?;
        if !finished.is_empty() {
            let folders = self.folders(&finished);
            write!(f, "\nTo do them again, remove their folders: {folders}.")?;
        }
        if !unfinished.is_empty() {
            let folders = self.folders(&unfinished);
            write!(
                f,
                "\nTo go on with what was begun, change the settings back; to start over, remove \
                 its state: {folders}."
            )?;
        }
        let by_plugin = |job: &&Conflict| {
            job.differences.iter().any(|difference| difference.what == What::PluginFile)
        };
        match (finished.iter().any(by_plugin), unfinished.iter().any(by_plugin)) {
            (false, false) => Ok(()),
            (true, false) => write!(
                f,
                "\nTo keep results made with another plugin file, run with --accept-plugins."
            ),
            (true, true) => write!(
                f,
                "\nTo keep results made with another plugin file, run with --accept-plugins; what \
                 was begun with one then starts over."
            ),
            (false, true) => write!(
                f,
                "\nTo start over what was begun with another plugin file, run with \
                 --accept-plugins."
            ),
        }
    }
}

impl Conflicts {
    fn headline(&self, finished: usize, unfinished: usize) -> String {
        let (run, were) = (self.run.display(), |count| if count == 1 { "was" } else { "were" });
        let count = jobs(self.jobs.len());
        match (finished, unfinished) {
            (_, 0) => format!("{count} of {run} {} finished with other settings", were(finished)),
            (0, _) => format!("{count} of {run} {} begun with other settings", were(unfinished)),
            _ => format!(
                "{count} of {run}, {finished} finished and {unfinished} begun, had other settings"
            ),
        }
    }

    fn write_differences(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut groups: BTreeMap<&Difference, Vec<&JobKey>> = BTreeMap::new();
        for conflict in &self.jobs {
            for difference in &conflict.differences {
                groups.entry(difference).or_default().push(&conflict.key);
            }
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(_, keys)| std::cmp::Reverse(keys.len()));
        for (difference, keys) in groups.iter().take(SHOWN) {
            let Difference { path, was, now, .. } = difference;
            let which = key::summary(keys.iter().copied(), 2);
            writeln!(f, "  {path}  {was} → {now}  ({}: {which})", jobs(keys.len()))?;
        }
        match groups.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => writeln!(f, "  and {more} more differences"),
        }
    }

    fn folders(&self, conflicts: &[&Conflict]) -> String {
        let run = self.run.display();
        let named = conflicts.iter().take(2).map(|job| format!("{run}/{}", job.folder()));
        let named = named.collect::<Vec<_>>().join(", ");
        match conflicts.len().saturating_sub(2) {
            0 => named,
            more => format!("{named} and {more} more (`jackpot plan` lists them)"),
        }
    }
}

fn jobs(count: usize) -> String {
    format!("{count} job{}", if count == 1 { "" } else { "s" })
}
