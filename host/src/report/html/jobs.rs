//! The list of all jobs: what `results.csv` has, to read.

use super::super::format;
use super::super::markup::escape;
use super::super::run::{Row, Run};
use super::head::status;

/// Longer lists are folded.
const LONG: usize = 40;

/// One row per job; the exact number stands in each cell's `value`.
pub fn jobs(run: &Run) -> String {
    if run.rows.is_empty() {
        return String::new();
    }
    let open = if run.rows.len() > LONG { "" } else { " open" };
    let mut out = format!(
        "<section>\n<h3>Jobs</h3>\n<details{open}>\n<summary>{}, one training each; the same as \
         results.csv</summary>\n<div class=\"scroll\"><table class=\"jobs\">\n<thead><tr>\
         <th>recipe</th><th>draw</th><th>status</th>",
        format::plural(run.rows.len(), "job")
    );
    for head in [
        "seed",
        "level",
        "sparsity&nbsp;%",
        "test&nbsp;%",
        "last&nbsp;%",
        "validation&nbsp;%",
        "test&nbsp;loss",
        "epoch",
        "kept",
        "trained",
        "exported",
        "FLOPs",
        "ECE&nbsp;%",
        "time",
    ] {
        out += &format!("<th class=\"number\">{head}</th>");
    }
    out += "<th>precision</th></tr></thead>\n<tbody>\n";
    for row in &run.rows {
        out += &job(row);
    }
    out + "</tbody></table></div>\n</details>\n</section>\n"
}

fn job(row: &Row) -> String {
    let recipe = match &row.recipe {
        Some(name) => escape(name),
        None => "<small>the draw itself</small>".to_owned(),
    };
    let mut out = format!(
        "<tr><td>{recipe}</td><td>{}</td><td class=\"status\">{}</td><td class=\"number\">{}</td>\
         <td class=\"number\">{}</td>",
        escape(&row.draw),
        status(row),
        row.seed,
        row.level
    );
    match &row.results {
        Some(r) => {
            let kept = 1.0 - r.sparsity();
            out += &cell(r.sparsity(), &format::sparsity(kept));
            out += &cell(r.test_accuracy, &format::accuracy(r.test_accuracy));
            out += &cell(r.test_accuracy_last, &format::accuracy(r.test_accuracy_last));
            out += &match r.validation_accuracy {
                Some(v) => cell(v, &format::accuracy(v)),
                None => "<td></td>".to_owned(),
            };
            out += &cell(r.test_loss, &format!("{:.3}", r.test_loss));
            out += &cell(r.best_epoch, &r.best_epoch.to_string());
            out += &cell(r.weights_kept, &format::count(r.weights_kept));
            out += &cell(r.weights_training, &format::count(r.weights_training));
            out += &optional(r.weights_exported, format::count);
            out += &cell(r.flops, &format::short_count(r.flops));
            out += &optional(r.test_calibration_error, format::accuracy);
            // By the clock, so in no file that is made to be compared.
            let time = row.time.map(|time| {
                let more = if time.resumed { "≥ " } else { "" };
                format!("{more}{}", format::duration(time.seconds))
            });
            out += &format!("<td class=\"number\">{}</td>", time.unwrap_or_default());
            out += &format!("<td>{}</td>", escape(&r.precision));
        }
        None => out += &"<td></td>".repeat(13),
    }
    out + "</tr>\n"
}

fn optional<T: std::fmt::Display + Copy>(exact: Option<T>, shown: fn(T) -> String) -> String {
    exact.map_or("<td></td>".to_owned(), |exact| cell(exact, &shown(exact)))
}

/// A number as people read it, with the exact one for programs.
fn cell(exact: impl std::fmt::Display, shown: &str) -> String {
    format!("<td class=\"number\"><data value=\"{exact}\">{shown}</data></td>")
}
