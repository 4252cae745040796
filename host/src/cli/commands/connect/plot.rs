//! The path as a picture of its own: the test error over the line, twice.

use crate::engine::connect::OnPath;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
/// The plot's edges.
const LEFT: f64 = 56.0;
const RIGHT: f64 = 620.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 312.0;
/// Distances of the lines behind, in points.
const STEPS: [f64; 7] = [0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0];

type Line<'a> = (&'a str, &'a str, Vec<(f64, f64)>);

/// The picture; both lines are named in it.
pub fn svg(path: &[OnPath], title: &str) -> String {
    let error = |accuracy: f64| 100.0 * (1.0 - accuracy);
    let lines: [Line<'_>; 2] = [
        (
            "#b45309",
            "statistics on the line, too",
            path.iter().map(|point| (point.alpha, error(point.raw.accuracy))).collect(),
        ),
        (
            "#1d4ed8",
            "statistics of its own",
            path.iter().map(|point| (point.alpha, error(point.estimated.accuracy))).collect(),
        ),
    ];
    let all = || lines.iter().flat_map(|(_, _, points)| points).map(|(_, error)| *error);
    let (low, high) = (all().fold(100.0, f64::min), all().fold(0.0, f64::max));
    let step = STEPS.into_iter().find(|step| (high - low) / step <= 6.0).unwrap_or(25.0);
    let (low, high) = ((low / step).floor() * step, ((high / step).ceil() * step).max(low + step));
    let x = |alpha: f64| LEFT + alpha * (RIGHT - LEFT);
    let y = |error: f64| BOTTOM - (error - low) / (high - low).max(step) * (BOTTOM - TOP);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" \
         fill=\"white\"/>\n<text x=\"{LEFT}\" y=\"20\" font-weight=\"bold\">{}</text>\n",
        escaped(title)
    );
    let count = ((high - low) / step).round() as usize;
    for tick in 0..=count {
        let value = low + step * tick as f64;
        let at = y(value);
        text += &format!(
            "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{RIGHT}\" y2=\"{at:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
            LEFT - 6.0,
            at + 4.0,
            short(value)
        );
    }
    for alpha in [0.0, 0.25, 0.5, 0.75, 1.0] {
        text += &format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{alpha}</text>\n",
            x(alpha),
            BOTTOM + 18.0
        );
    }
    for (number, (color, name, points)) in lines.iter().enumerate() {
        let places: Vec<_> = points
            .iter()
            .map(|(alpha, error)| format!("{:.1},{:.1}", x(*alpha), y(*error)))
            .collect();
        text += &format!(
            "<polyline fill=\"none\" stroke=\"{color}\" stroke-width=\"2\" points=\"{}\"/>\n\
             <text x=\"{:.1}\" y=\"38\" fill=\"{color}\">{name}</text>\n",
            places.join(" "),
            LEFT + 200.0 * number as f64
        );
    }
    text += &format!(
        "<text x=\"{LEFT}\" y=\"{:.1}\">test error in % over the line from the first network (0) to \
         the second (1)</text>\n</svg>\n",
        HEIGHT - 12.0
    );
    text
}

/// Without digits that say nothing.
fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
