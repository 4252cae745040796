//! The comparison as a table for the terminal: recipes down, sparsities across.

use std::ops::Range;

use super::difference::{Difference, Verdict};
use super::run::Run;

use super::summary::{Block, Cell, Line, Summary};
use super::{format, words};

/// The table in lines of at most `width` characters (as long as one column fits). Levels that do
/// not fit side by side follow in further parts. Without `color` it is plain text.
pub fn table(run: &Run, width: usize, color: bool) -> String {
    let summary = Summary::of(run);
    let paint = Paint { color };
    let mut out = vec![paint.with("1", &format::cut(&run.name, width))];
    let facts: Vec<&str> = run.about.facts.iter().map(|(_, value)| value.as_str()).collect();
    if !facts.is_empty() {
        out.push(paint.with("2", &format::cut(&facts.join(" · "), width)));
    }
    if summary.blocks.is_empty() {
        out.push("No job yet.".to_owned());
    }
    for block in &summary.blocks {
        if summary.blocks.len() > 1 {
            out.push(String::new());
            out.push(paint.with("1", &format::cut(&format!("draw {}", block.draw), width)));
        }
        let grid = Grid::of(&summary, block, width);
        for columns in grid.parts(width) {
            out.push(String::new());
            grid.part(columns, &paint, &mut out);
        }
    }
    if !summary.blocks.is_empty() {
        out.push(String::new());
        let gain = words::gain_caption(&summary).map(|g| format!("Second lines: {g}."));
        let captions = [Some(format!("{}.", format::capital(&words::caption(&summary)))), gain];
        let rule = words::rule(&summary).map(|rule| rule.replacen("Bold", "With *", 1));
        let notes = captions.into_iter().flatten().chain(rule).chain(words::notes(run, &summary));
        out.extend(notes.flat_map(|note| wrapped(&note, width)));
    }
    let mut text = out.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n");
    text.push('\n');
    text
}

/// The texts of one block, ready to be laid out.
struct Grid<'a> {
    block: &'a Block<'a>,
    /// Width of the first column; a longer name stands on a line of its own.
    name_width: usize,
    /// Most characters of a name.
    name_limit: usize,
    /// Seeds behind a full cell.
    full: usize,
    /// Per level.
    column_widths: Vec<usize>,
    /// Whether any gain has a star, for which all keep room.
    starred: bool,
}

const CORNER: &str = "sparsity, %";

impl<'a> Grid<'a> {
    fn of(summary: &Summary<'_>, block: &'a Block<'a>, width: usize) -> Self {
        let full = summary.seeds();
        let starred = block.lines.iter().flat_map(|l| &l.cells).any(is_starred);
        let longest = block.lines.iter().map(|l| len(l.name)).filter(|n| *n <= 22).max();
        let column_width = |level: usize| {
            block
                .lines
                .iter()
                .map(|l| &l.cells[level])
                .flat_map(|c| [Some(value(c, full, starred)), gain(c, full, starred)])
                .flatten()
                .map(|text| len(&text))
                .chain([len(&header(block, level)) + usize::from(starred)])
                .max()
                .unwrap_or(0)
        };
        Self {
            block,
            name_width: longest.unwrap_or(0).max(CORNER.len()),
            name_limit: width,
            full,
            column_widths: (0..block.levels.len()).map(column_width).collect(),
            starred,
        }
    }

    /// The levels of each part: as few parts as fit, about equally long, at least one level each.
    fn parts(&self, width: usize) -> Vec<Range<usize>> {
        let n = self.column_widths.len();
        let fewest = self.filled(width, n);
        let even = n.div_ceil(fewest.len().max(1));
        let mut parts = (even..n).map(|most| self.filled(width, most));
        parts.find(|p| p.len() == fewest.len()).unwrap_or(fewest)
    }

    /// Parts of at most `most` levels, each filled before the next.
    fn filled(&self, width: usize, most: usize) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        let (mut start, mut used) = (0, self.name_width);
        for (i, column) in self.column_widths.iter().enumerate() {
            if i > start && (used + 2 + column > width || i - start == most) {
                parts.push(start..i);
                (start, used) = (i, self.name_width);
            }
            used += 2 + column;
        }
        parts.push(start..self.column_widths.len());
        parts
    }

    fn part(&self, levels: Range<usize>, paint: &Paint, out: &mut Vec<String>) {
        let mut head = self.first(CORNER);
        for level in levels.clone() {
            let room = if self.starred { " " } else { "" };
            head += &self.right(level, &(header(self.block, level) + room));
        }
        out.push(paint.with("2", &head));
        for line in &self.block.lines {
            self.line(line, levels.clone(), paint, out);
        }
    }

    fn line(&self, line: &Line<'_>, levels: Range<usize>, paint: &Paint, out: &mut Vec<String>) {
        let mut first = self.first(line.name);
        if len(line.name) > self.name_width {
            out.push(paint.with("1", &format::cut(line.name, self.name_limit)));
            first = self.first("");
        }
        let mut values = paint.with("1", &first);
        let mut gains = self.first("");
        for level in levels {
            let cell = &line.cells[level];
            let value = self.right(level, &value(cell, self.full, self.starred));
            let bad = cell.failed > 0 && cell.samples.is_empty();
            values += &if bad { paint.with("31", &value) } else { value };
            let style = match cell.gain.as_ref().map(Difference::verdict) {
                Some(Verdict::Above) => "32",
                Some(Verdict::Below) => "31",
                _ => "2",
            };
            let gain = gain(cell, self.full, self.starred).unwrap_or_default();
            gains += &paint.with(style, &self.right(level, &gain));
        }
        out.push(values);
        if line.cells.iter().any(|c| c.gain.is_some()) {
            out.push(gains);
        }
    }

    fn first(&self, text: &str) -> String {
        format!("{text:<width$}", width = self.name_width)
    }

    fn right(&self, level: usize, text: &str) -> String {
        format!("  {text:>width$}", width = self.column_widths[level])
    }
}

fn is_starred(cell: &Cell<'_>) -> bool {
    cell.gain.as_ref().is_some_and(words::counts)
}

/// An accuracy, with room below which stars stand.
fn value(cell: &Cell<'_>, full: usize, starred: bool) -> String {
    words::cell(cell, full) + if starred { " " } else { "" }
}

/// A gain, with a star where it is distinguishable from zero: colour alone would not do.
fn gain(cell: &Cell<'_>, full: usize, starred: bool) -> Option<String> {
    let mark = match (starred, is_starred(cell)) {
        (false, _) => "",
        (true, false) => " ",
        (true, true) => "*",
    };
    Some(words::gain(cell, full)? + mark)
}

fn header(block: &Block<'_>, level: usize) -> String {
    match block.levels[level].kept {
        Some(kept) => format::sparsity(kept),
        None => format!("level {}", block.levels[level].number),
    }
}

fn len(text: &str) -> usize {
    text.chars().count()
}

/// Breaks a sentence at spaces; a single longer word stays whole. Leading spaces are kept on every
/// line.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let indent = &text[..text.len() - text.trim_start().len()];
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if len(line) + 1 + len(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("{indent}{word}")),
        }
    }
    lines
}

/// Terminal colours, or none.
struct Paint {
    color: bool,
}

impl Paint {
    /// `text` in the given ANSI style, except for blank text, which would only leave escapes.
    fn with(&self, style: &str, text: &str) -> String {
        match self.color && !text.trim().is_empty() {
            true => format!("\x1b[{style}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
