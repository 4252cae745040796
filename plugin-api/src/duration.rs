//! A stretch of training, in epochs or in optimizer steps.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A stretch of training: `"2ep"` (epochs) or `"500it"` (iterations, i.e. optimizer steps).
///
/// Two durations of different units can only be compared once the number of steps in an epoch is
/// known, so there is no `Ord`; use [`Duration::steps`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Duration {
    /// Whole passes over the training set.
    Epochs(u64),
    /// Optimizer steps.
    Iterations(u64),
}

impl Duration {
    /// The number of optimizer steps, given how many one epoch has.
    pub fn steps(self, steps_per_epoch: u64) -> u64 {
        match self {
            Self::Epochs(n) => n.saturating_mul(steps_per_epoch),
            Self::Iterations(n) => n,
        }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Epochs(n) => write!(f, "{n}ep"),
            Self::Iterations(n) => write!(f, "{n}it"),
        }
    }
}

/// A text that is no duration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseDurationError(String);

impl fmt::Display for ParseDurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no duration: write epochs as \"2ep\" or steps as \"500it\"", self.0)
    }
}

impl std::error::Error for ParseDurationError {}

impl FromStr for Duration {
    type Err = ParseDurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseDurationError(text.to_owned());
        let (digits, make): (_, fn(u64) -> Self) = match text.strip_suffix("ep") {
            Some(digits) => (digits, Self::Epochs),
            None => (text.strip_suffix("it").ok_or_else(error)?, Self::Iterations),
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(error());
        }
        digits.parse().map(make).map_err(|_| error())
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_units_round_trip() {
        for text in ["2ep", "500it", "0ep"] {
            assert_eq!(text.parse::<Duration>().unwrap().to_string(), text);
        }
        assert_eq!("2ep".parse::<Duration>().unwrap().steps(351), 702);
        assert_eq!("500it".parse::<Duration>().unwrap().steps(351), 500);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "2", "ep", "-1ep", "+1ep", "2 ep", "1.5ep", "99999999999999999999it"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }
}
