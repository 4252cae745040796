//! Weights whose signal and gradient both nearly keep their size.

#[path = "../../kaiming/src/anew.rs"]
mod anew;
#[path = "../../kaiming/src/fans.rs"]
mod fans;

use jackpot_plugin_api::prelude::*;

use anew::start_over;
use fans::Fans;

/// Weights of variance 2 gain² / (fan_in + fan_out), Glorot & Bengio 2010, in place of the ticket's.
///
/// Every weight of a convolution or linear layer is drawn anew, normal with standard deviation
/// gain · √(2 / (fan_in + fan_out)) or uniform in ±gain · √(6 / (fan_in + fan_out)), as
/// `torch.nn.init.xavier_normal_` and `xavier_uniform_`; the fans are PyTorch's (a grouped
/// convolution's fan_out counts the weights of all groups). The mask then acts on them. PyTorch's
/// functions set one tensor; what happens to the others is decided here: normalisations get scale
/// 1 and shift 0, all other biases 0; what a tweak added (a skip's layers) stays as the tweak made
/// it.
#[derive(Params)]
struct Xavier {
    /// The distribution of the weights.
    #[param(default = "normal", choices = ["normal", "uniform"])]
    distribution: String,
    /// A factor of all weights; PyTorch's recommendation for ReLU is √2.
    #[param(default = 1.0, range = 0.0..=1e6)]
    gain: f64,
}

impl Init for Xavier {
    const NAME: &str = "xavier";
    const KEEPS_TICKET: bool = false;

    fn initialize(&self, model: &Model<'_>, ctx: &Ctx<'_>) -> Result<(), Error> {
        start_over(model, ctx, |rng, stream, info| {
            let std = self.std(Fans::of(info)?);
            Ok(match self.distribution.as_str() {
                "uniform" => (rng.uniform(stream, &info.shape) * 2.0 - 1.0) * (3_f64.sqrt() * std),
                _ => rng.normal(stream, &info.shape) * std,
            })
        })
    }
}

impl Xavier {
    fn std(&self, fans: Fans) -> f64 {
        self.gain * (2.0 / (fans.input + fans.output)).sqrt()
    }
}

export_plugin!(inits: [Xavier]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviations_by_hand() {
        let std = |gain, input, output| {
            Xavier { distribution: "normal".to_owned(), gain }.std(Fans { input, output })
        };
        assert_eq!(std(1.0, 5.0, 3.0), 0.5);
        assert_eq!(std(3.0, 100.0, 28.0), 0.375);
        assert_eq!(std(0.0, 5.0, 3.0), 0.0);
    }
}
