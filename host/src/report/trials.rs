//! Trials of one baseline: at each sparsity the one that is best on validation stands for all.
//!
//! A choice is made only among whole results: as long as a trial is not finished, the cell is not
//! finished either.

use std::collections::BTreeMap;

use super::run::{Row, Run};

/// Which trial stands for its group, by draw and level.
#[derive(Debug)]
pub struct Trials<'a> {
    /// By trial: the name that its group is reported under.
    groups: &'a BTreeMap<String, String>,
    choices: Vec<Choice<'a>>,
    /// Group, draw, level and trial: the first trial that a cell without a choice waits for.
    waiting: Vec<(&'a str, &'a str, usize, &'a str)>,
    /// By draw.
    ranked: BTreeMap<&'a str, Vec<Ranked<'a>>>,
}

/// How one trial did on validation.
#[derive(Debug)]
pub struct Ranked<'a> {
    pub group: &'a str,
    pub name: &'a str,
    /// By level: the mean over its seeds; `None` while one is missing.
    pub validation: BTreeMap<usize, Option<f64>>,
}

/// The best trial of a group at one sparsity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice<'a> {
    pub group: &'a str,
    pub draw: &'a str,
    pub level: usize,
    pub trial: &'a str,
    /// Among so many.
    pub of: usize,
}

impl<'a> Trials<'a> {
    pub fn of(run: &'a Run) -> Self {
        let groups = &run.about.trials;
        let mut cells: Cells<'a> = BTreeMap::new();
        for row in &run.rows {
            if let Some((trial, group)) =
                row.recipe.as_deref().and_then(|recipe| Some((recipe, groups.get(recipe)?)))
            {
                let cell = cells.entry((group, &row.draw, row.level)).or_default();
                cell.entry(trial).or_default().push(row);
            }
        }
        let (mut choices, mut waiting) = (Vec::new(), Vec::new());
        let ranked = ranked(&cells);
        for ((group, draw, level), trials) in cells {
            let unfinished =
                trials.iter().find(|(_, rows)| rows.iter().any(|row| row.results.is_none()));
            match (best(&trials), unfinished) {
                (Some(trial), _) => {
                    choices.push(Choice { group, draw, level, trial, of: trials.len() });
                }
                (None, Some((trial, _))) => waiting.push((group, draw, level, *trial)),
                (None, None) => {}
            }
        }
        Self { groups, choices, waiting, ranked }
    }

    /// The recipe that a job is shown under; `None` for a trial that another one stands for.
    pub fn shown_as(&self, row: &'a Row) -> Option<&'a str> {
        let recipe = row.recipe.as_deref()?;
        let Some(group) = self.groups.get(recipe) else { return Some(recipe) };
        let choice = self.choices.iter().find(|choice| {
            choice.group == group && choice.draw == row.draw && choice.level == row.level
        });
        match choice {
            Some(choice) => (choice.trial == recipe).then_some(choice.group),
            // What is missing or failed shows that there is no choice yet.
            None => {
                let cell = (group.as_str(), row.draw.as_str(), row.level, recipe);
                (row.results.is_none() && self.waiting.contains(&cell)).then_some(group)
            }
        }
    }

    /// Whether a name is one that trials share.
    pub fn is_group(&self, name: &str) -> bool {
        self.groups.values().any(|group| group == name)
    }

    /// The trials of a draw's tickets: by group, the best on average first.
    pub fn ranked(&self, draw: &str) -> &[Ranked<'a>] {
        self.ranked.get(draw).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a trial stands for its group there.
    pub fn is_chosen(&self, trial: &Ranked<'_>, draw: &str, level: usize) -> bool {
        let here = |choice: &Choice<'_>| {
            (choice.group, choice.draw, choice.level) == (trial.group, draw, level)
        };
        self.choices.iter().any(|choice| here(choice) && choice.trial == trial.name)
    }

    pub fn choices(&self) -> &[Choice<'a>] {
        &self.choices
    }
}

/// The jobs of the trials, by group, draw and level, then by trial.
type Cells<'a> = BTreeMap<(&'a str, &'a str, usize), BTreeMap<&'a str, Vec<&'a Row>>>;

fn ranked<'a>(cells: &Cells<'a>) -> BTreeMap<&'a str, Vec<Ranked<'a>>> {
    let mut out: BTreeMap<&str, Vec<Ranked<'a>>> = BTreeMap::new();
    for ((group, draw, level), trials) in cells {
        let all = out.entry(draw).or_default();
        for (trial, rows) in trials {
            let place = all.iter().position(|known| (known.group, known.name) == (*group, *trial));
            let place = place.unwrap_or_else(|| {
                all.push(Ranked { group, name: trial, validation: BTreeMap::new() });
                all.len() - 1
            });
            all[place].validation.insert(*level, mean(rows));
        }
    }
    let average = |trial: &Ranked<'_>| {
        let known: Vec<f64> = trial.validation.values().flatten().copied().collect();
        known.iter().sum::<f64>() / known.len().max(1) as f64
    };
    for all in out.values_mut() {
        all.sort_by(|a, b| a.group.cmp(b.group).then(average(b).total_cmp(&average(a))));
    }
    out
}

