//! First values: a function of the seed and the tensor's name.

use jackpot_plugin_api::graph::Initial;
use tch::{Device, Tensor};

use super::error::ModelError;
use super::graph::check::element_count;
use super::store::kind_of;
use crate::random::Stream;

/// A tensor with its first values.
///
/// # Errors
///
/// A shape or dtype that cannot be had.
pub fn tensor(
    name: &str,
    shape: &[i64],
    dtype: &str,
    init: Initial,
    seed: u64,
    device: Device,
) -> Result<Tensor, ModelError> {
    drawn(name, shape, dtype, init, || Stream::new(seed, &format!("init/{name}"), 0, 0), device)
}

/// Other first values of the same distribution, for the control that starts afresh.
///
/// # Errors
///
/// A shape or dtype that cannot be had.
pub fn again(
    name: &str,
    shape: &[i64],
    dtype: &str,
    init: Initial,
    seed: u64,
    device: Device,
) -> Result<Tensor, ModelError> {
    drawn(name, shape, dtype, init, || Stream::new(seed, &format!("reinit/{name}"), 0, 0), device)
}

fn drawn(
    name: &str,
    shape: &[i64],
    dtype: &str,
    init: Initial,
    stream: impl Fn() -> Stream,
    device: Device,
) -> Result<Tensor, ModelError> {
    let kind = kind_of(dtype)?;
    let count = element_count(shape)
        .ok_or_else(|| ModelError::graph(format!("`{name}`"), format!("{shape:?} is no shape")))?;
    let scaled = |values: Vec<f32>, scale: f64, shift: f64| -> Vec<f64> {
        values.into_iter().map(|value| f64::from(value) * scale + shift).collect()
    };
    let values = match init {
        Initial::Constant { value } => {
            return Ok(Tensor::f_full(shape, value, (kind, device))?);
        }
        Initial::Uniform { low, high } => scaled(stream().uniform(count), high - low, low),
        Initial::Normal { mean, std } => scaled(stream().normal(count), std, mean),
        Initial::Other => {
            let message = "its `init` is of a kind that this host does not know";
            return Err(ModelError::graph(format!("`{name}`"), message));
        }
    };
    Ok(Tensor::f_from_slice(&values)?.f_reshape(shape)?.f_to_kind(kind)?.f_to_device(device)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(name: &str, init: Initial, seed: u64) -> Vec<f64> {
        let made = tensor(name, &[40, 25], "f32", init, seed, Device::Cpu).unwrap();
        Vec::try_from(made.to_kind(tch::Kind::Double).view(-1)).unwrap()
    }

    #[test]
    fn uniform_values_fill_their_range() {
        let all = values("conv.weight", Initial::Uniform { low: -0.5, high: 0.5 }, 1);
        assert!(all.iter().all(|x| (-0.5..0.5).contains(x)));
        let mean: f64 = all.iter().sum::<f64>() / 1000.0;
        assert!(mean.abs() < 0.04, "{mean}"); // 4 standard errors of 0.0091
    }

    #[test]
    fn name_and_seed_make_the_difference() {
        let init = Initial::he_fan_out(18);
        assert_eq!(values("a", init, 1), values("a", init, 1));
        assert_ne!(values("a", init, 1), values("b", init, 1));
        assert_ne!(values("a", init, 1), values("a", init, 2));
        let spread = values("a", init, 1).iter().map(|x| x * x).sum::<f64>() / 1000.0;
        assert!((spread - 1.0 / 9.0).abs() < 0.02, "{spread}");
    }
}
