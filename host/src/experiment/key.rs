//! The name of a job: which training of the experiment it is, and where its folder lies.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Names one training of an experiment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum JobKey {
    /// Level `level` of a draw: prune the level before (level 0: nothing), rewind, train.
    Draw { draw: String, seed: u64, level: usize },
    /// The ticket of a draw's level, retrained under a recipe.
    Spend { recipe: String, draw: String, seed: u64, level: usize },
}

impl JobKey {
    /// The draw it belongs to, or whose ticket it spends.
    pub fn draw(&self) -> &str {
        match self {
            Self::Draw { draw, .. } | Self::Spend { draw, .. } => draw,
        }
    }

    /// The recipe, if it spends a ticket.
    pub fn recipe(&self) -> Option<&str> {
        match self {
            Self::Draw { .. } => None,
            Self::Spend { recipe, .. } => Some(recipe),
        }
    }

    /// The seed of the training.
    pub fn seed(&self) -> u64 {
        match self {
            Self::Draw { seed, .. } | Self::Spend { seed, .. } => *seed,
        }
    }

    /// The level; 0 is dense.
    pub fn level(&self) -> usize {
        match self {
            Self::Draw { level, .. } | Self::Spend { level, .. } => *level,
        }
    }

    /// Whether it draws.
    pub fn is_draw(&self) -> bool {
        matches!(self, Self::Draw { .. })
    }

    /// The folder above its own, relative to the run directory: `draw/imp/seed-42`.
    pub fn series(&self) -> String {
        match self {
            Self::Draw { draw, seed, .. } => format!("draw/{draw}/seed-{seed}"),
            Self::Spend { recipe, draw, seed, .. } => format!("spend/{recipe}/{draw}/seed-{seed}"),
        }
    }

    /// The name of its own folder: `level-03`.
    pub fn folder_name(&self) -> String {
        format!("level-{:02}", self.level())
    }

    /// Its folder relative to the run directory, with `/`: what globs match and locks are named
    /// after.
    pub fn path(&self) -> String {
        format!("{}/{}", self.series(), self.folder_name())
    }

    /// The jobs of a series without the level, as people read it: `spend all on imp seed 42`.
    pub fn series_title(&self) -> String {
        match self {
            Self::Draw { draw, seed, .. } => format!("draw {draw} seed {seed}"),
            Self::Spend { recipe, draw, seed, .. } => {
                format!("spend {recipe} on {draw} seed {seed}")
            }
        }
    }
}

impl fmt::Display for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} level {:02}", self.series_title(), self.level()))
    }
}

/// A text that is no job's path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no job's folder, such as `draw/imp/seed-42/level-03`")]
pub struct ParseKeyError(String);

impl FromStr for JobKey {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let parts: Vec<&str> = text.split('/').collect();
            let key = match parts.as_slice() {
                ["draw", draw, seed, level] => Self::Draw {
                    draw: (*draw).to_owned(),
                    seed: seed.strip_prefix("seed-")?.parse().ok()?,
                    level: level.strip_prefix("level-")?.parse().ok()?,
                },
                ["spend", recipe, draw, seed, level] => Self::Spend {
                    recipe: (*recipe).to_owned(),
                    draw: (*draw).to_owned(),
                    seed: seed.strip_prefix("seed-")?.parse().ok()?,
                    level: level.strip_prefix("level-")?.parse().ok()?,
                },
                _ => return None,
            };
            // One spelling per job: `level-3` and `seed-+1` are other folders.
            (key.path() == text && check_name(key.draw()).is_ok()).then_some(key)
        };
        parse().ok_or_else(|| ParseKeyError(text.to_owned()))
    }
}

/// Checks a draw's or recipe's name, which becomes a folder: letters, digits and `-_.@+=`, not
/// starting with a dot, at most 80 bytes. The error says what is wrong with it.
pub fn check_name(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_alphanumeric() || "-_.@+=".contains(c);
    if name.is_empty() {
        return Err("is empty".to_owned());
    }
    if name.starts_with('.') {
        return Err("starts with a dot".to_owned());
    }
    if name.len() > 80 {
        return Err(format!("is {} bytes long; 80 are allowed", name.len()));
    }
    match name.chars().find(|&c| !allowed(c)) {
        Some(c) => Err(format!("contains {c:?}; letters, digits and -_.@+= are allowed")),
        None => Ok(()),
    }
}