/// The mean validation accuracy; `None` if a result is not there.
fn mean(rows: &[&Row]) -> Option<f64> {
    let accuracies: Option<Vec<f64>> =
        rows.iter().map(|row| row.results.as_ref()?.validation_accuracy).collect();
    let accuracies = accuracies?;
    Some(accuracies.iter().sum::<f64>() / accuracies.len().max(1) as f64)
}

/// The trial with the best mean validation accuracy, the first of equals; `None` if a result is
/// not there.
fn best<'a>(trials: &BTreeMap<&'a str, Vec<&Row>>) -> Option<&'a str> {
    let mut best: Option<(&str, f64)> = None;
    for (trial, rows) in trials {
        let mean = mean(rows)?;
        if best.is_none_or(|(_, highest)| mean > highest) {
            best = Some((trial, mean));
        }
    }
    best.map(|(trial, _)| trial)
}

#[cfg(test)]
mod tests {
    use super::super::sample::row;
    use super::super::summary::Summary;
    use super::*;

    /// Two trials of `tuned` on two seeds; validation is test plus 0.01 in the sample rows.
    fn run() -> Run {
        let mut run = Run {
            rows: vec![
                row(Some("vanilla"), 1, 0, 0.60),
                row(Some("vanilla"), 2, 0, 0.62),
                row(Some("fast"), 1, 0, 0.61),
                row(Some("fast"), 2, 0, 0.63),
                row(Some("slow"), 1, 0, 0.66),
                row(Some("slow"), 2, 0, 0.60),
            ],
            ..Run::default()
        };
        let trial = |name: &str| (name.to_owned(), "tuned".to_owned());
        run.about.trials = [trial("fast"), trial("slow")].into();
        run
    }

    #[test]
    fn the_best_on_validation_stands_for_all() {
        let run = run();
        let summary = Summary::of(&run);
        assert_eq!(summary.recipes, ["vanilla", "tuned"]);
        // Means 0.62 and 0.63, each plus 0.01.
        let accuracy = summary.blocks[0].lines[1].cells[0].accuracy.unwrap();
        assert!((accuracy.mean - 0.63).abs() < 1e-12);
        let [choice] = summary.trials.choices() else { panic!("one cell") };
        assert_eq!((choice.trial, choice.of), ("slow", 2));
        let ranked = summary.trials.ranked("imp");
        let names: Vec<&str> = ranked.iter().map(|trial| trial.name).collect();
        assert_eq!(names, ["slow", "fast"]);
        assert!((ranked[1].validation[&0].unwrap() - 0.63).abs() < 1e-12);
        assert!(summary.trials.is_chosen(&ranked[0], "imp", 0));
    }

    #[test]
    fn test_accuracy_decides_nothing() {
        let mut run = run();
        for row in run.rows.iter_mut().filter(|row| row.recipe.as_deref() == Some("fast")) {
            row.results.as_mut().unwrap().validation_accuracy = Some(0.9);
        }
        let accuracy = Summary::of(&run).blocks[0].lines[1].cells[0].accuracy.unwrap();
        assert!((accuracy.mean - 0.62).abs() < 1e-12);
    }

    #[test]
    fn there_is_no_choice_before_all_are_done() {
        let mut run = run();
        run.rows[3].results = None;
        run.rows[3].status = super::super::run::Status::Missing;
        let summary = Summary::of(&run);
        let cell = &summary.blocks[0].lines[1].cells[0];
        assert_eq!((cell.samples.len(), cell.missing), (0, 1));
        assert!(summary.trials.choices().is_empty());
    }

    /// Two trials of two seeds are two seeds of one line.
    #[test]
    fn trials_that_all_wait_are_counted_once() {
        let mut run = run();
        for row in run.rows.iter_mut().filter(|row| row.recipe.as_deref() != Some("vanilla")) {
            row.results = None;
            row.status = super::super::run::Status::Missing;
        }
        let summary = Summary::of(&run);
        assert_eq!(summary.blocks[0].lines[1].cells[0].missing, 2);
        assert_eq!(summary.seeds(), 2);
    }
}
