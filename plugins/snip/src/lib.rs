//! SNIP: connection sensitivity.

mod loss;

use jackpot_plugin_api::prelude::*;

use crate::loss::{Problem, Settings, add};

/// |∂L/∂m| = |g ⊙ θ|: how fast the loss changes with a weight's mask, Lee et al. 2019 (SNIP,
/// arXiv 1810.02340).
///
/// L is the plain cross-entropy, averaged over samples_per_class × classes training images. These
/// are normalised, not augmented, and the same in every round: the first ones of a random order
/// that depends on the seed, so classes are about equally frequent. The scores are not divided by
/// their sum, which changes no order.
///
/// With `rounds` above 1 it is iterative SNIP (de Jorge et al. 2021, arXiv 2006.09081: FORCE
/// without the return of pruned weights): each round prunes a part, and the rest is scored anew.
#[derive(Params)]
struct Snip {
    /// Training images per class.
    #[param(default = 10, range = 1..=100_000)]
    samples_per_class: i64,
    /// Images in one forward pass, whose gradients add up; more need more memory.
    #[param(default = 256, range = 1..=1_000_000)]
    batch_size: i64,
    /// What batch normalisation normalises with: the statistics of each "batch", as SNIP's own
    /// code, or the "running" ones, as the code of SynFlow's paper does for every score.
    #[param(default = "batch", choices = ["batch", "running"])]
    statistics: String,
    /// In how many rounds the density is reached, falling geometrically.
    #[param(default = 1, range = 1..=10_000)]
    rounds: u64,
    /// The precision of the whole computation.
    #[param(default = "f32", choices = ["f32", "f64"])]
    precision: String,
}

impl Score for Snip {
    const NAME: &str = "snip";

    fn rounds(&self) -> u64 {
        self.rounds
    }

    fn score(&self, model: &Model<'_>, _: &Ctx<'_>) -> Result<NamedTensors, Error> {
        let problem = Problem::new(model, self.settings())?;
        let mut sums: Vec<Tensor> = problem.weights.iter().map(Tensor::zeros_like).collect();
        for part in 0..problem.parts() {
            add(&mut sums, &problem.gradients(&problem.loss(part)?, false));
        }
        let scores = sums.iter().zip(&problem.weights).map(|(g, theta)| (g * theta.detach()).abs());
        Ok(problem.names.iter().cloned().zip(scores).collect())
    }
}

impl Snip {
    fn settings(&self) -> Settings {
        Settings {
            samples_per_class: self.samples_per_class,
            batch_size: self.batch_size,
            batch_statistics: self.statistics == "batch",
            double: self.precision == "f64",
            temperature: 1.0,
        }
    }
}

export_plugin!(scores: [Snip]);
