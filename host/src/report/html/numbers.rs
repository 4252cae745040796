//! The table of all means: every sparsity and recipe, with what it costs.

use super::super::markup::escape;
use super::super::stats::Estimate;
use super::super::summary::{Block, Cell, Line};
use super::super::{format, plot, words};
use super::head::marked_gain;
use crate::train::results::Results;

const HEADS: [&str; 9] = [
    "n",
    "test&nbsp;%",
    "gain",
    "last&nbsp;step&nbsp;%",
    "validation&nbsp;%",
    "test&nbsp;loss",
    "kept",
    "trained",
    "FLOPs",
];

/// Under the table.
const NOTE: &str = "test: accuracy of the checkpoint with the best validation accuracy, mean ± \
    s.d.; last step: of the last one. gain: bold where its 95 % interval excludes zero. kept: \
    prunable weights left. trained: all parameters that are trained, those added by the recipe \
    included. FLOPs: of one forward pass of one image over the weights left, the recipe's own \
    included.";

/// Grouped by sparsity, since recipes are compared at equal sparsity.
pub fn numbers(block: &Block<'_>) -> String {
    let mut out = "<section>\n<h3>Numbers</h3>\n<div class=\"scroll\"><table class=\"numbers\">\n\
        <thead><tr><th class=\"number\">sparsity&nbsp;%</th><th>recipe</th>"
        .to_owned();
    out.extend(HEADS.map(|head| format!("<th class=\"number\">{head}</th>")));
    out += "</tr></thead>\n";
    for (i, level) in block.levels.iter().enumerate() {
        let lines: Vec<&Line<'_>> =
            block.lines.iter().filter(|l| l.cells[i].planned() > 0).collect();
        let title = match level.kept {
            Some(kept) => format::sparsity(kept),
            None => "?".to_owned(),
        };
        out += "<tbody>\n";
        for (k, line) in lines.iter().enumerate() {
            out += "<tr>";
            if k == 0 {
                out += &format!(
                    "<th class=\"number\" rowspan=\"{}\">{title}<small>level {}</small></th>",
                    lines.len(),
                    level.number
                );
            }
            out += &row(line, &line.cells[i]);
        }
        out += "</tbody>\n";
    }
    out + &format!("</table></div>\n<p class=\"note\">{NOTE}</p>\n</section>\n")
}

fn row(line: &Line<'_>, cell: &Cell<'_>) -> String {
    let mean = |of: fn(&Results) -> f64| {
        let values: Vec<f64> = cell.samples.iter().map(|(_, r)| of(r)).collect();
        Estimate::of(&values).map(|e| e.mean)
    };
    let validation: Vec<f64> =
        cell.samples.iter().filter_map(|(_, r)| r.validation_accuracy).collect();
    let count = |of: fn(&Results) -> u64| cell.mean(of).map(format::count).unwrap_or_default();
    let flops = cell.mean(|r| r.flops);
    let cells = [
        cell.samples.len().to_string(),
        words::cell(cell, 0),
        cell.gain.as_ref().map(marked_gain).unwrap_or_default(),
        mean(|r| r.test_accuracy_last).map(format::accuracy).unwrap_or_default(),
        Estimate::of(&validation).map(|e| format::accuracy(e.mean)).unwrap_or_default(),
        mean(|r| r.test_loss).map(|x| format!("{x:.3}")).unwrap_or_default(),
        count(|r| r.weights_kept),
        count(|r| r.weights_training),
        flops.map(format::short_count).unwrap_or_default(),
    ];
    let mut out = format!(
        "<th class=\"recipe {}\">{} <b>{}</b></th>",
        plot::class(line.recipe),
        plot::swatch(line.recipe),
        escape(line.name)
    );
    for cell in cells {
        out += &format!("<td class=\"number\">{cell}</td>");
    }
    out + "</tr>\n"
}
