//! The sentences and cell texts that the terminal, Markdown and HTML share, so that all three say
//! the same.

use super::difference::{Difference, Verdict};
use super::run::{Row, Run, Status};
use super::summary::{Cell, Line, Summary};
use super::trials::Choice;
use super::{format, parity};

/// What the numbers of the main table are.
pub fn caption(summary: &Summary<'_>) -> String {
    match summary.seeds() {
        0 | 1 => "test accuracy in %, one seed (n = 1)".to_owned(),
        n => format!("test accuracy in %, mean ± s.d. over n = {n} seeds"),
    }
}

/// What a gain is.
pub fn gain_caption(summary: &Summary<'_>) -> Option<String> {
    let baseline = summary.recipes.get(summary.baseline)?;
    let most = summary.cells().filter_map(|c| c.gain.as_ref()).map(|g| g.estimate.n).max()?;
    Some(match most {
        1 => format!("gain over {baseline} in points; one pair of runs, so no interval"),
        _ => format!(
            "gain over {baseline} in points, paired by seed: mean ± half width of its 95 % t interval"
        ),
    })
}

/// By which rule gains are bold or coloured; `None` where no interval is known.
pub fn rule(summary: &Summary<'_>) -> Option<String> {
    let judged = |difference: &Difference| difference.p.is_some();
    let primary = summary.cells().filter_map(|c| c.gain.as_ref()).any(|g| g.primary && judged(g));
    let bold = "Bold: the 95 % interval excludes zero";
    let others = "all others are not distinguishable from zero";
    match (summary.family, primary) {
        (0, false) => None,
        (0, true) => Some(format!("{bold}.")),
        (1, false) => Some(format!("{bold}; any other is not distinguishable from zero.")),
        (m, _) => Some(format!(
            "{bold}, also after Holm's correction for {}; {others}.",
            if primary {
                format!("{m} gains beside the primary one")
            } else {
                format!("{m} gains")
            }
        )),
    }
}

/// What an excess is.
pub const EXCESS: &str = "gain at this sparsity less the gain of the same recipe on the dense \
    network, paired by seed: what it does for the ticket beyond what it does for any network";

/// What a difference comes to, in words.
pub fn verdict(difference: &Difference) -> &'static str {
    match difference.verdict() {
        Verdict::Above => "better",
        Verdict::Below => "worse",
        Verdict::Indistinct => "not distinguishable",
        Verdict::Uncorrected => "not distinguishable after correction",
        Verdict::NoInterval if difference.estimate.n == 1 => "one pair",
        Verdict::NoInterval => "pairs all equal",
    }
}

/// Whether the interval counts: better or worse, and not by chance among many.
pub fn counts(difference: &Difference) -> bool {
    matches!(difference.verdict(), Verdict::Above | Verdict::Below)
}

/// The name of a line, with a mark where its trial was chosen.
pub fn name(summary: &Summary<'_>, line: &Line<'_>) -> String {
    let mark = if summary.trials.is_group(line.name) { " †" } else { "" };
    format!("{}{mark}", line.name)
}

/// The comparison that was declared, and what came of it.
fn primary(run: &Run, summary: &Summary<'_>) -> Option<String> {
    let asked = run.about.primary.as_ref()?;
    let mut cells = summary.blocks.iter().flat_map(|block| {
        let lines = block.lines.iter();
        lines.flat_map(move |line| line.cells.iter().map(move |cell| (block, line, cell)))
    });
    let declared = "Primary comparison, declared in the config and tested alone";
    let place = format!("{} at level {}", asked.recipe, asked.level);
    if run.baseline.is_some() {
        let usual = "it is one with the usual baseline, and this is another";
        return Some(format!("{declared}: none here ({place}); {usual}."));
    }
    let found = cells.find_map(|(block, line, cell)| {
        let gain = cell.gain.as_ref().filter(|gain| gain.primary)?;
        Some((block, line, gain))
    });
    let Some((block, line, gain)) = found else {
        return Some(format!("{declared}: {place} has no pair with the baseline yet."));
    };
    let pairs = format::plural(gain.estimate.n, "pair");
    let p = gain.p.map(|p| format!(", {}", format::p_value(p))).unwrap_or_default();
    Some(format!(
        "{declared}: {} on draw {} at level {} gains {} points over {} ({pairs}{p}): {}.",
        line.name,
        block.draw,
        asked.level,
        format::gain(&gain.estimate),
        summary.recipes[summary.baseline],
        verdict(gain)
    ))
}

/// The accuracy of one cell: `68.21 ± 0.31`, with `(2)` behind it where fewer than `full` seeds
/// are in it; `failed`, `–` (not trained yet) or nothing (not planned).
pub fn cell(cell: &Cell<'_>, full: usize) -> String {
    match &cell.accuracy {
        Some(e) if e.n < full => format!("{} ({})", format::mean_sd(e), e.n),
        Some(e) => format::mean_sd(e),
        None if cell.failed > 0 => "failed".to_owned(),
        None if cell.missing > 0 => "–".to_owned(),
        None => String::new(),
    }
}

/// The gain of one cell, with `(2)` behind it where fewer than `full` pairs are in it.
pub fn gain(cell: &Cell<'_>, full: usize) -> Option<String> {
    cell.gain.as_ref().map(|gain| difference(gain, full))
}

