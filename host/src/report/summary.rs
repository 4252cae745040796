//! Rows → what is compared: per draw, a grid of recipes × levels with means, spreads and gains.

use super::difference::{Difference, correct};
use super::run::{Row, Run, Status};
use super::stats::{Estimate, paired};
use super::trials::Trials;
use crate::train::results::Results;

/// The run in the shape that tables and plots have.
#[derive(Debug)]
pub struct Summary<'a> {
    /// All recipes of the run; a recipe has its colour and marker from its place here.
    pub recipes: Vec<&'a str>,
    /// The place of the recipe that the others are compared with.
    pub baseline: usize,
    /// One per draw, in the order of the rows.
    pub blocks: Vec<Block<'a>>,
    /// Which trials stand for others.
    pub trials: Trials<'a>,
    /// How many gains were corrected together for being so many.
    pub family: usize,
}

/// The tickets of one way to draw.
#[derive(Debug)]
pub struct Block<'a> {
    pub draw: &'a str,
    /// Rising; only levels that some recipe visits.
    pub levels: Vec<Level>,
    /// Only recipes that spend this draw's tickets.
    pub lines: Vec<Line<'a>>,
}

/// One sparsity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    pub number: usize,
    /// The share of prunable weights that is kept, in [0, 1]: over the block's finished jobs of
    /// this level. `None` while there is none.
    pub kept: Option<f64>,
}

/// One recipe over the block's levels.
#[derive(Debug)]
pub struct Line<'a> {
    /// The recipe's place in [`Summary::recipes`].
    pub recipe: usize,
    pub name: &'a str,
    /// One per level of the block.
    pub cells: Vec<Cell<'a>>,
}

/// One recipe at one level, over the seeds.
#[derive(Debug, Default)]
pub struct Cell<'a> {
    /// The finished jobs, one per seed.
    pub samples: Vec<(u64, &'a Results)>,
    pub failed: usize,
    pub missing: usize,
    /// Test accuracy of the best-validation checkpoint, over the seeds.
    pub accuracy: Option<Estimate>,
    /// Differences of test accuracy to the baseline. `None` for the baseline itself.
    pub gain: Option<Difference>,
    /// The gain here less the gain of the dense network (level 0) under the same recipe, by seed:
    /// what the recipe does for the ticket beyond what it does for any network.
    pub excess: Option<Difference>,
}

/// The label of a draw's own trainings, where a run has no recipe to show.
const DRAW_ITSELF: &str = "(draw)";

impl<'a> Summary<'a> {
    /// Groups a run's rows. A draw's own trainings appear only in a run without recipes: with
    /// them, `vanilla` is linked to the same trainings.
    pub fn of(run: &'a Run) -> Self {
        let spends = run.rows.iter().any(|r| r.recipe.is_some());
        let trials = Trials::of(run);
        let label = |row: &'a Row| match (&row.recipe, spends) {
            (Some(_), _) => trials.shown_as(row),
            (None, true) => None,
            (None, false) => Some(DRAW_ITSELF),
        };
        let rows: Vec<(&str, &Row)> =
            run.rows.iter().filter_map(|r| Some((label(r)?, r))).collect();
        let recipes = distinct(rows.iter().map(|(recipe, _)| *recipe));
        let baseline = recipes.iter().position(|r| Some(*r) == run.baseline()).unwrap_or(0);
        let mut blocks: Vec<Block<'a>> = distinct(rows.iter().map(|(_, row)| row.draw.as_str()))
            .into_iter()
            .map(|draw| Block::of(draw, &rows, &recipes, baseline))
            .collect();
        for block in &mut blocks {
            block.measure(&run.rows);
        }
        declare(&mut blocks, run);
        let family = correct(cells_mut(&mut blocks).filter_map(|cell| cell.gain.as_mut()));
        correct(cells_mut(&mut blocks).filter_map(|cell| cell.excess.as_mut()));
        Self { recipes, baseline, blocks, trials, family }
    }

    /// The recipe that a job is shown under; `None` if it is not.
    pub fn label(&self, row: &'a Row) -> Option<&'a str> {
        match row.recipe {
            Some(_) => self.trials.shown_as(row),
            None => self.only_draws().then_some(DRAW_ITSELF),
        }
    }

    /// Whether the lines are the draws' own trainings, for want of recipes.
    pub fn only_draws(&self) -> bool {
        self.recipes == [DRAW_ITSELF]
    }

    /// The largest number of seeds behind one cell, counting those that failed or are missing.
    pub fn seeds(&self) -> usize {
        self.cells().map(Cell::planned).max().unwrap_or(0)
    }

    pub fn cells(&self) -> impl Iterator<Item = &Cell<'a>> {
        self.blocks.iter().flat_map(|b| &b.lines).flat_map(|l| &l.cells)
    }
}

