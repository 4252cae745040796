//! The straight line between two trained networks: how much worse is what lies on it? (Linear mode
//! connectivity, Frankle et al. 2020, arXiv 1912.05671.)

use std::collections::BTreeMap;
use std::path::Path;

use jackpot_plugin_api::graph::{GraphView, Node};
use jackpot_plugin_api::model::Mode;
use tch::{Kind, Tensor};

use super::error::OpenError;
use super::evaluate::{Evaluator, Part, Trained, Weights, split};
use crate::config::{ModelConfig, TrainConfig};
use crate::model::Network;
use crate::model::state::{self, Extra, State};
use crate::train::TrainError;
use crate::train::evaluate::{BATCH, Evaluation, evaluate};
use crate::train::step::forward;

/// A network on the line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OnPath {
    /// 0 is the first network, 1 the second.
    pub alpha: f64,
    /// With the running statistics on the line between the two, too.
    pub raw: Evaluation,
    /// With the statistics of its own: of training images, not augmented.
    pub estimated: Evaluation,
}

/// Batches of [`BATCH`] training images of which the statistics are taken: up to 5,000 images.
const BATCHES: usize = 20;

/// How far the error of a network on the line is above the straight line between the errors of its
/// ends, at the worst; 0 if nowhere.
pub fn barrier(path: &[OnPath], of: impl Fn(&OnPath) -> Evaluation) -> f64 {
    let error = |point: &OnPath| 1.0 - of(point).accuracy;
    let (Some(first), Some(last)) = (path.first(), path.last()) else { return 0.0 };
    let line = |alpha: f64| (1.0 - alpha) * error(first) + alpha * error(last);
    path.iter().map(|point| error(point) - line(point.alpha)).fold(0.0, f64::max)
}

impl Evaluator {
    /// Evaluates `points` networks on the line between two, the ends among them, on the test
    /// images. Both are of one network under one recipe.
    ///
    /// # Errors
    ///
    /// Weights that do not fit the network, or each other; no images.
    pub fn connect(
        &mut self,
        one: &Weights<'_>,
        other: &Path,
        points: usize,
    ) -> Result<Vec<OnPath>, OpenError> {
        self.with(one, |trained, model, train| path(trained, model, train, one, other, points))
    }
}

fn path(
    trained: &Trained<'_>,
    model: &ModelConfig,
    train: &TrainConfig,
    one: &Weights<'_>,
    other: &Path,
    points: usize,
) -> Result<Vec<OnPath>, TrainError> {
    let mut network = trained.network(model, train, one)?;
    let first = copied(&network.stored_state())?;
    // That it fits is found by loading it.
    network.load(&state::read(other)?, other, Extra::Refused)?;
    let last = copied(&network.stored_state())?;
    let last_point = points.saturating_sub(1).max(1);
    let mut found = Vec::with_capacity(points);
    for point in 0..=last_point {
        let alpha = point as f64 / last_point as f64;
        network.load(&between(&first, &last, alpha)?, other, Extra::Refused)?;
        let raw = evaluated(trained, &network)?;
        estimate(trained, &network)?;
        let estimated = evaluated(trained, &network)?;
        found.push(OnPath { alpha, raw, estimated });
    }
    Ok(found)
}

fn copied(state: &State) -> Result<State, tch::TchError> {
    let copy = |(name, tensor): (&String, &Tensor)| Ok((name.clone(), tensor.f_detach_copy()?));
    state.iter().map(copy).collect()
}

/// The network on the line; at its ends the ends, to the bit.
fn between(first: &State, last: &State, alpha: f64) -> Result<State, TrainError> {
    let mix = |(name, a): (&String, &Tensor)| {
        let b = last.get(name).unwrap_or(a);
        let mixed = match alpha {
            0.0 => a.shallow_clone(),
            1.0 => b.shallow_clone(),
            _ if !a.is_floating_point() => a.shallow_clone(),
            _ => a.f_lerp(b, alpha)?,
        };
        Ok((name.clone(), mixed))
    };
    first.iter().map(mix).collect()
}

fn evaluated(trained: &Trained<'_>, network: &Network) -> Result<Evaluation, TrainError> {
    let (feed, precision) = (trained.feed, trained.session.precision);
    let test = split(feed, Part::Test);
    let mut go_on = |_: &Tensor| std::ops::ControlFlow::Continue(());
    evaluate(network, test, &feed.normaliser, precision, &mut go_on)
}

