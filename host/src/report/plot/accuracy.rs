//! Test accuracy against sparsity: per recipe the mean as a line, the seeds as points, the 95 % t
//! interval as a band, and the dense baseline as a dashed line.

use super::super::format;
use super::super::summary::{Block, Cell, Line, Summary};
use super::Size;
use super::frame::{EndLabel, Frame};
use super::mark;
use super::scale::range;
use super::svg::Svg;

/// `None` where no job is finished.
pub fn accuracy(summary: &Summary<'_>, block: &Block<'_>, size: Size) -> Option<String> {
    let cells = || block.lines.iter().flat_map(|l| &l.cells);
    let values: Vec<f64> =
        cells().flat_map(|c| &c.samples).map(|(_, r)| percent(r.test_accuracy)).collect();
    let intervals: Vec<(f64, f64)> = cells()
        .filter_map(|c| c.accuracy?.interval())
        .map(|(low, high)| (percent(low), percent(high)))
        .collect();
    let (low, high) = range(&values, &intervals, 1.0)?;
    let dense = dense(summary, block);
    let dense_name = dense.as_ref().map(|(name, _)| name.as_str());
    let names: Vec<&str> = block.lines.iter().map(|l| l.name).chain(dense_name).collect();
    // Nothing is more than right or less than wrong.
    let range = (low.max(0.0), high.min(100.0));
    let frame = Frame::new(size, size.pick(430.0, 400.0), block, range, &names);
    let label = format!("Test accuracy against sparsity, draw {}", block.draw);
    let mut svg = frame.start(size.class(), &label, "test accuracy, %", block);

    frame.clip(&mut svg);
    svg.open(if block.lines.len() > 4 { "many" } else { "few" });
    for line in &block.lines {
        band(&mut svg, &frame, line);
    }
    svg.close();
    if let Some((_, value)) = &dense {
        frame.across(&mut svg, "dense", *value);
    }
    let base = block.lines.iter().filter(|l| l.recipe == summary.baseline);
    let tweaked = block.lines.iter().filter(|l| l.recipe != summary.baseline);
    for line in base.chain(tweaked) {
        mean(&mut svg, &frame, block, line);
    }
    svg.unclip();

    let mut ends: Vec<EndLabel<'_>> = block.lines.iter().filter_map(|l| end(&frame, l)).collect();
    if let Some((name, value)) = &dense {
        let from = (frame.right(), frame.y.at(*value));
        ends.push(EndLabel { recipe: None, text: name, from });
    }
    frame.end_labels(&mut svg, &ends);
    Some(svg.finish())
}

fn percent(x: f64) -> f64 {
    100.0 * x
}

/// The dense network under the baseline, where there is something to compare it with.
fn dense(summary: &Summary<'_>, block: &Block<'_>) -> Option<(String, f64)> {
    let sparse = block.levels.iter().any(|l| l.number > 0);
    let level = block.levels.iter().position(|l| l.number == 0).filter(|_| sparse)?;
    let line = block.line(summary.baseline)?;
    let mean = line.cells[level].accuracy?.mean;
    mean.is_finite().then(|| (format!("dense {}", line.name), percent(mean)))
}

/// The intervals, as a band over neighbouring levels. A level without an interval ends it; a level
/// that the recipe does not visit does not.
fn band(svg: &mut Svg, frame: &Frame, line: &Line<'_>) {
    let ends = |i: usize, cell: &Cell<'_>| {
        let ((low, high), x) = cell.accuracy?.interval().zip(frame.x(i))?;
        Some(((x, frame.y.at(percent(high))), (x, frame.y.at(percent(low)))))
    };
    let visited = line.cells.iter().enumerate().filter(|(_, cell)| cell.planned() > 0);
    let edges: Vec<_> = visited.map(|(i, cell)| ends(i, cell)).collect();
    svg.open(&mark::class(line.recipe));
    for run in edges.split(Option::is_none) {
        let (upper, lower): (Vec<_>, Vec<_>) = run.iter().flatten().copied().unzip();
        match (&upper[..], &lower[..]) {
            // Alone, it has no neighbour to form a band with.
            ([high], [low]) => svg.line("bar", *low, *high),
            _ => svg.band("band", &upper, &lower),
        }
    }
    svg.close();
}

fn mean(svg: &mut Svg, frame: &Frame, block: &Block<'_>, line: &Line<'_>) {
    let points: Vec<(usize, (f64, f64), &Cell<'_>)> = points(frame, line).collect();
    svg.open(&mark::class(line.recipe));
    let path: Vec<(f64, f64)> = points.iter().map(|(_, at, _)| *at).collect();
    svg.polyline("mean", &path, None);
    for (level, (x, _), cell) in &points {
        if cell.samples.len() < 2 {
            continue;
        }
        for (seed, results) in &cell.samples {
            let accuracy = results.test_accuracy;
            let at = (*x, frame.y.at(percent(accuracy)));
            let hover = format!(
                "{}, seed {seed}\n{}\n{} %",
                line.name,
                level_text(block, *level),
                format::accuracy(accuracy)
            );
            svg.circle("seed", at, 2.3, Some(&hover));
        }
    }
    for (level, at, cell) in &points {
        svg.path("mark", &mark::outline(line.recipe, *at, 4.2));
        svg.circle("hit", *at, 8.0, Some(&hover(block, line, *level, cell)));
    }
    svg.close();
}

/// The means that have a place.
fn points<'a>(
    frame: &'a Frame,
    line: &'a Line<'a>,
) -> impl Iterator<Item = (usize, (f64, f64), &'a Cell<'a>)> {
    line.cells.iter().enumerate().filter_map(|(i, cell)| {
        let mean = percent(cell.accuracy?.mean);
        mean.is_finite().then_some(())?;
        Some((i, (frame.x(i)?, frame.y.at(mean)), cell))
    })
}

fn end<'a>(frame: &Frame, line: &'a Line<'a>) -> Option<EndLabel<'a>> {
    let (_, from, _) = points(frame, line).last()?;
    Some(EndLabel { recipe: Some(line.recipe), text: line.name, from })
}

/// `level 3, sparsity 48.8 %`.
pub fn level_text(block: &Block<'_>, level: usize) -> String {
    let level = block.levels[level];
    match level.kept {
        Some(kept) => format!("level {}, sparsity {} %", level.number, format::sparsity(kept)),
        None => format!("level {}", level.number),
    }
}

fn hover(block: &Block<'_>, line: &Line<'_>, level: usize, cell: &Cell<'_>) -> String {
    let mut text = format!("{}\n{}", line.name, level_text(block, level));
    if let Some(e) = &cell.accuracy {
        text += &format!("\n{} % (n = {})", format::mean_sd(e), e.n);
        if let Some((low, high)) = e.interval() {
            let [low, high] = [low, high].map(format::accuracy);
            text += &format!("\n95 % interval {low} to {high}");
        }
    }
    text
}