impl<'a> Block<'a> {
    fn of(draw: &'a str, rows: &[(&'a str, &'a Row)], recipes: &[&'a str], base: usize) -> Self {
        let mine: Vec<_> = rows.iter().filter(|(_, row)| row.draw == draw).copied().collect();
        let mut levels: Vec<usize> = mine.iter().map(|(_, row)| row.level).collect();
        levels.sort_unstable();
        levels.dedup();
        let mut lines: Vec<Line<'a>> = recipes
            .iter()
            .enumerate()
            .filter(|(_, name)| mine.iter().any(|(recipe, _)| recipe == *name))
            .map(|(recipe, &name)| {
                let cell = |level: &usize| {
                    let here = |(r, row): &&(&str, &Row)| *r == name && row.level == *level;
                    Cell::of(mine.iter().filter(here).map(|(_, row)| *row))
                };
                Line { recipe, name, cells: levels.iter().map(cell).collect() }
            })
            .collect();
        compare(&mut lines, &levels, base);
        let levels = levels
            .iter()
            .enumerate()
            .map(|(i, &number)| Level { number, kept: kept(lines.iter().map(|l| &l.cells[i])) })
            .collect();
        Self { draw, levels, lines }
    }

    /// The levels' sparsities are the tickets', whatever a recipe's moving mask came to.
    fn measure(&mut self, rows: &[Row]) {
        for level in &mut self.levels {
            let drawn = rows.iter().filter(|row| {
                row.recipe.is_none() && row.draw == self.draw && row.level == level.number
            });
            let found: Vec<&Results> = drawn.filter_map(|row| row.results.as_ref()).collect();
            let kept: u128 = found.iter().map(|results| u128::from(results.weights_kept)).sum();
            let total: u128 = found.iter().map(|results| u128::from(results.weights_total)).sum();
            if total > 0 {
                level.kept = Some(kept as f64 / total as f64);
            }
        }
    }

    /// The line of the given recipe, if it spends this draw's tickets.
    pub fn line(&self, recipe: usize) -> Option<&Line<'a>> {
        self.lines.iter().find(|line| line.recipe == recipe)
    }
}

impl<'a> Cell<'a> {
    fn of(rows: impl Iterator<Item = &'a Row>) -> Self {
        let mut cell = Self::default();
        for row in rows {
            match (&row.results, &row.status) {
                (Some(results), Status::Done | Status::Linked(_)) => {
                    cell.samples.push((row.seed, results));
                }
                (_, Status::Failed(_)) => cell.failed += 1,
                _ => cell.missing += 1,
            }
        }
        let accuracies: Vec<f64> = cell.samples.iter().map(|(_, r)| r.test_accuracy).collect();
        cell.accuracy = Estimate::of(&accuracies);
        cell
    }

    /// How many jobs stand behind it, finished or not. 0: the recipe does not visit this level.
    pub fn planned(&self) -> usize {
        self.samples.len() + self.failed + self.missing
    }

    /// The mean over the finished jobs of a count, such as their FLOPs; `None` without any.
    pub fn mean(&self, of: impl Fn(&Results) -> u64) -> Option<u64> {
        let n = self.samples.len() as u128;
        let sum: u128 = self.samples.iter().map(|(_, r)| u128::from(of(r))).sum();
        // A mean of u64 fits u64.
        (n > 0).then(|| ((sum + n / 2) / n) as u64)
    }

    /// The share of prunable weights that its finished jobs keep.
    pub fn kept(&self) -> Option<f64> {
        kept(std::iter::once(self))
    }

    /// Test accuracies.
    pub fn by_seed(&self) -> Vec<(u64, f64)> {
        self.samples.iter().map(|(seed, r)| (*seed, r.test_accuracy)).collect()
    }
}

/// Fills in every line's gain over the baseline's line, cell by cell.
fn compare(lines: &mut [Line<'_>], levels: &[usize], baseline: usize) {
    let Some(base) = lines.iter().find(|l| l.recipe == baseline) else { return };
    let base: Vec<Vec<(u64, f64)>> = base.cells.iter().map(Cell::by_seed).collect();
    let dense = levels.iter().position(|level| *level == 0);
    for line in lines.iter_mut().filter(|l| l.recipe != baseline) {
        for (cell, base) in line.cells.iter_mut().zip(&base) {
            cell.gain = Difference::of(paired(base, &cell.by_seed()));
        }
        let Some(dense) = dense.and_then(|i| line.cells[i].gain.clone()) else { continue };
        for (cell, _) in line.cells.iter_mut().zip(levels).filter(|(_, level)| **level > 0) {
            let gains = cell.gain.as_ref().map(|gain| paired(&dense.pairs, &gain.pairs));
            cell.excess = gains.and_then(Difference::of);
        }
    }
}

/// Marks the comparison that the config declares, as long as it is made with the usual baseline.
fn declare(blocks: &mut [Block<'_>], run: &Run) {
    let Some(primary) = run.about.primary.as_ref().filter(|_| run.baseline.is_none()) else {
        return;
    };
    let asked =
        |block: &&mut Block<'_>| primary.draw.as_deref().is_none_or(|draw| draw == block.draw);
    let Some(block) = blocks.iter_mut().find(asked) else { return };
    let Some(place) = block.levels.iter().position(|l| l.number == primary.level) else { return };
    let lines = block.lines.iter_mut().filter(|line| line.name == primary.recipe);
    for gain in lines.filter_map(|line| line.cells[place].gain.as_mut()) {
        gain.primary = true;
    }
}

fn cells_mut<'b, 'a>(blocks: &'b mut [Block<'a>]) -> impl Iterator<Item = &'b mut Cell<'a>> {
    blocks.iter_mut().flat_map(|block| &mut block.lines).flat_map(|line| &mut line.cells)
}

/// The kept share over all finished jobs in the given cells.
fn kept<'c>(cells: impl Iterator<Item = &'c Cell<'c>>) -> Option<f64> {
    let (mut kept, mut total) = (0, 0);
    for (_, results) in cells.flat_map(|cell| &cell.samples) {
        kept += u128::from(results.weights_kept);
        total += u128::from(results.weights_total);
    }
    (total > 0).then(|| kept as f64 / total as f64)
}

/// Each value once, in the order of first appearance.
fn distinct<'a>(values: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut out: Vec<&str> = Vec::new();
    for value in values {
        if !out.contains(&value) {
            out.push(value);
        }
    }
    out
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
