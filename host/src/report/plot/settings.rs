//! The learning rate and the knobs over a training: a picture each, a line per recipe.

use super::super::run::{Point, Row};
use super::super::summary::{Block, Line, Summary};
use super::curves::{HEIGHT, LEFT, WIDTH, picture, thinned};
use super::scale::Scale;

/// One setting of one recipe: epoch and value.
type Curve = Vec<(f64, f64)>;

/// A recipe shows its first job with curves: no setting depends on the seed, and on the level only
/// where a plugin looks at the mask.
pub fn settings(rows: &[Row], summary: &Summary<'_>, block: &Block<'_>) -> Vec<String> {
    let shown: Vec<(&Line<'_>, &Row)> = block
        .lines
        .iter()
        .filter_map(|line| {
            let own = |row: &&Row| {
                let sets = |point: &Point| point.rate.is_some() || !point.knobs.is_empty();
                row.draw == block.draw
                    && summary.label(row) == Some(line.name)
                    && row.curve.iter().any(sets)
            };
            Some((line, rows.iter().find(own)?))
        })
        .collect();
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in shown.iter().flat_map(|(_, row)| &row.curve).flat_map(|point| &point.knobs) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let rate = |point: &Point| point.rate;
    let knob = |name: &str| {
        let name = name.to_owned();
        move |point: &Point| {
            point.knobs.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
        }
    };
    let rates = one("learning rate", &shown, summary, &rate);
    let knobs = names.into_iter().filter_map(|name| one(name, &shown, summary, &knob(name)));
    rates.into_iter().chain(knobs).collect()
}

fn one(
    title: &str,
    shown: &[(&Line<'_>, &Row)],
    summary: &Summary<'_>,
    of: &dyn Fn(&Point) -> Option<f64>,
) -> Option<String> {
    let curve = |row: &Row| -> Curve {
        let points = row.curve.iter().filter_map(|point| Some((point.epoch, of(point)?)));
        thinned(&points.filter(|(_, value)| value.is_finite()).collect::<Curve>())
    };
    let lines: Vec<(usize, Curve)> = shown
        .iter()
        .map(|(line, row)| (line.recipe, curve(row)))
        .filter(|(_, curve)| curve.len() > 1)
        .collect();
    let points = || lines.iter().flat_map(|(_, curve)| curve);
    let end = points().map(|(x, _)| *x).reduce(f64::max)?;
    let low = points().map(|(_, y)| *y).fold(0.0, f64::min);
    let high = points().map(|(_, y)| *y).fold(0.0, f64::max);
    let high = if high > low { high } else { low + 1.0 };
    let y = Scale { low, high: high + 0.05 * (high - low), start: HEIGHT - 30.0, end: 26.0 };
    let x = Scale { low: 0.0, high: end.max(1e-9), start: LEFT, end: WIDTH - 12.0 };
    Some(picture(title, &lines, (&x, &y), summary))
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    #[test]
    fn a_picture_for_the_rate_and_each_knob() {
        let shape =
            sample::Shape { recipes: &["a", "b", "c"], draws: &["imp"], seeds: 2, levels: 2 };
        let run = sample::large("settings", &shape);
        let summary = Summary::of(&run);
        let pictures = settings(&run.rows, &summary, &summary.blocks[0]);
        assert_eq!(pictures.len(), 2);
        assert_eq!(pictures[0].matches("class=\"course\"").count(), 3);
        // Only the third recipe has the knob.
        assert!(pictures[1].contains(">ghost-skip.alpha<"), "{}", pictures[1]);
        assert_eq!(pictures[1].matches("class=\"course\"").count(), 1);
        let tiny = sample::tiny();
        let summary = Summary::of(&tiny);
        assert!(settings(&tiny.rows, &summary, &summary.blocks[0]).is_empty());
    }
}
