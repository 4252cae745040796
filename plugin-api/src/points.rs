//! Parameters that say when something happens in a training.

use serde_json::Value;

use crate::ctx::Progress;
use crate::duration::Duration;
use crate::manifest::ParamType;
use crate::params::ParamValue;

/// A point of a training: a share of it from 0 to 1, such as `0.75`, or a stretch from its
/// beginning, such as `"60ep"` or `"500it"`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TrainingPoint {
    /// Of the whole training.
    Share(f64),
    /// From its beginning.
    After(Duration),
}

impl TrainingPoint {
    /// How many steps of the training come before it; a share's are rounded.
    pub fn step(self, at: Progress) -> u64 {
        match self {
            Self::Share(share) => (share * at.total_steps as f64).round() as u64,
            Self::After(duration) => duration.steps(at.steps_per_epoch),
        }
    }
}

impl ParamValue for TrainingPoint {
    // What a host that checks the config cannot know, `read` checks before any training.
    const TYPE: ParamType = ParamType::Any;
    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Number(_) => match f64::read(value)? {
                share if (0.0..=1.0).contains(&share) => Ok(Self::Share(share)),
                share => Err(format!("{share} is no share of the training: from 0 to 1")),
            },
            Value::String(_) => Duration::read(value).map(Self::After),
            other => Err(format!(
                "{} is no point of the training: a share such as 0.75, epochs as \"2ep\" or steps \
                 as \"500it\"",
                crate::params::text(other)
            )),
        }
    }
}

/// A duration of at least one step, such as `"100it"` or `"1ep"`: how often something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval(Duration);

impl Interval {
    /// The number of optimizer steps, at least 1.
    pub fn steps(self, at: Progress) -> u64 {
        self.0.steps(at.steps_per_epoch).max(1)
    }
}

impl ParamValue for Interval {
    const TYPE: ParamType = ParamType::Duration;
    fn read(value: &Value) -> Result<Self, String> {
        let duration = Duration::read(value)?;
        match duration.steps(1) {
            0 => Err(format!("{duration} is no interval: it must be at least \"1it\"")),
            _ => Ok(Self(duration)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const AT: Progress = Progress { step: 0, steps_per_epoch: 10, total_steps: 203 };

    #[test]
    fn a_point_is_a_share_or_a_stretch() {
        let step = |value: Value| TrainingPoint::read(&value).unwrap().step(AT);
        // 0.75 · 203 = 152.25.
        assert_eq!([json!(0), json!(0.75), json!(1)].map(step), [0, 152, 203]);
        assert_eq!([json!("3ep"), json!("7it"), json!("0it")].map(step), [30, 7, 0]);
    }

    #[test]
    fn anything_else_is_no_point() {
        let say = |value: Value| TrainingPoint::read(&value).unwrap_err();
        assert_eq!(say(json!(1.5)), "1.5 is no share of the training: from 0 to 1");
        assert!(say(json!(-0.1)).contains("no share"));
        assert!(say(json!("0.75")).contains("`0.75` is no duration"));
        assert!(say(json!([1])).starts_with("[1] is no point of the training"));
    }

    #[test]
    fn an_interval_is_at_least_a_step() {
        let interval = |text: &str| Interval::read(&json!(text));
        assert_eq!(interval("2ep").unwrap().steps(AT), 20);
        assert_eq!(interval("1it").unwrap().steps(AT), 1);
        assert_eq!(interval("0ep").unwrap_err(), "0ep is no interval: it must be at least \"1it\"");
        assert!(interval("2").is_err());
    }
}