/// Puts the mean over batches of their means and variances in the place of running statistics, as
/// PyTorch's batch normalisation does with `momentum=None`.
fn estimate(trained: &Trained<'_>, network: &Network) -> Result<(), TrainError> {
    let statistics = statistics(network.view());
    if statistics.is_empty() {
        return Ok(());
    }
    let (feed, precision) = (trained.feed, trained.session.precision);
    let buffers: BTreeMap<&str, &Tensor> =
        network.buffers().iter().map(|buffer| (buffer.name.as_str(), &buffer.tensor)).collect();
    let own: Vec<(&Tensor, f64)> = statistics
        .iter()
        .filter_map(|(name, momentum)| Some((*buffers.get(name.as_str())?, *momentum)))
        .collect();
    tch::no_grad(|| {
        let mut sums = Vec::new();
        for (tensor, _) in &own {
            sums.push(tensor.f_zeros_like()?.f_to_kind(Kind::Double)?);
        }
        let mut batches = 0;
        for batch in feed.train.evaluation_batches(BATCH).take(BATCHES) {
            let inputs = feed.normaliser.apply(&batch?.images)?;
            for (tensor, _) in &own {
                // From 0, a step leaves the batch's own statistic times the momentum.
                let _ = tensor.shallow_clone().f_zero_()?;
            }
            forward(network, precision, &inputs, Mode::Train)?;
            for (sum, (tensor, momentum)) in sums.iter_mut().zip(&own) {
                let batch = tensor.f_to_kind(Kind::Double)?.f_div_scalar(*momentum)?;
                *sum = sum.f_add(&batch)?;
            }
            batches += 1;
        }
        for (sum, (tensor, _)) in sums.iter().zip(&own) {
            tensor.shallow_clone().f_copy_(&sum.f_div_scalar(f64::from(batches.max(1)))?)?;
        }
        Ok(())
    })
}

/// The running statistics of a graph, each with its momentum.
fn statistics(view: &GraphView) -> Vec<(String, f64)> {
    let of_node = |node: &Node| -> Vec<(String, f64)> {
        let momentum = node.attrs.get("momentum").and_then(serde_json::Value::as_f64);
        let Some(momentum) = momentum.filter(|momentum| *momentum > 0.0) else { return Vec::new() };
        let names =
            ["running_mean", "running_var"].iter().filter_map(|name| node.params.get(*name));
        names.map(|name| (name.clone(), momentum)).collect()
    };
    view.graph.nodes.iter().flat_map(of_node).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::graph::check::tests::small;
    use crate::model::graph::shapes::infer;

    fn point(alpha: f64, accuracy: f64) -> OnPath {
        let evaluation = Evaluation { accuracy, loss: 1.0, calibration_error: 0.0 };
        OnPath { alpha, raw: evaluation, estimated: evaluation }
    }

    #[test]
    fn the_barrier_is_measured_from_the_line_between_the_ends() {
        let raw = |point: &OnPath| point.raw;
        // Errors 0.1, 0.5, 0.3; the line has 0.2 in the middle.
        let path = [point(0.0, 0.9), point(0.5, 0.5), point(1.0, 0.7)];
        assert!((barrier(&path, raw) - 0.3).abs() < 1e-12);
        // Nowhere above the line.
        let path = [point(0.0, 0.9), point(0.5, 0.95), point(1.0, 0.7)];
        assert_eq!(barrier(&path, raw), 0.0);
        assert_eq!(barrier(&[], raw), 0.0);
    }

    #[test]
    fn the_line_is_between_the_two_and_ends_in_them() {
        let state = |values: [f32; 2], count: i64| {
            State::from([
                ("w".to_owned(), Tensor::from_slice(&values)),
                ("count".to_owned(), Tensor::from(count)),
            ])
        };
        let (first, last) = (state([1.0, 0.1], 3), state([3.0, 0.3], 5));
        let at = |alpha: f64| Vec::<f32>::try_from(&between(&first, &last, alpha).unwrap()["w"]);
        assert_eq!(at(0.0).unwrap(), [1.0, 0.1]);
        assert_eq!(at(1.0).unwrap(), [3.0, 0.3]);
        assert_eq!(at(0.25).unwrap()[0], 1.5);
        assert_eq!(between(&first, &last, 0.5).unwrap()["count"].int64_value(&[]), 3);
    }

    #[test]
    fn statistics_have_their_momentum() {
        let found = statistics(&infer(&small()).unwrap());
        let expected = [("bn1.running_mean", 0.1), ("bn1.running_var", 0.1)];
        assert_eq!(found, expected.map(|(name, momentum)| (name.to_owned(), momentum)));
    }
}
