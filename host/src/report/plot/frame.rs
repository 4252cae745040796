//! What the two plots over sparsity share: the axis of levels, the vertical axis, and the names at
//! the end of the lines.

use super::super::format;
use super::super::summary::{Block, Level};
use super::Size;
use super::labels::{spread, thin};
use super::mark;
use super::scale::Scale;
use super::svg::{Anchor, Svg, bold_width, fitted, px, text_width};

/// Text size in the plots, in pixels; the style sheet says the same.
pub const TEXT: f64 = 12.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 46.0;
const LEFT: f64 = 48.0;
/// Least distance of two names at the line ends.
const GAP: f64 = 15.0;

/// The coordinates of one plot.
pub struct Frame {
    width: f64,
    height: f64,
    /// Where the plot area ends at the right; beyond stand the names.
    right: f64,
    /// Per level of the block; `None` where no job of it is finished.
    xs: Vec<Option<f64>>,
    pub y: Scale,
}

/// A name beside the end of its line.
pub struct EndLabel<'a> {
    /// `None`: a line that is no recipe.
    pub recipe: Option<usize>,
    pub text: &'a str,
    pub from: (f64, f64),
}

impl Frame {
    /// A plot whose vertical axis shows `range`, with room for the given names at the right.
    pub fn new(
        size: Size,
        height: f64,
        block: &Block<'_>,
        range: (f64, f64),
        names: &[&str],
    ) -> Self {
        let longest = names.iter().map(|n| bold_width(n, TEXT)).fold(0.0, f64::max);
        let room = longest.min(size.pick(190.0, 120.0)) + 22.0;
        let right = size.width() - room;
        let y = Scale { low: range.0, high: range.1, start: height - BOTTOM, end: TOP };
        Self { width: size.width(), height, right, xs: places(&block.levels, right), y }
    }

    /// Where a level lies, if its sparsity is known.
    pub fn x(&self, level: usize) -> Option<f64> {
        self.xs.get(level).copied().flatten()
    }

    /// The least distance of two levels, at most 60: how much room marks at one level have.
    pub fn step(&self) -> f64 {
        let xs: Vec<f64> = self.xs.iter().flatten().copied().collect();
        xs.windows(2).map(|w| w[1] - w[0]).filter(|d| *d > 0.5).fold(60.0, f64::min)
    }

    /// The empty plot with its axes. `title` says what the vertical axis measures.
    pub fn start(&self, class: &str, label: &str, title: &str, block: &Block<'_>) -> Svg {
        let mut svg = Svg::new(self.width, self.height, class, label);
        svg.text("title", (0.0, 14.0), Anchor::Start, title);
        for (value, text) in self.y.ticks(6) {
            let y = self.y.at(value);
            svg.line("grid", (LEFT, y), (self.right, y));
            svg.text("tick", (LEFT - 8.0, y + 4.0), Anchor::End, &text);
        }
        self.levels(&mut svg, block);
        svg
    }

    fn levels(&self, svg: &mut Svg, block: &Block<'_>) {
        let base = self.height - BOTTOM;
        svg.line("axis", (LEFT, base), (self.right, base));
        let ticks: Vec<(f64, String)> = block
            .levels
            .iter()
            .zip(&self.xs)
            .filter_map(|(level, x)| Some(((*x)?, format::sparsity(level.kept?))))
            .collect();
        let places: Vec<f64> = ticks.iter().map(|(x, _)| *x).collect();
        let widths: Vec<f64> = ticks.iter().map(|(_, t)| text_width(t, TEXT) + 6.0).collect();
        for ((x, text), shown) in ticks.iter().zip(thin(&places, &widths)) {
            svg.line("axis", (*x, base), (*x, base + if shown { 6.0 } else { 3.0 }));
            if shown {
                svg.text("tick", (*x, base + 19.0), Anchor::Middle, text);
            }
        }
        let room = self.right - LEFT;
        let titles = [
            "sparsity: % of prunable weights removed, spaced by the log of those kept",
            "sparsity, % (spaced by the log of weights kept)",
            "sparsity, %",
        ];
        let title = titles.into_iter().find(|t| text_width(t, TEXT) <= room).unwrap_or("%");
        svg.text("tick", (LEFT + room / 2.0, base + 38.0), Anchor::Middle, title);
    }

