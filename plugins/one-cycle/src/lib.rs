//! A learning rate that rises to the base rate and falls far below.

use std::f64::consts::PI;

use jackpot_plugin_api::prelude::*;

/// One cycle of the learning rate, Smith & Topin 2018 (arXiv 1708.07120), as PyTorch's
/// `OneCycleLR` with the base rate as `max_lr`.
///
/// From base / `div_factor` at step 0 it rises to the base rate at step `pct_start`·T − 1 of T and
/// falls to base / (`div_factor` · `final_div_factor`) at the last step, T − 1. With `three_phase` it
/// first falls as long as it rose, back to where it began (at step 2·`pct_start`·T − 2), and then to
/// the end. The momentum stays as it is: `OneCycleLR` with `cycle_momentum=False`.
///
/// During the warm-up of W steps the rate of step t (from 0) is further multiplied by (t + 1) / W.
#[derive(Params)]
struct OneCycle {
    /// Which part of the training rises; with three phases at most half makes sense.
    #[param(default = 0.3, range = 0.0..=1.0)]
    pct_start: f64,
    /// How much lower than the base rate it begins.
    #[param(default = 25.0, range = 1e-3..)]
    div_factor: f64,
    /// How much lower than it began it ends.
    #[param(default = 1e4, range = 1e-3..)]
    final_div_factor: f64,
    /// "cos" rises and falls along half cosines, "linear" along straight lines.
    #[param(default = "cos", choices = ["cos", "linear"])]
    anneal_strategy: String,
    /// Whether it falls to where it began before it falls to the end.
    #[param(default = false)]
    three_phase: bool,
    /// How long the rate is first held down linearly, such as "5ep" or "500it"; without it, not at
    /// all.
    warmup: Option<Duration>,
}

impl LrSchedule for OneCycle {
    const NAME: &str = "one-cycle";
    fn learning_rate(&self, base: f64, ctx: &Ctx<'_>) -> f64 {
        self.rate(base, ctx.progress())
    }
}

impl OneCycle {
    fn rate(&self, base: f64, at: Progress) -> f64 {
        let cycle = self.cycle(base, at.step as f64, at.total_steps as f64);
        let warmup = self.warmup.map_or(0, |warmup| warmup.steps(at.steps_per_epoch));
        if at.step < warmup { cycle * (at.step + 1) as f64 / warmup as f64 } else { cycle }
    }

    fn cycle(&self, base: f64, step: f64, total: f64) -> f64 {
        let low = base / self.div_factor;
        let (top, last) = (self.pct_start * total - 1.0, total - 1.0);
        let end = Mark { step: last, rate: low / self.final_div_factor };
        // Where each phase ends; before the first is step 0.
        let marks: &[Mark] = match self.three_phase {
            false => &[Mark { step: top, rate: base }, end],
            true => &[Mark { step: top, rate: base }, Mark { step: 2.0 * top, rate: low }, end],
        };
        let mut from = Mark { step: 0.0, rate: low };
        for &to in marks {
            if step <= to.step {
                return self.between(from, to, step);
            }
            from = to;
        }
        // A step past the end (a host that asks once more) stays at the end.
        end.rate
    }

    /// The rate at a step of the phase that goes from one mark to the other.
    fn between(&self, from: Mark, to: Mark, step: f64) -> f64 {
        let length = to.step - from.step;
        // A phase of no length is at its end.
        let done = if length > 0.0 { (step - from.step) / length } else { 1.0 };
        match self.anneal_strategy.as_str() {
            "linear" => from.rate + (to.rate - from.rate) * done,
            _ => to.rate + (from.rate - to.rate) / 2.0 * (1.0 + (PI * done).cos()),
        }
    }
}

/// A rate at a step, which need not be whole.
#[derive(Clone, Copy)]
struct Mark {
    step: f64,
    rate: f64,
}

export_plugin!(lr_schedules: [OneCycle]);

#[cfg(test)]
mod tests;
