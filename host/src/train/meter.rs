//! Speed and loss for whoever watches.

use std::time::{Duration, Instant};

use tch::{Kind, Tensor};

use super::step::StepResult;

/// How often a training says how far it is.
const EVERY: Duration = Duration::from_millis(250);

/// Speed and loss since the last report.
pub struct Meter {
    since: Instant,
    images: usize,
    losses: Vec<Tensor>,
}

impl Meter {
    /// From now on.
    pub fn new() -> Self {
        Self { since: Instant::now(), images: 0, losses: Vec::new() }
    }

    /// Counts a step.
    pub fn count(&mut self, result: &StepResult, images: usize) {
        self.images += images;
        self.losses.push(result.loss.shallow_clone());
    }

    /// Mean loss and images per second, if it is time.
    pub fn due(&mut self) -> Option<(f64, f64)> {
        let elapsed = self.since.elapsed();
        if elapsed < EVERY || self.losses.is_empty() {
            return None;
        }
        let loss = Tensor::stack(&self.losses, 0).mean(Kind::Double).double_value(&[]);
        let speed = self.images as f64 / elapsed.as_secs_f64();
        *self = Self::new();
        Some((loss, speed))
    }
}