    /// Only what lies in the plot area is seen until [`Svg::unclip`]. Marks at the edge reach into
    /// a small margin.
    pub fn clip(&self, svg: &mut Svg) {
        let margin = 8.0;
        let height = self.y.start - self.y.end;
        svg.clip(LEFT, self.y.end - margin, self.right - LEFT + margin, height + margin);
    }

    /// A line across the plot at a value.
    pub fn across(&self, svg: &mut Svg, class: &str, value: f64) {
        let y = self.y.at(value);
        svg.line(class, (LEFT, y), (self.right, y));
    }

    /// Arrow heads where an upright bar leaves the plot area at its top or bottom.
    pub fn arrows(&self, svg: &mut Svg, x: f64, (top, bottom): (f64, f64)) {
        let mut head = |tip: f64, back: f64| {
            let [x, left, right] = [x, x - 4.0, x + 4.0].map(px);
            let (tip, back) = (px(tip), px(back));
            svg.path("arrow", &format!("M{x} {tip}L{left} {back}L{right} {back}Z"));
        };
        let margin = 7.0;
        if top < self.y.end {
            head(self.y.end - margin, self.y.end);
        }
        if bottom > self.y.start {
            head(self.y.start, self.y.start - margin);
        }
    }

    /// The right end of the plot area.
    pub fn right(&self) -> f64 {
        self.right
    }

    /// Names at the right, moved apart, each with a thin line to what it names. With more names
    /// than fit, none: the legend has them all.
    pub fn end_labels(&self, svg: &mut Svg, labels: &[EndLabel<'_>]) {
        let (low, high) = (self.y.end, self.y.start);
        if GAP * labels.len().saturating_sub(1) as f64 > high - low {
            return;
        }
        let wanted: Vec<f64> = labels.iter().map(|l| l.from.1).collect();
        let room = (self.width - self.right - 20.0) / bold_width("n", 1.0) * text_width("n", 1.0);
        for (label, y) in labels.iter().zip(spread(&wanted, GAP, low, high)) {
            let class = match label.recipe {
                Some(recipe) => mark::class(recipe),
                None => "plain".to_owned(),
            };
            svg.open(&class);
            let (x, end) = (self.right + 16.0, self.right + 13.0);
            let turn = (self.right + 4.0).max(label.from.0);
            svg.polyline(
                "leader",
                &[(label.from.0, label.from.1), (turn, label.from.1), (end, y)],
                None,
            );
            svg.text("name", (x, y + 4.0), Anchor::Start, &fitted(label.text, TEXT, room));
            svg.close();
        }
    }
}

/// Where the levels lie between the axes: proportional to the log of the kept share. A level that
/// keeps nothing lies one step right of the others.
fn places(levels: &[Level], right: f64) -> Vec<Option<f64>> {
    let logs: Vec<Option<f64>> =
        levels.iter().map(|l| l.kept.filter(|k| *k > 0.0).map(|k| -k.ln())).collect();
    let known = || logs.iter().flatten().copied();
    let low = known().reduce(f64::min).unwrap_or(0.0);
    let high = known().reduce(f64::max).unwrap_or(0.0);
    let empty = levels.iter().any(|l| l.kept == Some(0.0));
    let end = if empty { high + (high - low).max(1.0) * 0.15 } else { high };
    let scale = Scale { low, high: end, start: LEFT + 24.0, end: right - 14.0 };
    let place =
        |(level, log): (&Level, &Option<f64>)| level.kept.map(|_| scale.at(log.unwrap_or(end)));
    levels.iter().zip(&logs).map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(kept: Option<f64>) -> Level {
        Level { number: 0, kept }
    }

    #[test]
    fn equal_shares_kept_lie_equally_far_apart() {
        let levels: Vec<Level> = (0..4).map(|k| level(Some(0.8f64.powi(k)))).collect();
        let xs: Vec<f64> = places(&levels, 500.0).into_iter().flatten().collect();
        let steps: Vec<f64> = xs.windows(2).map(|w| w[1] - w[0]).collect();
        assert!(steps.iter().all(|s| (s - steps[0]).abs() < 1e-9 && *s > 0.0), "{xs:?}");
    }

    #[test]
    fn unknown_empty_and_single_levels_have_a_place_or_none() {
        let xs = places(&[level(Some(1.0)), level(None), level(Some(0.0))], 500.0);
        assert!(xs[1].is_none());
        assert!(xs[2].unwrap() > xs[0].unwrap());
        let one = places(&[level(Some(0.5))], 500.0)[0].unwrap();
        assert!(one > LEFT && one < 500.0);
    }
}
