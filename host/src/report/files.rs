//! The files beside a `job.json` that a report shows: `metrics.jsonl`, `layers.csv` and, where a
//! recipe has tensors of its own, `learned.csv`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::csv::parse;
use super::run::{Layer, Learned, Point, Split, Time};

#[derive(Deserialize)]
struct Line {
    epoch: f64,
    split: Split,
    loss: Option<f64>,
    accuracy: Option<f64>,
    lr: Option<f64>,
    #[serde(default)]
    knobs: BTreeMap<String, Option<f64>>,
}

impl From<Line> for Point {
    fn from(line: Line) -> Self {
        let Line { epoch, split, loss, accuracy, lr, knobs } = line;
        // A knob may be at infinity, for which JSON has null.
        let knobs = knobs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        Self { epoch, split, loss, accuracy, rate: lr, knobs }
    }
}

/// The rows of a `metrics.jsonl`. Lines of another shape are left out: a curve is an illustration,
/// and every number that counts stands in `job.json`.
pub fn curve(text: &str) -> Vec<Point> {
    text.lines()
        .filter_map(|line| serde_json::from_str::<Line>(line).ok())
        .map(Point::from)
        .collect()
}

/// What each job of a `timing.jsonl` took, by its folder inside the run; the last line of a job
/// counts. Torn lines are left out.
pub fn times(text: &str) -> BTreeMap<String, Time> {
    #[derive(Deserialize)]
    struct Line {
        job: String,
        seconds: f64,
        #[serde(default)]
        resumed: bool,
    }
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    lines.map(|l| (l.job, Time { seconds: l.seconds, resumed: l.resumed })).collect()
}

/// The rows of a `layers.csv`: layer, weights, kept, dead output channels, dead input channels.
/// Rows whose counts are not numbers, such as the header, are left out.
pub fn layers(text: &str) -> Vec<Layer> {
    let layer = |row: Vec<String>| {
        let count = |i: usize| row.get(i)?.trim().parse::<u64>().ok();
        Some(Layer {
            weights: count(1)?,
            kept: count(2)?,
            dead_outputs: count(3).unwrap_or(0),
            dead_inputs: count(4).unwrap_or(0),
            name: row.into_iter().next()?,
        })
    };
    parse(text).into_iter().filter_map(layer).collect()
}

/// The rows of a `learned.csv`: tensor, elements, mean, min, max. Rows whose numbers are none, such
/// as the header, are left out.
pub fn learned(text: &str) -> Vec<Learned> {
    let learned = |row: Vec<String>| {
        let number = |i: usize| row.get(i)?.trim().parse::<f64>().ok();
        Some(Learned {
            elements: row.get(1)?.trim().parse().ok()?,
            mean: number(2)?,
            min: number(3)?,
            max: number(4)?,
            name: row.into_iter().next()?,
        })
    };
    parse(text).into_iter().filter_map(learned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learned_values_with_header() {
        let text = "tensor,elements,mean,min,max\nprelu.relu1.slope,4,0.25,-0.5,1\nbad,row\n";
        let name = "prelu.relu1.slope".to_owned();
        let expected = Learned { name, elements: 4, mean: 0.25, min: -0.5, max: 1.0 };
        assert_eq!(learned(text), [expected]);
    }

    #[test]
    fn metrics_with_a_strange_line() {
        let text = "{\"step\":10,\"epoch\":1,\"split\":\"train\",\"loss\":2.5,\"accuracy\":0.25,\
                    \"lr\":0.1,\"knobs\":{\"b.beta\":0.5,\"c\":null}}\nnot json\n\
                    {\"step\":10,\"epoch\":1.5,\"split\":\"validation\",\"loss\":null}\n";
        let points = curve(text);
        assert_eq!(points.len(), 2);
        assert_eq!((points[0].epoch, points[0].accuracy), (1.0, Some(0.25)));
        assert_eq!(points[0].rate, Some(0.1));
        assert_eq!(points[0].knobs, [("b.beta".to_owned(), 0.5)]);
        assert_eq!((points[1].epoch, points[1].loss), (1.5, None));
    }

    #[test]
    fn the_last_time_of_a_job_counts() {
        let line = |seconds: f64, more: &str| {
            format!("{{\"job\":\"draw/imp/seed-1/level-00\",\"seconds\":{seconds}{more}}}\n")
        };
        let text = line(1.5, "") + &line(2.5, ",\"resumed\":true,\"host\":\"a\"") + "{\"job";
        let expected = Time { seconds: 2.5, resumed: true };
        assert_eq!(times(&text), [("draw/imp/seed-1/level-00".to_owned(), expected)].into());
    }

    #[test]
    fn layers_with_header_and_quotes() {
        let text = "layer,weights,kept,dead output channels,dead input channels\n\
                    conv1.weight,432,400,1,0\n\"a,b\",10,0,2,3\n";
        assert_eq!(
            layers(text),
            [
                Layer {
                    name: "conv1.weight".into(),
                    weights: 432,
                    kept: 400,
                    dead_outputs: 1,
                    dead_inputs: 0
                },
                Layer { name: "a,b".into(), weights: 10, kept: 0, dead_outputs: 2, dead_inputs: 3 },
            ]
        );
    }
}
