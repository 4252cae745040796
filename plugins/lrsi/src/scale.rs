//! A scale and its steps: Adam with one second moment for two kinds of steps.

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// What a step makes smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// The gradient's norm.
    Norm,
    /// The loss after the first step.
    Loss,
}

/// The factor of one parameter tensor.
#[derive(Debug, Clone)]
pub struct Scale {
    value: f64,
    floor: f64,
    /// Slopes averaged, and how many, for either goal.
    first: [(f64, i32); 2],
    /// Squared slopes averaged, of all steps.
    second: f64,
}

impl Scale {
    /// 1, and never below `floor`.
    pub fn new(floor: f64) -> Self {
        Self { value: 1.0, floor, first: [(0.0, 0); 2], second: 0.0 }
    }

    pub fn value(&self) -> f64 {
        self.value
    }

    /// One step of Adam against the slope of its goal. A scale of 0 stays: with its tensor gone
    /// there is nothing to scale.
    pub fn step(&mut self, goal: Goal, slope: f64, lr: f64) {
        if self.value == 0.0 {
            return;
        }
        let (mean, count) = &mut self.first[goal as usize];
        *mean = BETA1 * *mean + (1.0 - BETA1) * slope;
        *count += 1;
        let mean = *mean / (1.0 - BETA1.powi(*count));
        self.second = BETA2 * self.second + (1.0 - BETA2) * slope * slope;
        let steps: i32 = self.first.iter().map(|(_, count)| count).sum();
        let square = self.second / (1.0 - BETA2.powi(steps));
        self.value = (self.value - lr * mean / (square.sqrt() + EPSILON)).max(self.floor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(scale: &Scale, expected: f64) {
        assert!((scale.value() - expected).abs() < 1e-7, "{}", scale.value());
    }

    #[test]
    fn the_first_step_is_the_learning_rate() {
        for goal in [Goal::Norm, Goal::Loss] {
            let mut scale = Scale::new(0.0);
            scale.step(goal, -0.25, 0.125);
            near(&scale, 1.125);
            scale.step(goal, -0.25, 0.125);
            near(&scale, 1.25);
        }
    }

    #[test]
    fn goals_have_own_means_and_one_square() {
        let mut scale = Scale::new(0.0);
        scale.step(Goal::Norm, 1.0, 0.1);
        // The mean of this goal's only slope is 0.5; the squares' is
        // (0.999 · 0.001 · 1 + 0.001 · 0.25) / (1 − 0.999²) = 0.001249 / 0.001999.
        scale.step(Goal::Loss, 0.5, 0.1);
        near(&scale, 0.9 - 0.1 * 0.5 / (1.249_f64 / 1.999).sqrt());
        // Again the first goal: (0.9 · 0.1 · 1 + 0.1 · (−1)) / (1 − 0.81) = −0.01 / 0.19.
        let before = scale.value();
        scale.step(Goal::Norm, -1.0, 0.1);
        let square = (0.999 * 0.001_249 + 0.001) / (1.0 - 0.999_f64.powi(3));
        near(&scale, before + 0.1 * 0.01 / 0.19 / square.sqrt());
    }

    #[test]
    fn the_floor_holds_and_zero_stays() {
        let mut weight = Scale::new(0.25);
        let mut bias = Scale::new(0.0);
        for _ in 0..3 {
            weight.step(Goal::Loss, 1.0, 0.5);
            bias.step(Goal::Loss, 1.0, 0.5);
        }
        assert_eq!((weight.value(), bias.value()), (0.25, 0.0));
        for _ in 0..50 {
            weight.step(Goal::Loss, -1.0, 0.5);
            bias.step(Goal::Loss, -1.0, 0.5);
        }
        assert!(weight.value() > 1.0);
        assert_eq!(bias.value(), 0.0);
    }
}
