//! How often a tensor was written in place, as autograd counts it. A tensor, its views and what it
//! was detached from count together.

use std::sync::OnceLock;

use tch::Tensor;

use super::error::OpError;
use super::op::Op;
use super::value::{Arg, Value};

/// The count.
///
/// # Errors
/// [`OpError::Failed`] for a tensor of inference mode, which has none.
pub fn version(tensor: &Tensor) -> Result<i64, OpError> {
    static FOUND: OnceLock<Op> = OnceLock::new();
    match Op::find_once(&FOUND, "aten::_version")?.call(&[Arg::Tensor(tensor)], &[])?.as_slice() {
        [Value::Int(version)] => Ok(*version),
        _ => Err(OpError::failed("version", "is no number")),
    }
}

/// Counts a write that libtorch cannot see.
///
/// # Errors
/// [`OpError::Failed`] for a tensor without dimensions, or a leaf whose gradient is recorded.
pub fn count_write(tensor: &Tensor) -> Result<(), OpError> {
    // Writing no numbers of a view counts for the whole.
    let none = tensor.f_narrow(0, 0, 0).and_then(|mut none| none.f_zero_());
    none.map(drop).map_err(|error| OpError::failed("version", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind};

    #[test]
    fn every_write_counts_also_for_what_shares_the_memory() {
        let x = Tensor::zeros([2, 3], (Kind::Float, Device::Cpu));
        let before = version(&x).unwrap();
        count_write(&x.detach()).unwrap();
        assert_eq!(version(&x).unwrap(), before + 1);
        let _ = x.shallow_clone().fill_(2.0);
        assert_eq!(version(&x).unwrap(), before + 2);
        assert!(count_write(&Tensor::from(1.0_f32)).is_err());
    }
}
