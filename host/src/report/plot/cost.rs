//! Test accuracy against what a network costs: at equal sparsity a recipe may train more weights or
//! take longer, and this shows both at equal cost. The horizontal axis is logarithmic.

use super::super::format;
use super::super::summary::{Block, Cell, Line, Summary};
use super::accuracy::level_text;
use super::labels::thin;
use super::mark;
use super::scale::{Scale, range};
use super::svg::{Anchor, Svg, text_width};
use crate::train::results::Results;

/// What is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// All weights that are trained, those of tweaks included.
    Trained,
    /// Those that are left in the exported network.
    Exported,
    /// The FLOPs of the training.
    Training,
}

impl Cost {
    pub const ALL: [Self; 3] = [Self::Trained, Self::Exported, Self::Training];

    /// As the axis says it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Trained => "weights during training",
            Self::Exported => "weights after export",
            Self::Training => "FLOPs of the training",
        }
    }

    pub fn of(self, results: &Results) -> Option<u64> {
        match self {
            Self::Trained => Some(results.weights_training),
            Self::Exported => results.weights_exported,
            Self::Training => results.training_flops,
        }
    }

    /// The mean over the seeds that have it.
    fn mean(self, cell: &Cell<'_>) -> Option<f64> {
        let found: Vec<f64> =
            cell.samples.iter().filter_map(|(_, r)| Some(self.of(r)? as f64)).collect();
        let mean = found.iter().sum::<f64>() / found.len() as f64;
        (mean > 0.0).then_some(mean)
    }
}

const WIDTH: f64 = 345.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 46.0;
const BASE: f64 = HEIGHT - 46.0;
const TOP: f64 = 32.0;

/// A mean: level, cost, accuracy in %, and the cell it is of.
type Point<'a> = (usize, f64, f64, &'a Cell<'a>);

/// `None` where costs are not known or all the same.
pub fn cost(summary: &Summary<'_>, block: &Block<'_>, cost: Cost) -> Option<String> {
    let lines: Vec<(&Line<'_>, Vec<Point<'_>>)> =
        block.lines.iter().map(|line| (line, points(line, cost))).collect();
    let all = || lines.iter().flat_map(|(_, points)| points);
    let low = all().map(|p| p.1).reduce(f64::min)?;
    let high = all().map(|p| p.1).reduce(f64::max)?;
    if low >= high {
        return None;
    }
    let accuracies: Vec<f64> = all().map(|p| p.2).collect();
    let (bottom, top) = range(&accuracies, &[], 1.0)?;
    let y = Scale { low: bottom.max(0.0), high: top.min(100.0), start: BASE, end: TOP };
    let x = Scale { low: low.ln(), high: high.ln(), start: LEFT + 14.0, end: WIDTH - 22.0 };
    let label = format!("Test accuracy against {}, draw {}", cost.title(), block.draw);
    let mut svg = Svg::new(WIDTH, HEIGHT, "half", &label);
    axes(&mut svg, (&x, &y), (low, high), cost);
    let base = lines.iter().filter(|(line, _)| line.recipe == summary.baseline);
    let tweaked = lines.iter().filter(|(line, _)| line.recipe != summary.baseline);
    for (line, points) in base.chain(tweaked) {
        draw(&mut svg, (&x, &y), block, (line, points), cost);
    }
    Some(svg.finish())
}

fn points<'a>(line: &'a Line<'a>, cost: Cost) -> Vec<Point<'a>> {
    let point = |(level, cell): (usize, &'a Cell<'a>)| {
        let accuracy = 100.0 * cell.accuracy?.mean;
        accuracy.is_finite().then_some((level, cost.mean(cell)?, accuracy, cell))
    };
    line.cells.iter().enumerate().filter_map(point).collect()
}