/// Names many jobs in few words: series with ranges of levels, at most `most` of them.
pub fn summary<'a>(keys: impl IntoIterator<Item = &'a JobKey>, most: usize) -> String {
    let mut series: Vec<(String, Vec<usize>)> = Vec::new();
    for key in keys {
        let title = key.series_title();
        match series.iter_mut().find(|(known, _)| *known == title) {
            Some((_, levels)) => levels.push(key.level()),
            None => series.push((title, vec![key.level()])),
        }
    }
    let mut words: Vec<String> = series
        .iter_mut()
        .take(most)
        .map(|(title, levels)| format!("{title} {}", ranges(levels)))
        .collect();
    if series.len() > most {
        words.push(format!("{} more", series.len() - most));
    }
    words.join(", ")
}

/// `level 03`, or `levels 00-02, 05`.
fn ranges(levels: &mut Vec<usize>) -> String {
    levels.sort_unstable();
    levels.dedup();
    let runs: Vec<String> = levels
        .chunk_by(|a, b| a + 1 == *b)
        .map(|run| match run {
            [first, .., last] => format!("{first:02}-{last:02}"),
            _ => run.iter().map(|level| format!("{level:02}")).collect(),
        })
        .collect();
    format!("level{} {}", if levels.len() == 1 { "" } else { "s" }, runs.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn draw(level: usize) -> JobKey {
        JobKey::Draw { draw: "imp".into(), seed: 42, level }
    }

    fn spend(level: usize) -> JobKey {
        JobKey::Spend { recipe: "all".into(), draw: "imp".into(), seed: 42, level }
    }

    #[test]
    fn words_and_paths_are_the_contract() {
        assert_eq!(draw(3).to_string(), "draw imp seed 42 level 03");
        assert_eq!(spend(7).to_string(), "spend all on imp seed 42 level 07");
        assert_eq!(draw(3).path(), "draw/imp/seed-42/level-03");
        assert_eq!(spend(107).path(), "spend/all/imp/seed-42/level-107");
    }

    #[test]
    fn other_spellings_are_no_jobs() {
        for text in [
            "",
            "draw/imp/seed-42",
            "draw/imp/seed-42/level-3",
            "draw/imp/seed-+42/level-03",
            "draw/../seed-42/level-03",
            "spend/imp/seed-42/level-03",
        ] {
            assert!(text.parse::<JobKey>().is_err(), "{text}");
        }
    }

    #[test]
    fn many_jobs_in_few_words() {
        let keys = [draw(2), draw(0), draw(1), draw(5), spend(7)];
        assert_eq!(
            summary(&keys, 5),
            "draw imp seed 42 levels 00-02, 05, spend all on imp seed 42 level 07"
        );
        assert_eq!(summary(&keys, 1), "draw imp seed 42 levels 00-02, 05, 1 more");
    }

    #[test]
    fn names_that_would_leave_the_folder_are_refused() {
        for name in ["", ".", "..", "a/b", "a b", "x~y", &"x".repeat(81)] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        check_name("imp@2ep").unwrap();
    }

    proptest! {
        #[test]
        fn paths_round_trip(
            recipe in proptest::option::of("[a-z][a-z0-9_@.-]{0,10}"),
            draw in "[a-z][a-z0-9_@.-]{0,10}",
            seed: u64,
            level in 0_usize..200,
        ) {
            let key = match recipe {
                Some(recipe) => JobKey::Spend { recipe, draw, seed, level },
                None => JobKey::Draw { draw, seed, level },
            };
            prop_assert_eq!(key.path().parse::<JobKey>().unwrap(), key.clone());
            let json = serde_json::to_string(&key).unwrap();
            prop_assert_eq!(serde_json::from_str::<JobKey>(&json).unwrap(), key);
        }
    }
}
