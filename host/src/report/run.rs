//! The data a report is made of: one row per job, and what is worth knowing about the whole run.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::train::results::Results;

/// Everything a report shows. Plain data: it can be read from a run directory ([`super::read`]) or
/// put together by hand.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// The experiment's name.
    pub name: String,
    /// The recipe that the others are compared with; `None`: `vanilla`, else the first.
    pub baseline: Option<String>,
    pub about: About,
    /// In the order in which they are listed: draws before spends.
    pub rows: Vec<Row>,
}

/// What was compared on what, as the run's config and manifest say.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// Short facts in the order they are shown, such as (`dataset`, `cifar100`).
    pub facts: Vec<(String, String)>,
    /// What each recipe changes, in one line, by recipe.
    pub recipes: BTreeMap<String, String>,
    /// By recipe that is a trial: the name under which the best one is shown.
    pub trials: BTreeMap<String, String>,
    /// The comparison that was declared before all others.
    pub primary: Option<Primary>,
    /// Recipes with another mask or other weights than the ticket's, which show whether those
    /// matter, by name.
    pub controls: BTreeMap<String, Control>,
    /// What a reader must know before trusting a number, one sentence each.
    pub notes: Vec<String>,
    /// The resolved config as it stands in the run directory.
    pub config: String,
    /// Versions and the like, in the order they are shown.
    pub made: Vec<(String, String)>,
    /// The plugin files that were used.
    pub plugins: Vec<Plugin>,
    /// The command that the run was begun with.
    pub command: Vec<String>,
    /// SHA-256 of the dataset; empty where it is not known.
    pub dataset: String,
}

/// The comparison with the baseline that was declared primary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Primary {
    pub recipe: String,
    /// `None`: the first.
    pub draw: Option<String>,
    pub level: usize,
}

/// What a recipe is a control of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// What it does otherwise, such as `mask shuffled-layerwise`.
    pub what: String,
    /// The recipe that is the same but for that; `None` where there is none.
    pub of: Option<String>,
}

/// A plugin item of a run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Plugin {
    pub kind: String,
    pub name: String,
    pub version: String,
    /// SHA-256 of its file.
    pub sha256: String,
}

/// One job: a training that was done, failed, or is still to do.
#[derive(Debug, Clone)]
pub struct Row {
    /// `None` for a draw's own training.
    pub recipe: Option<String>,
    pub draw: String,
    pub seed: u64,
    /// 0 is dense.
    pub level: usize,
    pub status: Status,
    /// `Some` for done and linked jobs.
    pub results: Option<Results>,
    /// The seed that it was trained with, where that is another one since with its own it
    /// diverged.
    pub other_seed: Option<u64>,
    /// How long the training took; `None` where that is not known.
    pub time: Option<Time>,
    /// The course of the training; empty where none is stored.
    pub curve: Vec<Point>,
    /// The mask layer by layer; empty where none is stored.
    pub layers: Vec<Layer>,
    /// What the recipe's own tensors have become; empty where there are none.
    pub learned: Vec<Learned>,
}

/// How far a job has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    Done,
    /// Equal to another job, which was trained instead: its folder inside the run.
    Linked(String),
    /// What went wrong.
    Failed(String),
    /// Not trained yet.
    Missing,
}

impl Row {
    /// The job's folder inside its run.
    pub fn folder(&self) -> String {
        let home = self.recipe.as_ref().map(|recipe| format!("spend/{recipe}"));
        let home = home.unwrap_or_else(|| "draw".to_owned());
        format!("{home}/{}/seed-{}/level-{:02}", self.draw, self.seed, self.level)
    }

    /// The word used in `results.csv`.
    pub fn word(&self) -> &'static str {
        match &self.results {
            Some(results) if results.given_up.is_some() => "given-up",
            _ => self.status.word(),
        }
    }
}

impl Status {
    /// What became of it, in a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Linked(_) => "linked",
            Self::Failed(_) => "failed",
            Self::Missing => "missing",
        }
    }
}

/// One line of `metrics.jsonl`: the state of one split of the data after some steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    pub epoch: f64,
    pub split: Split,
    /// In nats.
    pub loss: Option<f64>,
    /// In [0, 1].
    pub accuracy: Option<f64>,
    /// Of the last step; of the training data only.
    pub rate: Option<f64>,
    /// By item and knob, such as `ghost-skip.alpha`; of the training data only.
    pub knobs: Vec<(String, f64)>,
}

/// What a job took, by the clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Time {
    pub seconds: f64,
    /// Whether an interrupted process had done a part of it, which is not in `seconds`.
    pub resumed: bool,
}

/// A part of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    Train,
    Validation,
    Test,
}

/// One line of `layers.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    pub name: String,
    pub weights: u64,
    pub kept: u64,
    /// Output channels without a single kept weight.
    pub dead_outputs: u64,
    /// Input channels without a single kept weight.
    pub dead_inputs: u64,
}

/// One line of `learned.csv`: a tensor that an item declared and the training moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Learned {
    /// Item, site and tensor, such as `prelu.relu1.slope`.
    pub name: String,
    pub elements: u64,
    pub mean: f64,
    pub min: f64,
    pub max: f64,
}

impl Run {
    /// The names that jobs are shown under: recipes, and those that trials share.
    pub fn recipes(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for recipe in self.rows.iter().filter_map(|row| row.recipe.as_deref()) {
            let shown = self.about.trials.get(recipe).map_or(recipe, String::as_str);
            if !names.contains(&shown) {
                names.push(shown);
            }
        }
        names
    }

    /// The recipe that the others are compared with; `None` in a run that only draws.
    pub fn baseline(&self) -> Option<&str> {
        let recipes = self.recipes();
        let wanted = self.baseline.as_deref().unwrap_or("vanilla");
        recipes.iter().find(|recipe| **recipe == wanted).or(recipes.first()).copied()
    }
}
