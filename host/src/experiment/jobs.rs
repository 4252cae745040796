//! The jobs of a config, in an order in which each comes after what it needs.
//!
//! Seed by seed, so that an experiment that is cut short has whole tables for its first seeds:
//! the draws of a seed, then what is spent of them.

use std::collections::{BTreeMap, BTreeSet};

use jackpot_plugin_api::Duration;
use serde_json::Value;

use super::error::ExperimentError;
use super::identity;
use super::key::{JobKey, check_name};
use super::work::Work;
use crate::config::{Config, DrawConfig, Rewind};

/// One training of an experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Which one.
    pub key: JobKey,
    /// The jobs whose files it reads.
    pub needs: Vec<JobKey>,
    /// An earlier job of the same config that is the very same training: this one is then
    /// finished by referring to it.
    pub linked_to: Option<JobKey>,
    /// Draw level 0 only: the points of the dense training whose weights have to be saved beside
    /// the initial ones, for this draw and for those that share its dense training.
    pub rewind_points: Vec<Duration>,
}

/// Lists the jobs of `config` in execution order.
///
/// # Errors
/// A name that cannot be a folder, two draws or recipes of one name, a recipe that spends an
/// unknown draw or level.
pub fn jobs(config: &Config) -> Result<Vec<Job>, ExperimentError> {
    check(config)?;
    let mut list =
        List { config, jobs: Vec::new(), known: BTreeSet::new(), first: BTreeMap::new() };
    for &seed in &config.seeds {
        for draw in &config.draws {
            list.draw(draw, seed, draw.levels.last());
        }
        for spend in &config.spends {
            let draws = || config.draws.iter().filter(|draw| spend.draws.contains(&draw.name));
            let levels = |draw: &DrawConfig| {
                spend.levels.clone().unwrap_or_else(|| (0..=draw.levels.last()).collect())
            };
            for draw in draws() {
                // A pinned ticket may be of a seed that is not drawn otherwise, or only later.
                if let Some(ticket) = spend.ticket_seed {
                    let listed = config.seeds.contains(&ticket);
                    let deepest = levels(draw).into_iter().max().unwrap_or(0);
                    list.draw(draw, ticket, if listed { draw.levels.last() } else { deepest });
                }
                for level in levels(draw) {
                    let (recipe, draw) = (spend.recipe.clone(), draw.name.clone());
                    list.push(JobKey::Spend { recipe, draw, seed, level });
                }
            }
        }
    }
    let mut jobs = list.jobs;
    share_rewind_points(config, &mut jobs);
    Ok(jobs)
}

struct List<'a> {
    config: &'a Config,
    jobs: Vec<Job>,
    known: BTreeSet<JobKey>,
    /// The first job of each training, by its settings as canonical JSON.
    first: BTreeMap<String, JobKey>,
}

impl List<'_> {
    fn draw(&mut self, draw: &DrawConfig, seed: u64, last: usize) {
        for level in 0..=last {
            self.push(JobKey::Draw { draw: draw.name.clone(), seed, level });
        }
    }

    fn push(&mut self, key: JobKey) {
        let Some(work) = Work::of(self.config, &key) else { return };
        if !self.known.insert(key.clone()) {
            return;
        }
        let needs = work.needs();
        let settings = Value::to_string(&identity::settings(self.config, &work));
        let linked_to = self.first.get(&settings).cloned();
        if linked_to.is_none() {
            self.first.insert(settings, key.clone());
        }
        self.jobs.push(Job { key, needs, linked_to, rewind_points: Vec::new() });
    }
}

/// Gives every level 0 the rewind points of all draws that share its dense training, so that
/// whichever of them is trained saves them all.
fn share_rewind_points(config: &Config, jobs: &mut [Job]) {
    let is_dense_draw = |job: &Job| job.key.is_draw() && job.key.level() == 0;
    let mut points: BTreeMap<JobKey, Vec<Duration>> = BTreeMap::new();
    for job in jobs.iter().filter(|job| is_dense_draw(job)) {
        let shared = points.entry(job.linked_to.as_ref().unwrap_or(&job.key).clone()).or_default();
        let draw = config.draws.iter().find(|draw| draw.name == job.key.draw());
        if let Some(Rewind::At(point)) = draw.map(|draw| draw.rewind)
            && !shared.contains(&point)
        {
            shared.push(point);
        }
    }
    for job in jobs.iter_mut().filter(|job| is_dense_draw(job)) {
        let shared = points.get(job.linked_to.as_ref().unwrap_or(&job.key));
        job.rewind_points = shared.cloned().unwrap_or_default();
    }
}

fn check(config: &Config) -> Result<(), ExperimentError> {
    let draws = config.draws.iter().map(|draw| ("draw", draw.name.as_str()));
    let recipes = config.spends.iter().map(|spend| ("recipe", spend.recipe.as_str()));
    let mut seen = BTreeSet::new();
    for (what, name) in draws.chain(recipes) {
        check_name(name).map_err(|reason| ExperimentError::BadName {
            what,
            name: name.to_owned(),
            reason,
        })?;
        if !seen.insert((what, name)) {
            return Err(ExperimentError::SameName { what, name: name.to_owned() });
        }
    }
    for spend in &config.spends {
        for name in &spend.draws {
            let recipe = || spend.recipe.clone();
            let Some(draw) = config.draws.iter().find(|draw| draw.name == *name) else {
                return Err(ExperimentError::UnknownDraw { recipe: recipe(), draw: name.clone() });
            };
            let last = draw.levels.last();
            if let Some(&level) = spend.levels.iter().flatten().find(|&&level| level > last) {
                let draw = name.clone();
                return Err(ExperimentError::NoSuchLevel { recipe: recipe(), draw, level, last });
            }
        }
    }
    Ok(())
}
