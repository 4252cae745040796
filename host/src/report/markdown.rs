//! `results.md`: the comparison as tables for a paper's appendix, an issue or a README.

use super::run::Run;
use super::stats::Verdict;
use super::summary::{Block, Line, Summary};
use super::{format, words};

/// The whole file: what was run, then per draw the accuracies and the gains. A gain is bold where
/// its 95 % interval excludes zero.
pub fn markdown(run: &Run) -> String {
    let summary = Summary::of(run);
    let mut out = vec![format!("# {}", escaped(&run.name)), String::new()];
    for (name, value) in &run.about.facts {
        out.push(format!("- {}: {}", escaped(name), escaped(value)));
    }
    if !run.about.facts.is_empty() {
        out.push(String::new());
    }
    if summary.blocks.is_empty() {
        out.push("No job yet.".to_owned());
    }
    for block in &summary.blocks {
        if summary.blocks.len() > 1 {
            out.push(format!("## Draw {}\n", escaped(block.draw)));
        }
        out.push(format!("Sparsity across; {}.\n", words::caption(&summary)));
        let full = summary.seeds();
        grid(block, block.lines.iter(), &mut out, |line, i| words::cell(&line.cells[i], full));
        let Some(caption) = words::gain_caption(&summary) else { continue };
        let rows = block.lines.iter().filter(|l| l.cells.iter().any(|c| c.gain.is_some()));
        out.push(format!("{}.\n", format::capital(&caption)));
        grid(block, rows, &mut out, |line, i| {
            let cell = &line.cells[i];
            let text = words::gain(cell, full).unwrap_or_default();
            match cell.gain.map(|g| g.verdict()) {
                Some(Verdict::Above | Verdict::Below) => format!("**{text}**"),
                _ => text,
            }
        });
    }
    if summary.cells().any(|c| c.gain.is_some_and(|g| g.spread.is_some())) {
        out.push(
            "Bold: the interval excludes zero. Each interval stands for itself; none is corrected \
             for the number of comparisons.\n"
                .to_owned(),
        );
    }
    // One paragraph per note: a list mark would clash with the indented lines under a note.
    for note in words::notes(run, &summary) {
        let (mark, text) = match note.strip_prefix("  ") {
            Some(rest) => ("  - ", rest),
            None => ("- ", note.as_str()),
        };
        out.push(format!("{mark}{}", escaped(text)));
    }
    let mut text = out.join("\n").trim_end().to_owned();
    text.push('\n');
    text
}

fn grid<'a>(
    block: &Block<'_>,
    lines: impl Iterator<Item = &'a Line<'a>>,
    out: &mut Vec<String>,
    text: impl Fn(&Line<'_>, usize) -> String,
) {
    let header = |level: &super::summary::Level| match level.kept {
        Some(kept) => format!("{} %", format::sparsity(kept)),
        None => format!("level {}", level.number),
    };
    let heads: Vec<String> = block.levels.iter().map(header).collect();
    out.push(format!("| recipe | {} |", heads.join(" | ")));
    out.push(format!("|:--|{}", "--:|".repeat(heads.len())));
    for line in lines {
        let cells: Vec<String> = (0..heads.len()).map(|i| text(line, i)).collect();
        out.push(format!("| {} | {} |", escaped(line.name), cells.join(" | ")));
    }
    out.push(String::new());
}

/// Text that Markdown shows as it is, in a table, too.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
#[path = "markdown_tests.rs"]
mod tests;
