//! Copies from the host's memory to a device that nobody waits for.

use std::sync::OnceLock;

use tch::{Device, Tensor};

use super::capture;
use super::error::OpError;
use super::op::Op;
use super::value::Arg;

/// `tensor` on that device; itself where it is there.
///
/// From ordinary memory CUDA copies while the caller waits, and before that for every kernel that
/// was asked for earlier: one copy a step, and the GPU has nothing to do while the next step is
/// prepared. So what goes to a GPU goes through pinned memory. libtorch keeps a pool of that, and
/// gives it out again only once the copy is done.
///
/// In work that is [captured](capture) it is copied once, before.
///
/// # Errors
///
/// What libtorch says: not enough memory there.
pub fn upload(tensor: &Tensor, device: Device) -> Result<Tensor, OpError> {
    if tensor.device() == Device::Cpu
        && let Some(there) = capture::constant(tensor, device)?
    {
        return Ok(there);
    }
    at_once(tensor, device)
}

/// As [`upload`], whether or not something is captured.
pub(super) fn at_once(tensor: &Tensor, device: Device) -> Result<Tensor, OpError> {
    static TO: OnceLock<Op> = OnceLock::new();
    let to = Op::find_once(&TO, "aten::_to_copy")?;
    let copy = |from: &Tensor, is_waited_for: bool| {
        let named = [("device", Arg::Device(device)), ("non_blocking", Arg::Bool(!is_waited_for))];
        to.call1(&[Arg::Tensor(from)], &named)
    };
    match way(tensor.device(), device) {
        Way::Stay => Ok(tensor.shallow_clone()),
        Way::Copy => copy(tensor, true),
        // Memory that may not be pinned (a limit of the system) is copied as it lies.
        Way::Pinned => match pinned(tensor) {
            Ok(pinned) => copy(&pinned, false),
            Err(_) => copy(tensor, true),
        },
    }
}

/// How a tensor gets from one device to another.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    Stay,
    Copy,
    Pinned,
}

fn way(from: Device, to: Device) -> Way {
    match (from, to) {
        (from, to) if from == to => Way::Stay,
        (Device::Cpu, Device::Cuda(_)) => Way::Pinned,
        _ => Way::Copy,
    }
}

fn pinned(tensor: &Tensor) -> Result<Tensor, OpError> {
    static PIN: OnceLock<Op> = OnceLock::new();
    Op::find_once(&PIN, "aten::pin_memory")?.call1(&[Arg::Tensor(tensor)], &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_goes_to_a_gpu_is_pinned() {
        let (cpu, gpu, other) = (Device::Cpu, Device::Cuda(0), Device::Cuda(1));
        assert_eq!(way(cpu, cpu), Way::Stay);
        assert_eq!(way(cpu, gpu), Way::Pinned);
        assert_eq!(
            (way(gpu, cpu), way(gpu, other), way(gpu, gpu)),
            (Way::Copy, Way::Copy, Way::Stay)
        );
        let tensor = Tensor::from_slice(&[1_i64, 2]);
        assert_eq!(upload(&tensor, cpu).unwrap().data_ptr(), tensor.data_ptr());
    }
}
