//! When weights are dropped, and how many are left.

use jackpot_plugin_api::prelude::*;

use super::Gmp;

impl Gmp {
    /// The first and the last step with an update; the training's last step is the latest.
    fn span(&self, at: Progress) -> (u64, u64) {
        (self.begin.step(at), self.end.step(at).min(at.total_steps.saturating_sub(1)))
    }

    pub(super) fn is_due(&self, at: Progress) -> bool {
        let (begin, end) = self.span(at);
        (begin..=end).contains(&at.step)
            && ((at.step - begin).is_multiple_of(self.every.steps(at)) || at.step == end)
    }

    /// The share of the prunable weights that is left after an update at that point.
    pub(super) fn density(&self, at: Progress) -> Result<f64, Error> {
        let (begin, end) = self.span(at);
        if begin >= end {
            return Err(Error::new(format!(
                "`begin` (step {begin}) must come before `end` (step {end} of {})",
                at.total_steps
            )));
        }
        if self.keep > self.initial {
            let (keep, initial) = (self.keep, self.initial);
            return Err(Error::new(format!(
                "`keep` ({keep}) must not be above `initial` ({initial}): weights never come back"
            )));
        }
        let left = end.saturating_sub(at.step) as f64 / (end - begin) as f64;
        // The schedule begins with `begin`, whoever asks before.
        Ok(self.keep + (self.initial - self.keep) * left.min(1.0).powi(3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gmp(params: jackpot_plugin_api::json::Value) -> Gmp {
        let mut params = params.as_object().cloned().unwrap();
        for spec in Gmp::specs() {
            if let Some(default) = spec.default {
                params.entry(spec.name).or_insert(default);
            }
        }
        Gmp::take(&mut params).unwrap()
    }

    fn at(step: u64) -> Progress {
        Progress { step, steps_per_epoch: 10, total_steps: 100 }
    }

    fn due(gmp: &Gmp) -> Vec<u64> {
        (0..100).filter(|&step| gmp.is_due(at(step))).collect()
    }

    #[test]
    fn moves_at_the_interval_and_at_the_end() {
        let plain = gmp(json!({ "keep": 0.1, "every": "20it" }));
        assert_eq!(due(&plain), [0, 20, 40, 60, 75]);
        let epochs = gmp(json!({ "keep": 0.1, "every": "3ep", "begin": "1ep", "end": "7ep" }));
        assert_eq!(due(&epochs), [10, 40, 70]);
        // The end of the training is its last step.
        let whole = gmp(json!({ "keep": 0.1, "every": "50it", "end": 1.0 }));
        assert_eq!(due(&whole), [0, 50, 99]);
    }

    #[test]
    fn the_density_falls_with_a_cube() {
        let gmp = gmp(json!({ "keep": 0.2, "begin": "10it", "end": "50it" }));
        let density = |step| gmp.density(at(step)).unwrap();
        // 0.2 + 0.8 · (1, 27/64, 1/8, 1/64, 0).
        let expected = [1.0, 0.5375, 0.3, 0.2125, 0.2];
        for (step, expected) in [10, 20, 30, 40, 50].into_iter().zip(expected) {
            assert!((density(step) - expected).abs() < 1e-15, "{step}: {}", density(step));
        }
        assert_eq!((density(0), density(99)), (1.0, 0.2));
    }

    #[test]
    fn what_cannot_be_is_said() {
        let say = |params| gmp(params).density(at(0)).unwrap_err().to_string();
        let order = say(json!({ "keep": 0.1, "begin": "8ep" }));
        assert_eq!(order, "`begin` (step 80) must come before `end` (step 75 of 100)");
        assert!(say(json!({ "keep": 0.5, "initial": 0.4 })).contains("`keep` (0.5)"));
    }
}
