//! GraSP: gradient signal preservation.

// One source for both scores of this loss; plugins share no library.
#[path = "../../snip/src/loss.rs"]
mod loss;

use jackpot_plugin_api::prelude::*;

use crate::loss::{Problem, Settings, add};

/// θ ⊙ Hg: the weights stay without which the gradient's norm would shrink most, Wang et al. 2020
/// (GraSP, arXiv 2002.07376).
///
/// Taking a weight θ_q away changes gᵀg by about −2 θ_q (Hg)_q. The paper removes the weights with
/// the largest −θ ⊙ Hg, which is to keep the largest θ ⊙ Hg, with its sign: large negative scores
/// go first. They are not divided by their sum, which changes no order.
///
/// g and H are gradient and Hessian of the plain cross-entropy of logits / T, averaged over
/// samples_per_class × classes training images, by the weights that the draw prunes and that are
/// still there; Hg is the gradient of gᵀ·stop(g). The images are normalised, not augmented: the
/// first ones of a random order that depends on the seed, so classes are about equally frequent
/// (GraSP's own code takes exactly as many of each). One round.
#[derive(Params)]
struct Grasp {
    /// Training images per class.
    #[param(default = 10, range = 1..=100_000)]
    samples_per_class: i64,
    /// Images in one forward pass, whose gradients add up; more need more memory.
    #[param(default = 256, range = 1..=1_000_000)]
    batch_size: i64,
    /// T: what the logits are divided by.
    #[param(default = 200.0, range = 1e-3..=1e6)]
    temperature: f64,
    /// What batch normalisation normalises with: the statistics of each "batch", as GraSP's own
    /// code, or the "running" ones, as the code of SynFlow's paper does for every score.
    #[param(default = "batch", choices = ["batch", "running"])]
    statistics: String,
    /// The precision of the whole computation.
    #[param(default = "f32", choices = ["f32", "f64"])]
    precision: String,
}

impl Score for Grasp {
    const NAME: &str = "grasp";
    fn score(&self, model: &Model<'_>, _: &Ctx<'_>) -> Result<NamedTensors, Error> {
        let problem = Problem::new(model, self.settings())?;
        let zeros = || problem.weights.iter().map(Tensor::zeros_like).collect::<Vec<_>>();
        let mut g = zeros();
        for part in 0..problem.parts() {
            add(&mut g, &problem.gradients(&problem.loss(part)?, false));
        }
        // A pruned weight is no coordinate any more.
        let masks = model.masks()?;
        for (g, name) in g.iter_mut().zip(&problem.names) {
            *g = g.masked_fill(&masks.expect(name).logical_not(), 0.0);
        }
        let mut hg = zeros();
        for part in 0..problem.parts() {
            let gradients = problem.gradients(&problem.loss(part)?, true);
            let products = g.iter().zip(&gradients).map(|(g, again)| (g * again).sum());
            let product = Tensor::stack(&products.collect::<Vec<_>>(), 0).sum();
            add(&mut hg, &problem.gradients(&product, false));
        }
        let scores = hg.iter().zip(&problem.weights).map(|(hg, theta)| hg * theta.detach());
        Ok(problem.names.iter().cloned().zip(scores).collect())
    }
}

impl Grasp {
    fn settings(&self) -> Settings {
        Settings {
            samples_per_class: self.samples_per_class,
            batch_size: self.batch_size,
            batch_statistics: self.statistics == "batch",
            double: self.precision == "f64",
            temperature: self.temperature,
        }
    }
}

export_plugin!(scores: [Grasp]);