/// A difference in points, with `(2)` behind it where fewer than `full` pairs are in it.
pub fn difference(difference: &Difference, full: usize) -> String {
    let e = &difference.estimate;
    match e.n < full {
        true => format!("{} ({})", format::gain(e), e.n),
        false => format::gain(e),
    }
}

/// What a reader must know beside the numbers: marks that occur, and the run's own notes.
pub fn notes(run: &Run, summary: &Summary<'_>) -> Vec<String> {
    let full = summary.seeds();
    let mut out = Vec::new();
    out.extend(primary(run, summary));
    if summary.cells().any(|c| !c.samples.is_empty() && c.samples.len() < full) {
        out.push(format!("A number in brackets: so many seeds instead of {full}."));
    }
    let missing = run.rows.iter().filter(|r| r.status == Status::Missing).count();
    if missing > 0 {
        let mark = if summary.cells().any(|c| cell(c, full) == "–") { " (–)" } else { "" };
        out.push(format!("{} not trained yet{mark}.", format::plural(missing, "job")));
    }
    let failed = failed(run).count();
    if failed > 0 {
        out.push(format!("{} failed:", format::plural(failed, "job")));
    }
    out.extend(self::failed(run).take(8).map(|(row, why)| format!("  {}: {why}", job(row))));
    if failed > 8 {
        out.push(format!("  and {} more.", failed - 8));
    }
    out.extend(given_up(run));
    out.extend(reseeded(run));
    out.extend(chosen(summary));
    out.extend(moved(summary));
    out.extend(parity::larger(summary));
    out.extend(run.about.notes.iter().cloned());
    out
}

/// The jobs that ended early, which count all the same: without them a recipe that often fails
/// would look better than it is.
fn given_up(run: &Run) -> Option<String> {
    let epochs = |row: &Row| row.results.as_ref()?.given_up;
    let found: Vec<String> = run
        .rows
        .iter()
        .filter_map(|row| Some(format!("{} after epoch {}", job(row), epochs(row)?)))
        .collect();
    let count = format::plural(found.len(), "job");
    let were = if found.len() == 1 { "was" } else { "were" };
    (!found.is_empty()).then(|| {
        format!(
            "{count} {were} given up as hopeless and counted with the accuracy at that point: {}.",
            some(&found)
        )
    })
}

/// The jobs that have another seed than the one they stand under.
fn reseeded(run: &Run) -> Option<String> {
    let found: Vec<String> = run
        .rows
        .iter()
        .filter_map(|row| Some(format!("{} with {}", job(row), row.other_seed?)))
        .collect();
    let count = format::plural(found.len(), "job");
    let were = if found.len() == 1 { "was" } else { "were" };
    (!found.is_empty()).then(|| {
        format!(
            "{count} diverged and {were} trained with another seed (--retry-diverged): {}.",
            some(&found)
        )
    })
}

/// The first few, and how many more there are.
fn some(found: &[String]) -> String {
    match found.len().saturating_sub(8) {
        0 => found.join("; "),
        more => format!("{}; and {more} more", found[..8].join("; ")),
    }
}

/// Which trials were chosen, a sentence per group and draw.
fn chosen(summary: &Summary<'_>) -> Vec<String> {
    let choices = summary.trials.choices();
    let same = |a: &&Choice<'_>, b: &&Choice<'_>| (a.group, a.draw) == (b.group, b.draw);
    let all: Vec<&Choice<'_>> = choices.iter().collect();
    let sentence = |group: &[&Choice<'_>]| {
        let first = group.first()?;
        let each: Vec<String> = group
            .iter()
            .map(|choice| format!("{} at level {}", choice.trial, choice.level))
            .collect();
        Some(format!(
            "† {} on draw {}: at each level the best on validation of {}, chosen without the test \
             data: {}.",
            first.group,
            first.draw,
            format::plural(first.of, "trial"),
            each.join(", ")
        ))
    };
    all.chunk_by(same).filter_map(sentence).collect()
}

/// Recipes whose masks moved to another sparsity than their tickets'.
fn moved(summary: &Summary<'_>) -> Vec<String> {
    let mut out = Vec::new();
    for block in &summary.blocks {
        for line in &block.lines {
            for (cell, level) in line.cells.iter().zip(&block.levels) {
                let (Some(start), Some(kept)) = (level.kept, cell.kept()) else { continue };
                if (start - kept).abs() > 1e-4 * start {
                    out.push(format!(
                        "{} on draw {} moves the mask of level {}: {} % of its weights are pruned \
                         in what is reported.",
                        line.name,
                        block.draw,
                        level.number,
                        format::sparsity(kept)
                    ));
                }
            }
        }
    }
    out
}

/// The failed jobs with the first line of what went wrong.
pub fn failed(run: &Run) -> impl Iterator<Item = (&Row, &str)> {
    run.rows.iter().filter_map(|row| match &row.status {
        Status::Failed(why) => Some((row, why.lines().next().unwrap_or_default())),
        _ => None,
    })
}

/// A job in words: `mish, draw imp, seed 42, level 3`.
pub fn job(row: &Row) -> String {
    let what = row.recipe.as_deref().map(|r| format!("{r}, ")).unwrap_or_default();
    format!("{what}draw {}, seed {}, level {}", row.draw, row.seed, row.level)
}
