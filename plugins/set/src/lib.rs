//! Sparse evolutionary training.

use jackpot_plugin_api::prelude::*;

/// Drops the smallest weights and grows others at random: sparse evolutionary training (SET),
/// Mocanu et al. 2018 (arXiv 1707.04780).
///
/// After every `every` steps, as long as the number t of steps done is below `stop`, each layer
/// with k kept weights drops the n = ⌊fraction · (1 + cos(π·t/stop)) / 2 · k⌋ smallest |θ|, and
/// grows n of those that are then not active, all with equal chances. So every layer's number of
/// weights stays the same. One that was just dropped may grow again, and then goes on as if nothing
/// had been; any other starts at zero with a momentum of zero. A step with an update is no step of
/// the optimizer.
///
/// The paper's schedule is another: a constant share of the smallest positive and of the largest
/// negative weights after every epoch of the whole training. This one is that of the RigL paper
/// (arXiv 1911.11134), whose SET differs from RigL in what grows and in nothing else. The paper's
/// intervals are `every = "1ep"`, `stop = 1.0`. A dense layer stays dense.
#[derive(Params)]
struct Set {
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

impl Set {
    fn exchange(&self) -> Exchange {
        Exchange { fraction: self.fraction, every: self.every, stop: self.stop }
    }
}

impl Update for Set {
    const NAME: &str = "set";

    fn due(&self, ctx: &Ctx<'_>) -> bool {
        self.exchange().due(ctx.progress())
    }

    fn replaces_step(&self) -> bool {
        true
    }

    fn update(&self, model: &Model<'_>, ctx: &Ctx<'_>) -> Result<NamedTensors, Error> {
        let infos = model.infos()?;
        // A stream of its own for every layer: its place in the network.
        let chance = |name: &str, weight: &Tensor| {
            let place = infos.iter().position(|info| info.name == name).unwrap_or_default();
            Ok(ctx.rng().uniform(place as i64, &weight.shape()))
        };
        self.exchange().masks(model, ctx.progress(), chance)
    }
}

export_plugin!(updates: [Set]);