fn axes(svg: &mut Svg, (x, y): (&Scale, &Scale), (low, high): (f64, f64), cost: Cost) {
    svg.text("title", (0.0, 14.0), Anchor::Start, "test accuracy, %");
    for (value, text) in y.ticks(4) {
        let at = y.at(value);
        svg.line("grid", (LEFT, at), (WIDTH - 8.0, at));
        svg.text("tick", (LEFT - 7.0, at + 4.0), Anchor::End, &text);
    }
    svg.line("axis", (LEFT, BASE), (WIDTH - 8.0, BASE));
    let ticks: Vec<(f64, String)> = ticks(low, high)
        .into_iter()
        .map(|n| (x.at((n as f64).ln()), format::short_count(n)))
        .collect();
    let places: Vec<f64> = ticks.iter().map(|(at, _)| *at).collect();
    let widths: Vec<f64> = ticks.iter().map(|(_, t)| text_width(t, 12.0) + 10.0).collect();
    for ((at, text), shown) in ticks.iter().zip(thin(&places, &widths)) {
        svg.line("axis", (*at, BASE), (*at, BASE + if shown { 6.0 } else { 3.0 }));
        if shown {
            svg.text("tick", (*at, BASE + 19.0), Anchor::Middle, text);
        }
    }
    let middle = (LEFT + WIDTH) / 2.0;
    svg.text("tick", (middle, BASE + 38.0), Anchor::Middle, cost.title());
}

/// 1, 2 and 5 times powers of ten in the range; its ends where it has less than two of them.
fn ticks(low: f64, high: f64) -> Vec<u64> {
    let powers = (0..19).map(|power| 10u64.pow(power));
    let all = powers.flat_map(|power| [1, 2, 5].map(|n| power.saturating_mul(n)));
    let inside: Vec<u64> = all.filter(|n| (low..=high).contains(&(*n as f64))).collect();
    if inside.len() < 2 { vec![low.round() as u64, high.round() as u64] } else { inside }
}

fn draw(
    svg: &mut Svg,
    (x, y): (&Scale, &Scale),
    block: &Block<'_>,
    (line, points): (&Line<'_>, &[Point<'_>]),
    cost: Cost,
) {
    svg.open(&mark::class(line.recipe));
    let place = |(_, cost, accuracy, _): &Point<'_>| (x.at(cost.ln()), y.at(*accuracy));
    let path: Vec<(f64, f64)> = points.iter().map(place).collect();
    svg.polyline("mean thin", &path, None);
    for point in points {
        let (level, paid, _, cell) = point;
        let at = place(point);
        svg.path("mark", &mark::outline(line.recipe, at, 4.0));
        let accuracy = cell.accuracy.as_ref().map(format::mean_sd).unwrap_or_default();
        let hover = format!(
            "{}\n{}\n{} {}\n{accuracy} % (n = {})",
            line.name,
            level_text(block, *level),
            format::count(paid.round() as u64),
            cost.title(),
            cell.samples.len()
        );
        svg.circle("hit", at, 8.0, Some(&hover));
    }
    svg.close();
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    #[test]
    fn ticks_are_round_or_the_ends() {
        assert_eq!(ticks(900.0, 11_000.0), [1_000, 2_000, 5_000, 10_000]);
        assert_eq!(ticks(1_100.0, 1_900.0), [1_100, 1_900]);
        assert_eq!(ticks(1.1e19, 1.2e19).len(), 2);
    }

    #[test]
    fn the_same_sizes_are_no_picture_and_unknown_ones_are_left_out() {
        let mut run = sample::tiny();
        let cost_of = |run: &_, cost_kind| {
            let summary = Summary::of(run);
            cost(&summary, &summary.blocks[0], cost_kind)
        };
        // Vanilla at level 0 has 1100 weights, the other recipe at level 1 has 950.
        let picture = cost_of(&run, Cost::Trained).unwrap();
        assert!(picture.contains("950 weights during training"), "{picture}");
        run.rows.retain(|row| row.level == 0);
        assert!(cost_of(&run, Cost::Exported).is_none(), "all 1100");
        for row in &mut run.rows {
            row.results.iter_mut().for_each(|results| results.training_flops = None);
        }
        assert!(cost_of(&run, Cost::Training).is_none());
    }
}
