//! The table of trials: how each did on validation. Their test accuracies are not shown, so that
//! nobody chooses by them.

use super::super::format;
use super::super::markup::escape;
use super::super::summary::{Block, Summary};

const NOTE: &str = "Mean validation accuracy in %. The best at each sparsity (†) is what all other \
    tables and pictures show; only its test accuracy counts. The jobs’ own are in results.csv.";

/// Nothing without trials.
pub fn table(summary: &Summary<'_>, block: &Block<'_>) -> String {
    let trials = summary.trials.ranked(block.draw);
    if trials.is_empty() {
        return String::new();
    }
    let mut out = "<section>\n<h3>Trials</h3>\n<div class=\"scroll\"><table class=\"trials\">\n\
        <thead><tr><th>trial</th>"
        .to_owned();
    for level in &block.levels {
        let title = level.kept.map_or("?".to_owned(), format::sparsity);
        out += &format!("<th class=\"number\">{title}&nbsp;%</th>");
    }
    out += "</tr></thead>\n<tbody>\n";
    for trial in trials {
        out += &format!(
            "<tr><th class=\"recipe\">{}<small>of {}</small></th>",
            escape(trial.name),
            escape(trial.group)
        );
        for level in &block.levels {
            let found = trial.validation.get(&level.number).copied().flatten();
            let text = found.map(format::accuracy).unwrap_or_default();
            let text = match summary.trials.is_chosen(trial, block.draw, level.number) {
                true => format!("<b>{text} †</b>"),
                false => text,
            };
            out += &format!("<td class=\"number\">{text}</td>");
        }
        out += "</tr>\n";
    }
    out + &format!("</tbody></table></div>\n<p class=\"note\">{NOTE}</p>\n</section>\n")
}
