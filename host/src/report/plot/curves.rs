//! The course of training: one small picture per level, one line per recipe (mean over seeds), all
//! on the same axes so that levels can be compared.

use super::super::format;
use super::super::run::{Point, Row, Split};
use super::super::summary::{Block, Summary};
use super::mark;
use super::scale::{Scale, range};
use super::svg::{Anchor, Svg, fitted};

/// What the lines show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// On the validation split; without one on the test split; else on the training data.
    Accuracy,
    /// On the training data.
    TrainingLoss,
}

pub const WIDTH: f64 = 250.0;
pub const HEIGHT: f64 = 170.0;
pub const LEFT: f64 = 40.0;
/// More points than this are not seen in a picture of this width.
const MOST_POINTS: usize = 130;

/// The vertical axis shows what comes after this share of the training.
const BEGINNING: f64 = 0.1;

type Curve = Vec<(f64, f64)>;

/// One picture per level that has curves, and the split they show. Empty where none is stored.
pub fn curves(
    rows: &[Row],
    summary: &Summary<'_>,
    block: &Block<'_>,
    metric: Metric,
) -> Option<(Split, Vec<String>)> {
    let split = split(rows, metric)?;
    let mut levels: Vec<(String, Vec<(usize, Curve)>)> = Vec::new();
    for (i, level) in block.levels.iter().enumerate() {
        let mine = |recipe: usize| {
            let same = move |row: &&Row| {
                let shown = summary.label(row) == Some(summary.recipes[recipe]);
                shown && row.draw == block.draw && row.level == level.number
            };
            mean_curve(rows.iter().filter(same), split, metric)
        };
        let lines: Vec<(usize, Curve)> = block
            .lines
            .iter()
            .map(|line| (line.recipe, mine(line.recipe)))
            .filter(|(_, curve)| !curve.is_empty())
            .collect();
        let title = match block.levels[i].kept {
            Some(kept) => format!("sparsity {} %", format::sparsity(kept)),
            None => format!("level {}", level.number),
        };
        if !lines.is_empty() {
            levels.push((title, lines));
        }
    }
    let points = || levels.iter().flat_map(|(_, lines)| lines).flat_map(|(_, curve)| curve);
    let end = points().map(|(x, _)| *x).fold(0.0, f64::max);
    // The steep beginning would press the rest, where recipes differ, into a line.
    let later = points().filter(|(x, _)| *x >= BEGINNING * end);
    let ys: Vec<f64> = later.map(|(_, y)| *y).collect();
    let (low, high) = range(&ys, &[], 0.1)?;
    let high = if metric == Metric::Accuracy { high.min(100.0) } else { high };
    let y = Scale { low: low.max(0.0), high, start: HEIGHT - 30.0, end: 26.0 };
    let x = Scale { low: 0.0, high: end.max(1e-9), start: LEFT, end: WIDTH - 12.0 };
    let pictures = levels
        .iter()
        .map(|(title, lines)| picture(title, lines, (&x, &y), summary))
        .collect::<Vec<_>>();
    (!pictures.is_empty()).then_some((split, pictures))
}

pub fn picture(
    title: &str,
    lines: &[(usize, Curve)],
    (x, y): (&Scale, &Scale),
    summary: &Summary<'_>,
) -> String {
    let mut svg = Svg::new(WIDTH, HEIGHT, "small", title);
    svg.text("title", (LEFT, 14.0), Anchor::Start, &fitted(title, 12.0, WIDTH - LEFT));
    for (value, text) in y.ticks(4) {
        let at = y.at(value);
        svg.line("grid", (x.start, at), (x.end, at));
        svg.text("tick", (x.start - 6.0, at + 4.0), Anchor::End, &text);
    }
    svg.line("axis", (x.start, y.start), (x.end, y.start));
    for (value, text) in x.ticks(4) {
        let at = x.at(value);
        svg.line("axis", (at, y.start), (at, y.start + 4.0));
        svg.text("tick", (at, y.start + 17.0), Anchor::Middle, &text);
    }
    svg.clip(x.start, y.end, x.end - x.start, y.start - y.end);
    for (recipe, curve) in lines {
        svg.open(&mark::class(*recipe));
        let places: Vec<(f64, f64)> = curve.iter().map(|(a, b)| (x.at(*a), y.at(*b))).collect();
        svg.polyline("course", &places, Some(summary.recipes[*recipe]));
        svg.close();
    }
    svg.unclip();
    svg.finish()
}

