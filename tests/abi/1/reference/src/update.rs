//! Masks that move: a drop-and-grow step as in RigL.

use jackpot_plugin_api::prelude::*;

/// Drops the smallest weights, grows those with the largest dense gradients.
#[derive(Params)]
pub struct Turn {
    /// How often.
    #[param(default = "2it")]
    every: Interval,
    /// When the masks come to rest.
    #[param(default = 1.0)]
    stop: TrainingPoint,
    /// The share that moves at first.
    #[param(default = 0.3, range = 0.0..=1.0)]
    fraction: f64,
    /// Whether a step with an update is no step of the optimizer.
    #[param(default = true)]
    replaces: bool,
}

impl Turn {
    fn exchange(&self) -> Exchange {
        Exchange { fraction: self.fraction, every: self.every, stop: self.stop }
    }
}

impl Update for Turn {
    const NAME: &str = "reference-turn";

    fn due(&self, ctx: &Ctx<'_>) -> bool {
        self.exchange().due(ctx.progress())
    }

    fn replaces_step(&self) -> bool {
        self.replaces
    }

    fn update(&self, model: &Model<'_>, ctx: &Ctx<'_>) -> Result<NamedTensors, Error> {
        let gradients = model.gradients()?;
        let growth = |name: &str, _: &Tensor| Ok(gradients.expect(name).abs());
        self.exchange().masks(model, ctx.progress(), growth)
    }
}
