//! The first values of parameters and buffers.

use serde::{Deserialize, Serialize};

/// How a tensor is filled before training. Random values come from a counter-based generator
/// keyed by the run's seed and the tensor's name.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Initial {
    /// One value everywhere.
    Constant {
        /// The value.
        value: f64,
    },
    /// Uniform in [low, high).
    Uniform {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// Normal.
    Normal {
        /// The mean.
        mean: f64,
        /// The standard deviation.
        std: f64,
    },
    /// What only a newer host knows.
    #[serde(other)]
    Other,
}

impl Initial {
    /// PyTorch's default of convolution and linear layers, weight and bias: uniform in
    /// ±1/√fan_in.
    pub fn torch_default(fan_in: i64) -> Self {
        let bound = 1.0 / (fan_in.max(1) as f64).sqrt();
        Self::Uniform { low: -bound, high: bound }
    }

    /// He et al. 2015 for ReLU, normal, by the number of outputs: std √(2/fan_out).
    pub fn he_fan_out(fan_out: i64) -> Self {
        Self::Normal { mean: 0.0, std: (2.0 / fan_out.max(1) as f64).sqrt() }
    }

    /// He et al. 2015 for ReLU, normal, by the number of inputs: std √(2/fan_in).
    pub fn he_fan_in(fan_in: i64) -> Self {
        Self::Normal { mean: 0.0, std: (2.0 / fan_in.max(1) as f64).sqrt() }
    }

    /// One value everywhere.
    pub fn constant(value: f64) -> Self {
        Self::Constant { value }
    }
}
