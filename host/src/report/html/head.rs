//! The top of the page: what was run, and what came of it in a few lines.

use super::super::difference::{Difference, Verdict};
use super::super::markup::escape;
use super::super::run::{Row, Run, Status};
use super::super::summary::{Block, Line, Summary};
use super::super::{format, plot, words};

/// Name, size of the comparison, facts and notes.
pub fn head(run: &Run, summary: &Summary<'_>) -> String {
    let mut out = format!("<header>\n<h1>{}</h1>\n", escape(&run.name));
    out += &format!("<p class=\"lead\">{}</p>\n", escape(&lead(run, summary)));
    if !run.about.facts.is_empty() {
        out += "<dl>\n";
        for (name, value) in &run.about.facts {
            out += &format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(name), escape(value));
        }
        out += "</dl>\n";
    }
    out += "</header>\n";
    let notes = words::notes(run, summary);
    if !notes.is_empty() {
        out += "<aside>\n";
        for note in notes {
            let class = if note.starts_with("  ") { " class=\"inner\"" } else { "" };
            out += &format!("<p{class}>{}</p>\n", escape(note.trim()));
        }
        out += "</aside>\n";
    }
    out
}

/// `4 recipes at 5 sparsities with 3 seeds: 60 trainings, 58 done, 2 failed.`
fn lead(run: &Run, summary: &Summary<'_>) -> String {
    let levels = summary.blocks.iter().map(|b| b.levels.len()).max().unwrap_or(0);
    let sparsities = if levels == 1 { "1 sparsity".into() } else { format!("{levels} sparsities") };
    let mut parts = vec![
        format::plural(summary.recipes.len(), "recipe"),
        sparsities,
        format::plural(summary.seeds(), "seed"),
    ];
    if summary.blocks.len() > 1 {
        parts.push(format::plural(summary.blocks.len(), "draw"));
    }
    let count = |word| run.rows.iter().filter(|r| r.status.word() == word).count();
    let states: Vec<String> = ["done", "linked", "failed", "missing"]
        .into_iter()
        .map(|word| (count(word), word))
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}"))
        .collect();
    format!("{}. Jobs: {}.", parts.join(" × "), states.join(", "))
}

/// Per draw and recipe: what it changes, and its gain on the dense network and at the sparsest
/// level.
pub fn glance(run: &Run, summary: &Summary<'_>) -> String {
    let mut out = "<section>\n<h3>At a glance</h3>\n".to_owned();
    for block in &summary.blocks {
        if summary.blocks.len() > 1 {
            out += &format!("<h4>Draw {}</h4>\n", escape(block.draw));
        }
        out += &table(run, summary, block);
    }
    if let Some(caption) = words::gain_caption(summary) {
        let rule = words::rule(summary).map(|rule| format!(" {rule}")).unwrap_or_default();
        out += &format!("<p class=\"note\">Gains: {}.{}</p>\n", escape(&caption), escape(&rule));
    }
    out + "</section>\n"
}

fn table(run: &Run, summary: &Summary<'_>, block: &Block<'_>) -> String {
    let dense = block.levels.iter().position(|l| l.number == 0);
    let sparse = (0..block.levels.len())
        .rev()
        .find(|i| block.levels[*i].number > 0 && block.levels[*i].kept.is_some());
    let columns: Vec<usize> = dense.into_iter().chain(sparse).collect();
    let compared = block.lines.len() > 1;
    let mut out =
        "<div class=\"scroll\"><table class=\"glance\">\n<thead><tr><th>recipe</th>".to_owned();
    for &column in &columns {
        let title = match block.levels[column].kept {
            Some(kept) if block.levels[column].number > 0 => {
                format!("at {} % sparsity", format::sparsity(kept))
            }
            _ => "dense".to_owned(),
        };
        let span = if compared { " colspan=\"2\"" } else { "" };
        out += &format!("<th{span} class=\"number\">{title}</th>");
    }
    out += "</tr></thead>\n<tbody>\n";
    for line in &block.lines {
        out += &row(run, summary, line, &columns, compared);
    }
    out + "</tbody></table></div>\n"
}

fn row(
    run: &Run,
    summary: &Summary<'_>,
    line: &Line<'_>,
    columns: &[usize],
    compared: bool,
) -> String {
    let changes = run.about.recipes.get(line.name).map(String::as_str).unwrap_or_default();
    let mut out = format!(
        "<tr><th class=\"recipe {}\">{} <b>{}</b><small>{}</small></th>",
        plot::class(line.recipe),
        plot::swatch(line.recipe),
        escape(&words::name(summary, line)),
        escape(changes)
    );
    for &column in columns {
        let cell = &line.cells[column];
        out += &format!("<td class=\"number\">{}</td>", words::cell(cell, summary.seeds()));
        if compared {
            let text = match &cell.gain {
                Some(gain) => gain_cell(gain),
                None if line.recipe == summary.baseline => "<small>baseline</small>".to_owned(),
                None => String::new(),
            };
            out += &format!("<td class=\"number\">{text}</td>");
        }
    }
    out + "</tr>\n"
}

/// A difference with what its interval says, in a word and not in colour alone.
pub fn gain_cell(difference: &Difference) -> String {
    let primary = if difference.primary { "primary: " } else { "" };
    format!("{} <small>{primary}{}</small>", marked_gain(difference), words::verdict(difference))
}

/// A difference; bold and coloured where it is distinguishable from zero.
pub fn marked_gain(difference: &Difference) -> String {
    let text = format::gain(&difference.estimate);
    match difference.verdict() {
        Verdict::Above => format!("<b class=\"better\">{text}</b>"),
        Verdict::Below => format!("<b class=\"worse\">{text}</b>"),
        _ => text,
    }
}

/// The word for a job's status, with its reason or target.
pub fn status(row: &Row) -> String {
    let word = row.word();
    match &row.status {
        Status::Failed(why) => {
            format!("<b class=\"worse\">{word}</b><small>{}</small>", escape(why))
        }
        Status::Linked(to) => format!("{word}<small>{}</small>", escape(to)),
        _ => word.to_owned(),
    }
}
