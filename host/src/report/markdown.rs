//! `results.md`: the comparison as tables for a paper's appendix, an issue or a README.

use super::difference::Difference;
use super::run::Run;
use super::summary::{Block, Line, Summary};
use super::{format, words};

/// The whole file: what was run, then per draw the accuracies, the gains, and what of them is the
/// ticket's own. What is distinguishable from zero is bold.
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
        let name = |line: &Line<'_>| words::name(&summary, line);
        grid(block, &name, &mut out, |line, i| Some(words::cell(&line.cells[i], full)));
        let Some(caption) = words::gain_caption(&summary) else { continue };
        let difference = |difference: Option<&Difference>| {
            let text = words::difference(difference?, full);
            Some(if words::counts(difference?) { format!("**{text}**") } else { text })
        };
        out.push(format!("{}.\n", format::capital(&caption)));
        grid(block, &name, &mut out, |line, i| difference(line.cells[i].gain.as_ref()));
        if block.lines.iter().flat_map(|line| &line.cells).any(|cell| cell.excess.is_some()) {
            out.push(format!("{}.\n", format::capital(words::EXCESS)));
            grid(block, &name, &mut out, |line, i| difference(line.cells[i].excess.as_ref()));
        }
    }
    out.extend(words::rule(&summary).map(|rule| format!("{rule}\n")));
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

/// Recipes down, sparsities across; only recipes with any text.
fn grid(
    block: &Block<'_>,
    name: &dyn Fn(&Line<'_>) -> String,
    out: &mut Vec<String>,
    text: impl Fn(&Line<'_>, usize) -> Option<String>,
) {
    let header = |level: &super::summary::Level| match level.kept {
        Some(kept) => format!("{} %", format::sparsity(kept)),
        None => format!("level {}", level.number),
    };
    let heads: Vec<String> = block.levels.iter().map(header).collect();
    out.push(format!("| recipe | {} |", heads.join(" | ")));
    out.push(format!("|:--|{}", "--:|".repeat(heads.len())));
    for line in &block.lines {
        let cells: Vec<Option<String>> = (0..heads.len()).map(|i| text(line, i)).collect();
        if cells.iter().any(Option::is_some) {
            let cells: Vec<String> = cells.into_iter().map(Option::unwrap_or_default).collect();
            out.push(format!("| {} | {} |", escaped(&name(line)), cells.join(" | ")));
        }
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