/// The split that a metric is shown on: the same for all rows.
fn split(rows: &[Row], metric: Metric) -> Option<Split> {
    let splits: &[Split] = match metric {
        Metric::Accuracy => &[Split::Validation, Split::Test, Split::Train],
        Metric::TrainingLoss => &[Split::Train],
    };
    let has = |split: &Split| {
        rows.iter().flat_map(|r| &r.curve).any(|p| p.split == *split && value(p, metric).is_some())
    };
    splits.iter().copied().find(has)
}

/// In per cent or nats.
fn value(point: &Point, metric: Metric) -> Option<f64> {
    match metric {
        Metric::Accuracy => point.accuracy.map(|a| 100.0 * a),
        Metric::TrainingLoss => point.loss,
    }
    .filter(|v| v.is_finite())
}

/// The mean over rows, at the epochs that the most rows have, thinned to what can be seen.
fn mean_curve<'a>(rows: impl Iterator<Item = &'a Row>, split: Split, metric: Metric) -> Curve {
    let mut sums: Vec<(f64, f64, usize)> = Vec::new();
    for row in rows {
        for point in row.curve.iter().filter(|p| p.split == split) {
            let Some(value) = value(point, metric) else { continue };
            match sums.binary_search_by(|(epoch, ..)| epoch.total_cmp(&point.epoch)) {
                Ok(i) => {
                    sums[i].1 += value;
                    sums[i].2 += 1;
                }
                Err(i) => sums.insert(i, (point.epoch, value, 1)),
            }
        }
    }
    let most = sums.iter().map(|(.., n)| *n).max().unwrap_or(0);
    let whole: Curve = sums
        .into_iter()
        .filter(|(.., n)| *n == most)
        .map(|(epoch, sum, n)| (epoch, sum / n as f64))
        .collect();
    thinned(&whole)
}

/// As many points as can be seen, the last one among them.
pub fn thinned(curve: &[(f64, f64)]) -> Curve {
    let stride = curve.len().div_ceil(MOST_POINTS).max(1);
    let last = curve.len().saturating_sub(1);
    let kept = curve.iter().enumerate().filter(|(i, _)| i % stride == 0 || *i == last);
    kept.map(|(_, point)| *point).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    fn row(points: &[(f64, Split, f64)]) -> Row {
        let mut row = sample::row(Some("a"), 1, 0, 0.5);
        row.curve = points
            .iter()
            .map(|(epoch, split, x)| Point {
                epoch: *epoch,
                split: *split,
                loss: Some(*x),
                accuracy: Some(*x),
                rate: None,
                knobs: vec![],
            })
            .collect();
        row
    }

    #[test]
    fn curves_are_means_where_all_seeds_are() {
        let rows = [
            row(&[(1.0, Split::Train, 2.0), (2.0, Split::Train, 1.0), (1.0, Split::Test, 9.0)]),
            row(&[(1.0, Split::Train, 4.0)]),
        ];
        assert_eq!(mean_curve(rows.iter(), Split::Train, Metric::TrainingLoss), [(1.0, 3.0)]);
        assert_eq!(mean_curve(rows.iter(), Split::Validation, Metric::Accuracy), []);
    }

    #[test]
    fn long_curves_are_thinned_and_keep_both_ends() {
        let points: Vec<_> = (0..1000).map(|i| (f64::from(i), Split::Train, 1.0)).collect();
        let curve = mean_curve([row(&points)].iter(), Split::Train, Metric::TrainingLoss);
        assert!(curve.len() <= MOST_POINTS + 1);
        assert_eq!((curve[0].0, curve[curve.len() - 1].0), (0.0, 999.0));
    }

    #[test]
    fn validation_is_preferred_and_never_mixed() {
        let both = [
            row(&[(1.0, Split::Test, 0.1), (1.0, Split::Validation, 0.2)]),
            row(&[(1.0, Split::Test, 0.1)]),
        ];
        assert_eq!(split(&both, Metric::Accuracy).unwrap(), Split::Validation);
        assert_eq!(split(&both[1..], Metric::Accuracy).unwrap(), Split::Test);
        assert_eq!(split(&both, Metric::TrainingLoss), None);
    }
}
