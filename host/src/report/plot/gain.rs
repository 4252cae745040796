//! Gain over the baseline against sparsity: the mean of the paired differences, each pair as a
//! point, and the 95 % t interval as a bar.

use super::super::difference::Difference;
use super::super::summary::{Block, Cell, Line, Summary};
use super::super::{format, words};
use super::Size;
use super::accuracy::level_text;
use super::frame::{EndLabel, Frame};
use super::mark;
use super::scale::range;
use super::svg::Svg;

/// Which difference is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Over the baseline.
    Gain,
    /// That gain less the dense network's.
    Excess,
}

impl Which {
    fn of<'c>(self, cell: &'c Cell<'_>) -> Option<&'c Difference> {
        match self {
            Self::Gain => cell.gain.as_ref(),
            Self::Excess => cell.excess.as_ref(),
        }
    }

    fn title(self, base: &str) -> String {
        match self {
            Self::Gain => format!("gain over {base}, points"),
            Self::Excess => format!("gain over {base} less the dense network's, points"),
        }
    }
}

/// `None` where nothing can be compared.
pub fn gain(summary: &Summary<'_>, block: &Block<'_>, size: Size, which: Which) -> Option<String> {
    let shown = || block.lines.iter().flat_map(|l| &l.cells).filter_map(|cell| which.of(cell));
    let mut values: Vec<f64> =
        shown().flat_map(|gain| &gain.pairs).map(|(_, gain)| 100.0 * gain).collect();
    if values.is_empty() {
        return None;
    }
    values.push(0.0);
    let intervals: Vec<(f64, f64)> = shown()
        .filter_map(|gain| gain.estimate.interval())
        .map(|(low, high)| (100.0 * low, 100.0 * high))
        .collect();
    let has = |l: &&Line<'_>| l.cells.iter().any(|cell| which.of(cell).is_some());
    let lines: Vec<&Line<'_>> = block.lines.iter().filter(has).collect();
    let names: Vec<&str> = lines.iter().map(|l| l.name).collect();
    let range = range(&values, &intervals, 0.5)?;
    let frame = Frame::new(size, size.pick(350.0, 340.0), block, range, &names);
    let base = format::cut(summary.recipes[summary.baseline], 40);
    let title = which.title(&base);
    let label = format!("{} against sparsity, draw {}", format::capital(&title), block.draw);
    let mut svg = frame.start(size.class(), &label, &title, block);

    frame.clip(&mut svg);
    frame.across(&mut svg, "zero", 0.0);
    // Side by side, so that bars at one level stay apart.
    let step = (0.7 * frame.step() / lines.len() as f64).min(9.0);
    let mut ends = Vec::new();
    svg.open(if lines.len() > 6 { "many" } else { "few" });
    for (i, line) in lines.iter().enumerate() {
        let shift = step * (i as f64 - (lines.len() - 1) as f64 / 2.0);
        let last = draw(&mut svg, &frame, block, (line, which), shift);
        ends.extend(last.map(|from| EndLabel { recipe: Some(line.recipe), text: line.name, from }));
    }
    svg.close();
    svg.unclip();
    frame.end_labels(&mut svg, &ends);
    Some(svg.finish())
}

/// One recipe; returns its last point.
fn draw(
    svg: &mut Svg,
    frame: &Frame,
    block: &Block<'_>,
    (line, which): (&Line<'_>, Which),
    shift: f64,
) -> Option<(f64, f64)> {
    let y = |gain: f64| frame.y.at(100.0 * gain);
    let points: Vec<_> = line
        .cells
        .iter()
        .enumerate()
        .filter_map(|(i, cell)| Some((i, frame.x(i)? + shift, which.of(cell)?)))
        .filter(|(.., gain)| gain.estimate.mean.is_finite())
        .collect();
    svg.open(&mark::class(line.recipe));
    let path: Vec<(f64, f64)> =
        points.iter().map(|(_, x, gain)| (*x, y(gain.estimate.mean))).collect();
    svg.polyline("mean thin", &path, None);
    for (level, x, gain) in &points {
        let pairs = &gain.pairs;
        let (judged, gain) = (words::verdict(gain), &gain.estimate);
        if let Some((low, high)) = gain.interval() {
            svg.line("bar", (*x, y(low)), (*x, y(high)));
            frame.arrows(svg, *x, (y(high), y(low)));
        }
        if pairs.len() >= 2 {
            for (seed, difference) in pairs {
                let hover = format!(
                    "{}, seed {seed}\n{}\n{} points",
                    line.name,
                    level_text(block, *level),
                    format::points(*difference)
                );
                svg.circle("pair", (*x, y(*difference)), 2.2, Some(&hover));
            }
        }
        svg.path("mark", &mark::outline(line.recipe, (*x, y(gain.mean)), 4.2));
        let mut hover = format!(
            "{}\n{}\n{} points (n = {})",
            line.name,
            level_text(block, *level),
            format::points(gain.mean),
            gain.n
        );
        if let Some((low, high)) = gain.interval() {
            let [low, high] = [low, high].map(format::points);
            hover += &format!("\n95 % interval {low} to {high}\n{judged}");
        }
        svg.circle("hit", (*x, y(gain.mean)), 8.0, Some(&hover));
    }
    svg.close();
    path.last().copied()
}
