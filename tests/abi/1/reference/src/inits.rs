//! One that checks what the host promises, one that replaces weights, one that refuses.

use jackpot_plugin_api::prelude::*;

use crate::{methods, promises};

/// Changes nothing. Fails with a sentence if a method of a tensor or an answer of the host is not
/// what ABI 1 promises.
#[derive(Params)]
pub struct Check;

impl Init for Check {
    const NAME: &str = "reference-check";
    const KEEPS_TICKET: bool = true;

    fn initialize(&self, model: &Model<'_>, ctx: &Ctx<'_>) -> Result<(), Error> {
        ctx.info("checking what ABI 1 promises");
        methods::check(&ctx.creator())?;
        promises::check(model, ctx)
    }
}

/// Normal numbers in place of every convolution's weights.
#[derive(Params)]
pub struct Fresh {
    /// The standard deviation.
    #[param(default = 0.1, range = 0.0..=10.0)]
    std: f64,
}

impl Init for Fresh {
    const NAME: &str = "reference-fresh";
    const KEEPS_TICKET: bool = false;

    fn initialize(&self, model: &Model<'_>, ctx: &Ctx<'_>) -> Result<(), Error> {
        let infos = model.infos()?;
        let convolutions = infos.iter().filter(|info| info.role == Role::Conv);
        for (stream, info) in (0..).zip(convolutions) {
            model.set(&info.name, &(ctx.rng().normal(stream, &info.shape) * self.std))?;
        }
        Ok(())
    }
}

/// Says no.
#[derive(Params)]
pub struct Refusal {
    /// In these words.
    words: String,
}

impl Init for Refusal {
    const NAME: &str = "reference-refusal";
    const KEEPS_TICKET: bool = true;

    fn initialize(&self, _: &Model<'_>, ctx: &Ctx<'_>) -> Result<(), Error> {
        ctx.warn("about to refuse");
        Err(Error::new(self.words.as_str()))
    }
}
