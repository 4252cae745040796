//! The search for the scales.

use jackpot_plugin_api::prelude::*;

use crate::algorithm::Algorithm;
use crate::network::{Rescaled, joined};
use crate::scale::{Goal, Scale};

/// What it is told: the parameters of the item.
pub struct Settings {
    pub algorithm: Algorithm,
    pub eta: f64,
    pub gamma: f64,
    pub lr: f64,
    pub floor: f64,
    pub clip: f64,
    pub batch_size: i64,
}

/// The scales on their way.
pub struct Search<'a> {
    network: &'a Rescaled<'a>,
    settings: Settings,
    scales: Vec<Scale>,
    /// The number of the next batch.
    next: i64,
    /// The gradient's norm at each iteration.
    norms: Vec<f64>,
}

impl<'a> Search<'a> {
    pub fn new(network: &'a Rescaled<'a>, settings: Settings) -> Self {
        let floor = |bias: bool| if bias { 0.0 } else { settings.floor };
        let scales = network.biases().map(|bias| Scale::new(floor(bias))).collect();
        Self { network, settings, scales, next: 0, norms: Vec::new() }
    }

    /// The scales, in the order of the network's tensors.
    pub fn values(&self) -> Vec<f64> {
        self.scales.iter().map(Scale::value).collect()
    }

    /// One step of all scales.
    ///
    /// # Errors
    ///
    /// Values that are not finite, and what the network says.
    pub fn iterate(&mut self) -> Result<(), Error> {
        let Settings { algorithm, eta, gamma, lr, clip, .. } = self.settings;
        let (first, second) = (self.batch()?, self.batch()?);
        let weights = self.network.weights(&self.values());
        let loss = self.network.loss(&weights, &joined(&first, &second))?;
        let gradients = self.network.gradients(loss, &weights);
        let norm = algorithm.norm(&gradients);
        let size = norm.item();
        if !size.is_finite() {
            return Err(Error::new(format!("the norm of the gradient is {size}")));
        }
        self.norms.push(size);
        let (goal, objective) = if size > gamma {
            (Goal::Norm, norm)
        } else {
            let direction = |gradient: &Tensor| algorithm.direction(gradient, size);
            let directions: Vec<Tensor> = gradients.iter().map(direction).collect();
            let moved = self.network.moved(&weights, &directions, eta);
            let batch = joined(&first, &self.batch()?);
            (Goal::Loss, self.network.loss(&moved, &batch)? / eta)
        };
        let slopes = self.network.slopes(objective, &weights)?;
        for (scale, slope) in self.scales.iter_mut().zip(slopes) {
            if let Some(slope) = slope {
                scale.step(goal, slope.clamp(-clip, clip), lr);
            }
        }
        Ok(())
    }

    /// Where it is, in a line.
    pub fn state(&self) -> String {
        let values = self.values();
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(0.0, f64::max);
        let norm = self.norms.last().copied().unwrap_or_default();
        format!("gradient's norm {norm:.3}, scales from {least:.3} to {most:.3}")
    }

    /// What happened, in a line.
    pub fn summary(&self) -> String {
        let bounded = self.norms.iter().filter(|&&norm| norm > self.settings.gamma).count();
        let first = self.norms.first().copied().unwrap_or_default();
        let (state, count) = (self.state(), self.norms.len());
        format!("{count} iterations, {bounded} on the norm, which was {first:.3}; now {state}")
    }

    fn batch(&mut self) -> Result<ModelBatch, Error> {
        self.next += 1;
        self.network.batch(self.next - 1, self.settings.batch_size)
    }
}
