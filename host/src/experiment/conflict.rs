//! Finished jobs that the config no longer describes.
//!
//! They are found before anything runs, and then nothing runs: a run directory never holds
//! results of two configs under one name.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::diff::{Difference, What, differences};
use super::identity::Identity;
use super::key::{self, JobKey};
use super::record::JobRecord;

/// A finished job whose settings have changed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    pub key: JobKey,
    /// At least one.
    pub differences: Vec<Difference>,
}

impl Conflict {
    /// Compares a finished job with what it would be now; `None` if they agree. With
    /// `accept_plugins`, other files of the same plugin items count as agreeing.
    pub(super) fn of(record: &JobRecord, now: &Identity, accept_plugins: bool) -> Option<Self> {
        if record.identity == now.hash {
            return None;
        }
        let mut differences = differences(&record.description, &now.description);
        if differences.is_empty() {
            // The file was edited: its hash is not that of its description.
            differences.push(Difference {
                path: "identity".to_owned(),
                was: record.identity.chars().take(8).collect(),
                now: now.hash.chars().take(8).collect(),
                what: What::Key,
            });
        }
        let accepted = accept_plugins
            && differences.iter().all(|difference| difference.what == What::PluginFile);
        (!accepted).then(|| Self { key: record.key.clone(), differences })
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
        let run = self.run.display();
        let count = jobs(self.jobs.len());
        writeln!(f, "{count} of {run} were finished with other settings; nothing was run")?;
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
        if groups.len() > SHOWN {
            writeln!(f, "  and {} more differences", groups.len() - SHOWN)?;
        }
        writeln!(f, "To keep both, give the new settings another `name` or --out.")?;
        let folders = self.jobs.iter().take(2).map(|job| format!("{run}/{}", job.key.path()));
        let folders = folders.collect::<Vec<_>>().join(", ");
        let more = match self.jobs.len().saturating_sub(2) {
            0 => String::new(),
            more => format!(" and {more} more (`jackpot plan` lists them)"),
        };
        write!(f, "To do them again, remove their folders: {folders}{more}.")?;
        let mut all = self.jobs.iter().flat_map(|job| &job.differences);
        if all.any(|difference| difference.what == What::PluginFile) {
            write!(
                f,
                "\nTo keep results made with another plugin file, run with --accept-plugins."
            )?;
        }
        Ok(())
    }
}

fn jobs(count: usize) -> String {
    format!("{count} job{}", if count == 1 { "" } else { "s" })
}
