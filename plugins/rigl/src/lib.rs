//! RigL.

use jackpot_plugin_api::prelude::*;

/// Drops the smallest weights and grows where the gradient is largest: RigL, Evci et al. 2020
/// (arXiv 1911.11134).
///
/// After every `every` steps, as long as the number t of steps done is below `stop`, each layer
/// with k kept weights drops the n = ⌊fraction · (1 + cos(π·t/stop)) / 2 · k⌋ smallest |θ|, and
/// grows n of those that are then not active, where |∂loss/∂θ| of this step's batch is largest. So
/// every layer's number of weights stays the same. One that was just dropped may grow again, and
/// then goes on as if nothing had been; any other starts at zero with a momentum of zero. A step
/// with an update is no step of the optimizer. All this as in the authors' code.
///
/// The first update comes after `every` steps; the authors' code has one before the first step,
/// too, when nothing is learned yet. Of equal ones the first, in row-major order, stays or grows.
/// A dense layer stays dense, so start from a sparse ticket.
#[derive(Params)]
struct Rigl {
    /// The share of a layer's kept weights that the first updates drop; it falls to 0 at `stop`.
    #[param(default = 0.3, range = 0.0..=1.0)]
    fraction: f64,
    /// How often the masks move: "100it" or "1ep".
    #[param(default = "100it")]
    every: Interval,
    /// When the masks come to rest: a share of the training, or a duration such as "100ep".
    #[param(default = 0.75)]
    stop: TrainingPoint,
}

impl Rigl {
    fn exchange(&self) -> Exchange {
        Exchange { fraction: self.fraction, every: self.every, stop: self.stop }
    }
}

impl Update for Rigl {
    const NAME: &str = "rigl";

    fn due(&self, ctx: &Ctx<'_>) -> bool {
        self.exchange().due(ctx.progress())
    }

    fn replaces_step(&self) -> bool {
        true
    }

    fn update(&self, model: &Model<'_>, ctx: &Ctx<'_>) -> Result<NamedTensors, Error> {
        let gradients = model.gradients()?;
        self.exchange().masks(model, ctx.progress(), |name, _| Ok(gradients.expect(name).abs()))
    }
}

export_plugin!(updates: [Rigl]);
