//! The table of what a network and its training cost, recipe by recipe: permanent skips show here.

use super::super::markup::escape;
use super::super::run::{Row, Run};
use super::super::summary::{Block, Cell, Line, Summary};
use super::super::{format, plot};
use crate::train::results::Results;

const HEADS: [&str; 7] = [
    "kept",
    "trained",
    "exported",
    "FLOPs an image",
    "of dense",
    "FLOPs of training",
    "time a job",
];

const NOTE: &str = "kept: prunable weights left. trained: all parameters that are trained, those \
    added by the recipe included. exported: those left in the stored network, without a skip that \
    has faded. FLOPs an image: of one forward pass over the weights left, in the reported network; \
    of dense: relative to the baseline's dense network. FLOPs of training: three forward passes for \
    every image of every epoch. time: by the clock, mean over the jobs that were trained without \
    interruption; pruning does not make dense kernels quicker.";

/// Grouped by sparsity, as the table of numbers.
pub fn cost(run: &Run, summary: &Summary<'_>, block: &Block<'_>) -> String {
    let mut out = "<section>\n<h3>What it costs</h3>\n<div class=\"scroll\"><table \
        class=\"numbers\">\n<thead><tr><th class=\"number\">sparsity&nbsp;%</th><th>recipe</th>"
        .to_owned();
    out.extend(HEADS.map(|head| format!("<th class=\"number\">{head}</th>")));
    out += "</tr></thead>\n";
    let dense = block.levels.iter().position(|level| level.number == 0);
    let dense = dense.and_then(|i| block.line(summary.baseline)?.cells[i].mean(|r| r.flops));
    for (i, level) in block.levels.iter().enumerate() {
        let lines: Vec<&Line<'_>> =
            block.lines.iter().filter(|l| !l.cells[i].samples.is_empty()).collect();
        let title = level.kept.map_or("?".to_owned(), format::sparsity);
        out += "<tbody>\n";
        for (k, line) in lines.iter().enumerate() {
            out += "<tr>";
            if k == 0 {
                out += &super::level_head(&title, level.number, lines.len());
            }
            let here = |row: &&Row| {
                row.draw == block.draw
                    && row.level == level.number
                    && summary.label(row) == Some(line.name)
            };
            out += &row(line, &line.cells[i], dense, &mut run.rows.iter().filter(here));
        }
        out += "</tbody>\n";
    }
    out + &format!("</table></div>\n<p class=\"note\">{NOTE}</p>\n{}</section>\n", total(run))
}

fn row(
    line: &Line<'_>,
    cell: &Cell<'_>,
    dense: Option<u64>,
    jobs: &mut dyn Iterator<Item = &Row>,
) -> String {
    let known = |of: fn(&Results) -> Option<u64>| {
        let all = cell.samples.iter().all(|(_, results)| of(results).is_some());
        all.then(|| cell.mean(|results| of(results).unwrap_or_default())).flatten()
    };
    let flops = cell.mean(|r| r.flops);
    let share = flops.zip(dense).filter(|(_, dense)| *dense > 0);
    let times: Vec<f64> =
        jobs.filter_map(|job| job.time).filter(|t| !t.resumed).map(|t| t.seconds).collect();
    let time = (!times.is_empty()).then(|| times.iter().sum::<f64>() / times.len() as f64);
    let cells = [
        cell.mean(|r| r.weights_kept).map(format::count),
        cell.mean(|r| r.weights_training).map(format::count),
        known(|r| r.weights_exported).map(format::count),
        flops.map(format::short_count),
        share.map(|(own, dense)| format!("{} %", format::share(own as f64 / dense as f64))),
        known(|r| r.training_flops).map(format::short_count),
        time.map(format::duration),
    ];
    let mut out = format!(
        "<th class=\"recipe {}\">{} <b>{}</b></th>",
        plot::class(line.recipe),
        plot::swatch(line.recipe),
        escape(line.name)
    );
    for cell in cells {
        out += &format!("<td class=\"number\">{}</td>", cell.unwrap_or_default());
    }
    out + "</tr>\n"
}

/// What the trainings of the whole run took.
fn total(run: &Run) -> String {
    let times: Vec<_> = run.rows.iter().filter_map(|row| row.time).collect();
    if times.is_empty() {
        return String::new();
    }
    let seconds: f64 = times.iter().map(|time| time.seconds).sum();
    let resumed = times.iter().filter(|time| time.resumed).count();
    let least = if resumed > 0 { "at least " } else { "" };
    let why = match resumed {
        0 => String::new(),
        n => format!(
            " ({} went on from an interrupted process, whose part is not in it)",
            format::plural(n, "job")
        ),
    };
    format!(
        "<p class=\"note\">All trainings of this run together, those of the draws included: {least}{}{why}.</p>\n",
        format::duration(seconds)
    )
}

#[cfg(test)]
mod tests {
    use super::super::super::run::Time;
    use super::super::super::sample;
    use super::*;

    #[test]
    fn interrupted_jobs_are_in_the_total_and_not_in_the_means() {
        let mut run = sample::tiny();
        for (i, (seconds, resumed)) in [(3, (10.0, false)), (5, (2.0, true))] {
            run.rows[i].time = Some(Time { seconds, resumed });
        }
        let summary = Summary::of(&run);
        let table = cost(&run, &summary, &summary.blocks[0]);
        // Vanilla at level 1: 800 kept, 900 trained and exported, 3200 of the dense 4000 FLOPs.
        let cells = "800</td><td class=\"number\">900</td><td class=\"number\">900</td>\
                     <td class=\"number\">3.20 k</td><td class=\"number\">80 %</td>\
                     <td class=\"number\">19.2 k</td><td class=\"number\">10 s</td>";
        assert!(table.contains(cells), "{table}");
        assert!(table.contains("included: at least 12 s (1 job went on"), "{table}");
    }
}
