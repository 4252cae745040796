//! The numbers that libtorch gives to dtypes (`c10::ScalarType`) and kinds of devices
//! (`c10::DeviceType`). tch keeps its own tables private.

use tch::{Device, Kind};

const DTYPES: [(Kind, i32); 20] = [
    (Kind::Uint8, 0),
    (Kind::Int8, 1),
    (Kind::Int16, 2),
    (Kind::Int, 3),
    (Kind::Int64, 4),
    (Kind::Half, 5),
    (Kind::Float, 6),
    (Kind::Double, 7),
    (Kind::ComplexHalf, 8),
    (Kind::ComplexFloat, 9),
    (Kind::ComplexDouble, 10),
    (Kind::Bool, 11),
    (Kind::QInt8, 12),
    (Kind::QUInt8, 13),
    (Kind::QInt32, 14),
    (Kind::BFloat16, 15),
    (Kind::Float8e5m2, 23),
    (Kind::Float8e4m3fn, 24),
    (Kind::Float8e5m2fnuz, 25),
    (Kind::Float8e4m3fnuz, 26),
];

/// The number of a dtype.
pub fn dtype_code(dtype: Kind) -> i32 {
    DTYPES.iter().find(|(kind, _)| *kind == dtype).map_or(-1, |(_, code)| *code)
}

/// The dtype of a number; none for those that tch does not know.
pub fn dtype_of(code: i64) -> Option<Kind> {
    DTYPES.iter().find(|(_, known)| i64::from(*known) == code).map(|(kind, _)| *kind)
}

/// The number of a device's kind, and the device's index (−1: the kind has no index).
pub fn device_code(device: Device) -> (i32, i64) {
    match device {
        Device::Cpu => (0, -1),
        // An index beyond `i64` cannot exist; the C++ side refuses this one.
        Device::Cuda(index) => (1, i64::try_from(index).unwrap_or(i64::MAX)),
        Device::Vulkan => (10, -1),
        Device::Mps => (13, -1),
    }
}

/// The device of a kind's number and an index; none for those that tch does not know.
pub fn device_of(kind: i32, index: i64) -> Option<Device> {
    match kind {
        0 => Some(Device::Cpu),
        1 => Some(Device::Cuda(usize::try_from(index).unwrap_or(0))),
        10 => Some(Device::Vulkan),
        13 => Some(Device::Mps),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dtype_has_libtorchs_own_number() {
        // libtorch itself names the number: `empty` with it as a plain int has that dtype.
        let empty = crate::torch::Op::find("aten::empty.memory_format").unwrap();
        for (kind, code) in DTYPES {
            // `empty` makes no quantised tensors, and warns of half-precision complex ones.
            if matches!(kind, Kind::QInt8 | Kind::QUInt8 | Kind::QInt32 | Kind::ComplexHalf) {
                continue;
            }
            let dtype = crate::torch::Arg::Int(code.into());
            let shape = crate::torch::Arg::IntList(&[1]);
            let tensor = empty.call1(&[shape], &[("dtype", dtype)]).unwrap();
            assert_eq!(tensor.kind(), kind);
            assert_eq!(dtype_of(code.into()), Some(kind));
            assert_eq!(dtype_code(kind), code);
        }
    }

    #[test]
    fn devices_go_there_and_back() {
        for device in [Device::Cpu, Device::Cuda(0), Device::Cuda(3), Device::Mps, Device::Vulkan] {
            let (kind, index) = device_code(device);
            assert_eq!(device_of(kind, index), Some(device));
        }
    }
}
