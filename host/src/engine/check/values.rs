//! Numbers to try items on, and what to look at in theirs.

use std::time::Instant;

use tch::{Device, Kind, Tensor};

use crate::random::Stream;
use crate::train::TrainError;

/// Numbers of the standard normal distribution.
///
/// # Errors
///
/// What libtorch says.
pub fn normal(
    shape: &[i64],
    number: u64,
    kind: Kind,
    device: Device,
) -> Result<Tensor, TrainError> {
    let count = shape.iter().product::<i64>().unsigned_abs() as usize;
    let values = Stream::new(1, "check", number, 0).normal(count);
    let tensor = Tensor::f_from_slice(&values)?.f_reshape(shape)?;
    Ok(tensor.f_to_kind(kind)?.f_to_device(device)?)
}

/// Whether two tensors have the same form and values; NaN is NaN.
///
/// # Errors
///
/// What libtorch says.
pub fn same(a: &Tensor, b: &Tensor) -> Result<bool, TrainError> {
    if a.size() != b.size() || a.kind() != b.kind() {
        return Ok(false);
    }
    let both_nan = a.f_isnan()?.f_logical_and(&b.f_isnan()?)?;
    let same = a.f_eq_tensor(b)?.f_logical_or(&both_nan)?;
    Ok(same.f_all()?.f_int64_value(&[])? != 0)
}

/// All values of a tensor as f64.
///
/// # Errors
///
/// What libtorch says.
pub fn list(tensor: &Tensor) -> Result<Vec<f64>, TrainError> {
    let flat = tensor.f_detach()?.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?;
    Ok(Vec::try_from(flat.f_reshape([-1])?)?)
}

/// The smallest and the largest value.
///
/// # Errors
///
/// What libtorch says.
pub fn range(tensor: &Tensor) -> Result<(f64, f64), TrainError> {
    let values = list(tensor)?;
    let fold = |start: f64, pick: fn(f64, f64) -> f64| values.iter().copied().fold(start, pick);
    Ok((fold(f64::INFINITY, f64::min), fold(f64::NEG_INFINITY, f64::max)))
}

/// Seconds of one call: the median of seven, after one that is not counted.
///
/// # Errors
///
/// What the call says.
pub fn seconds<T>(mut call: impl FnMut() -> Result<T, TrainError>) -> Result<f64, TrainError> {
    call()?;
    let mut times = Vec::new();
    for _ in 0..7 {
        let begun = Instant::now();
        call()?;
        times.push(begun.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

/// `12 µs`, `3.4 ms`, `1.2 s`.
pub fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.0} µs", s * 1e6),
        s if s < 1.0 => format!("{:.1} ms", s * 1e3),
        s => format!("{s:.1} s"),
    }
}

/// Four digits.
pub fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        1e-3..1e5 => {
            let text = format!("{value:.4}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => format!("{value:.3e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_words() {
        assert_eq!([3.2e-5, 0.0034, 1.23].map(time), ["32 µs", "3.4 ms", "1.2 s"]);
        let texts = [0.0, 1.0, -0.25, 12345.678, 1e-7, f64::NAN].map(short);
        assert_eq!(texts, ["0", "1", "-0.25", "12345.678", "1.000e-7", "NaN"]);
    }

    #[test]
    fn sameness_is_of_form_and_value() {
        let x = Tensor::from_slice(&[1.0_f32, f32::NAN]);
        assert!(same(&x, &x.copy()).unwrap());
        assert!(!same(&x, &Tensor::from_slice(&[1.0_f32, 2.0])).unwrap());
        assert!(!same(&x, &x.to_kind(Kind::Double)).unwrap());
        assert_eq!(range(&Tensor::from_slice(&[2_i64, -3])).unwrap(), (-3.0, 2.0));
    }
}
