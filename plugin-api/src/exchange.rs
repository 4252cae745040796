//! Drop and grow: what SET, RigL and their like have in common.

use std::f64::consts::PI;

use crate::ctx::Progress;
use crate::error::Error;
use crate::model::Model;
use crate::points::{Interval, TrainingPoint};
use crate::tensor::{Dtype, NamedTensors, Tensor};

/// A schedule by which every layer drops its smallest weights and grows as many others, so that its
/// number of weights stays the same: the body of an `update` item.
#[derive(Debug, Clone, Copy)]
pub struct Exchange {
    /// The share of a layer's kept weights that the first updates drop; it falls with half a cosine
    /// to 0 at `stop`.
    pub fraction: f64,
    /// How often the masks move.
    pub every: Interval,
    /// When the masks come to rest.
    pub stop: TrainingPoint,
}

impl Exchange {
    /// Whether the masks move in the step after that point: after every `every` steps, but not
    /// before the first one and not from `stop` on.
    pub fn due(&self, at: Progress) -> bool {
        let moment = at.step > 0 && at.step.is_multiple_of(self.every.steps(at));
        moment && at.step < self.stop.step(at)
    }

    /// The share of a layer's kept weights that an update at that point drops:
    /// fraction · (1 + cos(π·t/stop)) / 2.
    pub fn fraction_at(&self, at: Progress) -> f64 {
        let stop = self.stop.step(at).max(1);
        let done = (at.step as f64 / stop as f64).min(1.0);
        self.fraction * (1.0 + (PI * done).cos()) / 2.0
    }

    /// The masks after an update at that point. Of a layer's k kept weights the n = ⌊share · k⌋
    /// smallest |θ| are dropped; of all that are then not active, the just dropped ones included,
    /// those n grow that have the highest score. `growth` gives a layer's scores (at least 0, in its
    /// weight's shape) by its name. Of equal ones the first, in row-major order, stays or grows.
    ///
    /// # Errors
    ///
    /// The host's, or those of `growth`.
    pub fn masks(
        &self,
        model: &Model<'_>,
        at: Progress,
        growth: impl Fn(&str, &Tensor) -> Result<Tensor, Error>,
    ) -> Result<NamedTensors, Error> {
        let fraction = self.fraction_at(at);
        let (weights, masks) = (model.parameters()?, model.masks()?);
        let infos = model.infos()?.into_iter().filter(|info| info.prunable);
        let moved = |name: String| {
            let (weight, mask) = (weights.expect(&name), masks.expect(&name));
            let mask = exchange(weight, mask, &growth(&name, weight)?, fraction);
            Ok((name, mask))
        };
        infos.map(|info| moved(info.name)).collect()
    }
}

fn exchange(weight: &Tensor, mask: &Tensor, growth: &Tensor, fraction: f64) -> Tensor {
    let kept = mask.to_dtype(Dtype::I64).sum().item();
    let dropped = (fraction * kept).floor();
    // −1 is below every |θ| and every score: such places come last.
    let left = weight.abs().masked_fill(&mask.logical_not(), -1.0).largest((kept - dropped) as i64);
    let grown = growth.masked_fill(&left, -1.0).largest(dropped as i64);
    left.op("aten::logical_or", &[(&grown).into()])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::params::ParamValue;

    fn at(step: u64) -> Progress {
        Progress { step, steps_per_epoch: 10, total_steps: 100 }
    }

    fn exchange(every: &str, stop: Value) -> Exchange {
        Exchange {
            fraction: 0.3,
            every: Interval::read(&json!(every)).unwrap(),
            stop: TrainingPoint::read(&stop).unwrap(),
        }
    }

    #[test]
    fn moves_at_the_interval_until_it_stops() {
        let due = |every, stop| -> Vec<u64> {
            let exchange = exchange(every, stop);
            (0..100).filter(|&step| exchange.due(at(step))).collect()
        };
        assert_eq!(due("20it", json!(0.75)), [20, 40, 60]);
        assert_eq!(due("2ep", json!("6ep")), [20, 40]);
        assert_eq!(due("20it", json!(0.0)), [0; 0]);
    }

    #[test]
    fn the_share_falls_with_half_a_cosine() {
        let exchange = exchange("10it", json!("60it"));
        // cos 0, 60°, 90°, 120°, 180°.
        for (step, half) in [(0, 1.0), (20, 0.75), (30, 0.5), (40, 0.25), (60, 0.0), (99, 0.0)] {
            assert!((exchange.fraction_at(at(step)) - 0.3 * half).abs() < 1e-15, "{step}");
        }
    }
}
