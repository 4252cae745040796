//! Which of the jobs a process is asked to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::error::ExperimentError;
use super::jobs::Job;
use super::key::JobKey;
use crate::glob;

/// What to do of an experiment.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// The draws.
    pub draw: bool,
    /// The spends.
    pub spend: bool,
    /// Of these, only what matches.
    pub only: Option<Glob>,
    /// Of these, only a share.
    pub shard: Option<Shard>,
    /// Keep finished jobs that another file of the same plugin made, instead of stopping; what
    /// was begun with one starts over.
    pub accept_changed_plugins: bool,
    /// Try trainings that diverge again with other seeds.
    pub retry_diverged: bool,
    /// How often each job had failed when the start began that this process belongs to: what has
    /// failed since is not tried again. `None`: the start begins with this process.
    pub failures: Option<Failures>,
}

/// How often jobs have failed, of those that ever did.
pub type Failures = BTreeMap<JobKey, u64>;

impl Selection {
    /// Everything.
    pub fn all() -> Self {
        Self { draw: true, spend: true, ..Self::default() }
    }

    /// The selected ones of `jobs`.
    ///
    /// # Errors
    /// `--only` matches nothing.
    pub(super) fn of(&self, jobs: &[Job]) -> Result<BTreeSet<JobKey>, ExperimentError> {
        let wanted = |key: &JobKey| if key.is_draw() { self.draw } else { self.spend };
        let matches =
            |key: &JobKey| self.only.as_ref().is_none_or(|only| only.matches(&key.path()));
        let selected: Vec<&Job> =
            jobs.iter().filter(|job| wanted(&job.key) && matches(&job.key)).collect();
        if let (Some(only), Some(example)) = (&self.only, jobs.last())
            && selected.is_empty()
        {
            return Err(ExperimentError::NothingSelected {
                selection: format!("--only {only}"),
                example: example.key.path(),
            });
        }
        Ok(match self.shard {
            Some(shard) => shard.of(&selected),
            None => selected.into_iter().map(|job| job.key.clone()).collect(),
        })
    }
}

/// A pattern over job paths: `*` stands for anything (`/` too), `?` for one character. It has to
/// match the whole path, or the path of a folder above the job: `spend/all` is all of a recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(String);

impl Glob {
    /// A pattern; every text is one.
    pub fn new(pattern: &str) -> Self {
        Self(pattern.trim_end_matches('/').to_owned())
    }

    /// Whether a job's path, or a folder above it, matches.
    pub fn matches(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        ends.into_iter().any(|end| glob::matches(&self.0, &path[..end]))
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Share `index` (from 1) of `count`, as in `--shard 2/4`.
///
/// Shares are fixed by the config alone and need nothing of each other: jobs of which one needs
/// the other fall into the same share. So whole seeds are dealt out where draws are among them,
/// and single trainings where only recipes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 1 to `count`.
    pub index: usize,
    pub count: usize,
}

impl Shard {
    fn of(self, jobs: &[&Job]) -> BTreeSet<JobKey> {
        // Connected groups, each known by its first job's place.
        let places: BTreeMap<&JobKey, usize> =
            jobs.iter().enumerate().map(|(place, job)| (&job.key, place)).collect();
        let mut group: Vec<usize> = (0..jobs.len()).collect();
        for (place, job) in jobs.iter().enumerate() {
            for other in job.needs.iter().chain(&job.linked_to) {
                if let Some(&other) = places.get(other) {
                    let (a, b) = (root(&group, place), root(&group, other));
                    group[a.max(b)] = a.min(b);
                }
            }
        }
        let roots: BTreeSet<usize> = (0..jobs.len()).map(|place| root(&group, place)).collect();
        let ours: BTreeSet<usize> =
            roots.into_iter().skip(self.index - 1).step_by(self.count).collect();
        let is_ours = |place: &usize| ours.contains(&root(&group, *place));
        (0..jobs.len()).filter(is_ours).map(|place| jobs[place].key.clone()).collect()
    }
}

fn root(group: &[usize], mut place: usize) -> usize {
    while group[place] != place {
        place = group[place];
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::jobs;
    use crate::experiment::testing::{config, recipe};

    #[test]
    fn globs() {
        let path = "spend/all/imp/seed-42/level-07";
        for yes in ["*", "spend/all", "spend/all/", "spend/*/seed-42", "*/level-07", "*-0?", path] {
            assert!(Glob::new(yes).matches(path), "{yes}");
        }
        for no in ["", "spend/al", "draw/*", "*/level-7", "seed-42", "*level-0?x", "?"] {
            assert!(!Glob::new(no).matches(path), "{no}");
        }
    }

    #[test]
    fn shares_are_disjoint_and_complete() {
        let mut config = config();
        config.seeds = vec![1, 2, 3];
        config.spends.push(recipe("more", "swish"));
        let jobs = jobs(&config).unwrap();
        for (draw, most) in [(true, 3), (false, 1)] {
            let of = |index| {
                let shard = Some(Shard { index, count: 3 });
                Selection { draw, spend: true, shard, ..Selection::default() }.of(&jobs).unwrap()
            };
            let shares = [of(1), of(2), of(3)];
            let whole = Selection { draw, spend: true, ..Selection::default() }.of(&jobs).unwrap();
            assert_eq!(shares.iter().map(BTreeSet::len).sum::<usize>(), whole.len());
            assert_eq!(shares.iter().flatten().cloned().collect::<BTreeSet<_>>(), whole);
            let seeds: BTreeSet<u64> = shares[0].iter().map(JobKey::seed).collect();
            assert_eq!(seeds.len() == 1, most == 3, "with draws, whole seeds are dealt out");
        }
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_an_error() {
        let jobs = jobs(&config()).unwrap();
        let selection = Selection { only: Some(Glob::new("spend/nope")), ..Selection::all() };
        let error = selection.of(&jobs).unwrap_err().to_string();
        assert!(error.contains("--only spend/nope") && error.contains("level-02"), "{error}");
    }
}
