//! The table of all means: every sparsity and recipe.

use super::super::difference::Difference;
use super::super::markup::escape;
use super::super::stats::Estimate;
use super::super::summary::{Block, Cell, Line, Summary};
use super::super::{format, plot, words};
use super::head::marked_gain;
use crate::train::results::Results;

const HEADS: [&str; 8] = [
    "n",
    "test&nbsp;%",
    "gain",
    "gain − dense’s",
    "last&nbsp;step&nbsp;%",
    "validation&nbsp;%",
    "test&nbsp;loss",
    "ECE&nbsp;%",
];

/// Under the table.
const NOTE: &str = "n: seeds, each with a draw of its own. test: accuracy of the checkpoint with \
    the best validation accuracy, mean ± s.d.; last step: of the last one. gain − dense’s: the gain \
    here less the gain of the same recipe on the dense network. ECE: expected calibration error of \
    the reported checkpoint on the test data in 15 bins, by how much confidence and accuracy are \
    apart.";

/// Grouped by sparsity, since recipes are compared at equal sparsity.
pub fn numbers(summary: &Summary<'_>, block: &Block<'_>) -> String {
    let mut out = "<section>\n<h3>Numbers</h3>\n<div class=\"scroll\"><table class=\"numbers\">\n\
        <thead><tr><th class=\"number\">sparsity&nbsp;%</th><th>recipe</th>"
        .to_owned();
    out.extend(HEADS.map(|head| format!("<th class=\"number\">{head}</th>")));
    out += "</tr></thead>\n";
    for (i, level) in block.levels.iter().enumerate() {
        let lines: Vec<&Line<'_>> =
            block.lines.iter().filter(|l| l.cells[i].planned() > 0).collect();
        let title = level.kept.map_or("?".to_owned(), format::sparsity);
        out += "<tbody>\n";
        for (k, line) in lines.iter().enumerate() {
            out += "<tr>";
            if k == 0 {
                out += &super::level_head(&title, level.number, lines.len());
            }
            out += &row(summary, line, &line.cells[i]);
        }
        out += "</tbody>\n";
    }
    let rule = words::rule(summary).map(|rule| format!(" {rule}")).unwrap_or_default();
    let apart =
        match summary.cells().any(|cell| cell.excess.as_ref().is_some_and(|e| e.p.is_some())) {
            true => " The differences of gains are corrected among themselves.",
            false => "",
        };
    let note = format!("{NOTE}{}{apart}", escape(&rule));
    out + &format!("</table></div>\n<p class=\"note\">{note}</p>\n</section>\n")
}

fn row(summary: &Summary<'_>, line: &Line<'_>, cell: &Cell<'_>) -> String {
    let mean = |of: fn(&Results) -> Option<f64>| {
        let values: Vec<f64> = cell.samples.iter().filter_map(|(_, r)| of(r)).collect();
        Estimate::of(&values).map(|e| e.mean)
    };
    let difference = |one: &Option<Difference>| one.as_ref().map(marked_gain);
    let cells = [
        Some(cell.samples.len().to_string()),
        Some(words::cell(cell, 0)),
        difference(&cell.gain),
        difference(&cell.excess),
        mean(|r| Some(r.test_accuracy_last)).map(format::accuracy),
        mean(|r| r.validation_accuracy).map(format::accuracy),
        mean(|r| Some(r.test_loss)).map(|x| format!("{x:.3}")),
        mean(|r| r.test_calibration_error).map(format::accuracy),
    ];
    let mut out = format!(
        "<th class=\"recipe {}\">{} <b>{}</b></th>",
        plot::class(line.recipe),
        plot::swatch(line.recipe),
        escape(&words::name(summary, line))
    );
    for cell in cells {
        out += &format!("<td class=\"number\">{}</td>", cell.unwrap_or_default());
    }
    out + "</tr>\n"
}
