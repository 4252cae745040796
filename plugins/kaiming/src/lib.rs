//! Weights whose signal keeps its size through layers of a given activation.

mod anew;
mod fans;

use jackpot_plugin_api::prelude::*;

use anew::start_over;
use fans::Fans;

/// Weights of variance gain² / fan, He et al. 2015 (arXiv 1502.01852), in place of the ticket's.
///
/// Every weight of a convolution or linear layer is drawn anew, normal with standard deviation
/// gain / √fan or uniform in ±√3 · gain / √fan, as `torch.nn.init.kaiming_normal_` and
/// `kaiming_uniform_`; fans and gains are PyTorch's (a grouped convolution's fan_out counts the
/// weights of all groups). The mask then acts on them. PyTorch's functions set one tensor; what
/// happens to the others is decided here: normalisations get scale 1 and shift 0, all other biases
/// 0; what a tweak added (a skip's layers) stays as the tweak made it.
#[derive(Params)]
struct Kaiming {
    /// Whether the signal (fan_in) or the gradient (fan_out) keeps its size.
    #[param(default = "fan_in", choices = ["fan_in", "fan_out"])]
    mode: String,
    /// The distribution of the weights.
    #[param(default = "normal", choices = ["normal", "uniform"])]
    distribution: String,
    /// The function between the layers, which gives the gain: 1 for linear and sigmoid, 5/3 for
    /// tanh, √2 for relu, √(2 / (1 + negative_slope²)) for leaky_relu, 3/4 for selu.
    #[param(
        default = "relu",
        choices = ["linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]
    )]
    nonlinearity: String,
    /// The slope of leaky_relu below 0.
    #[param(default = 0.01, range = 0.0..=1e6)]
    negative_slope: f64,
}

impl Init for Kaiming {
    const NAME: &str = "kaiming";
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

impl Kaiming {
    fn std(&self, fans: Fans) -> f64 {
        let fan = if self.mode == "fan_out" { fans.output } else { fans.input };
        self.gain() / fan.sqrt()
    }

    /// `torch.nn.init.calculate_gain`.
    fn gain(&self) -> f64 {
        match self.nonlinearity.as_str() {
            "tanh" => 5.0 / 3.0,
            "relu" => 2_f64.sqrt(),
            "leaky_relu" => (2.0 / (1.0 + self.negative_slope * self.negative_slope)).sqrt(),
            "selu" => 0.75,
            _ => 1.0,
        }
    }
}

export_plugin!(inits: [Kaiming]);

#[cfg(test)]
mod tests {
    use super::*;

    fn kaiming(mode: &str, nonlinearity: &str, negative_slope: f64) -> Kaiming {
        let (mode, nonlinearity) = (mode.to_owned(), nonlinearity.to_owned());
        Kaiming { mode, distribution: "normal".to_owned(), nonlinearity, negative_slope }
    }

    #[test]
    fn deviations_by_hand() {
        let fans = Fans { input: 50.0, output: 200.0 };
        let close = |kaiming: &Kaiming, std: f64| (kaiming.std(fans) - std).abs() < 1e-15;
        assert!(close(&kaiming("fan_in", "relu", 9.0), 0.2));
        assert!(close(&kaiming("fan_out", "relu", 9.0), 0.1));
        assert!(close(&kaiming("fan_in", "leaky_relu", 0.0), 0.2));
        // √(2 / (1 + 3)) = √½, and √½ / √50 = 0.1.
        assert!(close(&kaiming("fan_in", "leaky_relu", 3_f64.sqrt()), 0.1));
        assert!(close(&kaiming("fan_out", "linear", 0.0), 1.0 / 200_f64.sqrt()));
        assert!(close(&kaiming("fan_out", "tanh", 0.0), 5.0 / 3.0 / 200_f64.sqrt()));
        assert!(close(&kaiming("fan_out", "selu", 0.0), 0.75 / 200_f64.sqrt()));
    }
}
