//! Raw bytes and memory formats.

use proptest::prelude::*;
use tch::{Device, Kind, Tensor};

use super::{assert_same, ramp};
use crate::torch::OpError;
use crate::torch::bytes::{from_bytes, to_bytes};
use crate::torch::memory_format::MemoryFormat;

#[test]
fn bytes_are_little_endian_and_row_major() {
    let x = Tensor::from_slice(&[1_i16, -2, 0x0304, 0]).view([2, 2]);
    assert_eq!(to_bytes(&x).unwrap(), [1, 0, 0xfe, 0xff, 4, 3, 0, 0]);
    assert_eq!(to_bytes(&x.tr()).unwrap(), [1, 0, 4, 3, 0xfe, 0xff, 0, 0]);
    assert_eq!(to_bytes(&Tensor::from(1.0_f32)).unwrap(), [0, 0, 0x80, 0x3f]);
    assert_eq!(to_bytes(&Tensor::from_slice(&[true, false])).unwrap(), [1, 0]);
}

#[test]
fn every_plain_dtype_goes_there_and_back() {
    for dtype in [
        Kind::Uint8,
        Kind::Int8,
        Kind::Int16,
        Kind::Int,
        Kind::Int64,
        Kind::Half,
        Kind::BFloat16,
        Kind::Float,
        Kind::Double,
        Kind::Bool,
    ] {
        let x = ramp(&[2, 3]).abs().to_kind(dtype);
        let bytes = to_bytes(&x).unwrap();
        assert_eq!(bytes.len(), 6 * dtype.elt_size_in_bytes());
        assert_same(&from_bytes(dtype, &[2, 3], &bytes).unwrap(), &x);
    }
}

proptest! {
    /// Whatever the bytes, shape and order in memory, they come back as they were.
    #[test]
    fn any_bytes_come_back(
        seed in proptest::collection::vec(any::<u8>(), 480),
        (rows, columns) in (0_usize..6, 0_usize..10),
        dtype in proptest::sample::select(vec![
            Kind::Uint8, Kind::Int16, Kind::Half, Kind::BFloat16, Kind::Float, Kind::Double,
            Kind::Int64,
        ]),
    ) {
        let size = dtype.elt_size_in_bytes();
        let bytes = &seed[..rows * columns * size];
        let shape = [rows as i64, columns as i64];
        let x = from_bytes(dtype, &shape, bytes).unwrap();
        prop_assert_eq!(x.size(), shape);
        prop_assert_eq!(to_bytes(&x).unwrap(), bytes);
        let transposed = x.tr().contiguous();
        prop_assert_eq!(to_bytes(&transposed.tr()).unwrap(), bytes);
    }
}

#[test]
fn negative_zero_and_nan_keep_their_bits() {
    let bytes = [(-0.0_f32).to_le_bytes(), f32::from_bits(0x7fc0_1234).to_le_bytes()].concat();
    let x = from_bytes(Kind::Float, &[2], &bytes).unwrap();
    assert_eq!(to_bytes(&x).unwrap(), bytes);
}

#[test]
fn views_and_leaves_give_their_values() {
    let z = Tensor::complex(&ramp(&[2]), &ramp(&[2]));
    let negated = z.conj().imag();
    assert_eq!(to_bytes(&negated).unwrap(), to_bytes(&ramp(&[2]).neg()).unwrap());
    let leaf = ramp(&[3]).set_requires_grad(true);
    assert_eq!(to_bytes(&leaf).unwrap(), to_bytes(&ramp(&[3])).unwrap());
    let column = ramp(&[2, 3]).select(1, 1);
    assert_eq!(to_bytes(&column).unwrap(), to_bytes(&column.contiguous()).unwrap());
}

#[test]
fn empty_tensors_and_scalars() {
    assert_eq!(from_bytes(Kind::Float, &[0, 3], &[]).unwrap().size(), [0, 3]);
    assert!(to_bytes(&Tensor::zeros([0], (Kind::Float, Device::Cpu))).unwrap().is_empty());
    let scalar = from_bytes(Kind::Int, &[], &[7, 0, 0, 0]).unwrap();
    assert_eq!((scalar.dim(), scalar.int64_value(&[])), (0, 7));
}

#[test]
fn bytes_that_do_not_fit_are_errors() {
    let length = from_bytes(Kind::Float, &[2], &[0; 7]).unwrap_err();
    assert_eq!(
        length,
        OpError::WrongLength { dtype: Kind::Float, shape: vec![2], expected: 8, given: 7 }
    );
    for shape in [vec![-1], vec![i64::MAX, 4], vec![i64::MAX, i64::MAX, 0]] {
        let error = from_bytes(Kind::Float, &shape, &[]).unwrap_err();
        assert_eq!(error, OpError::BadShape { shape });
    }
    let error = from_bytes(Kind::Bool, &[3], &[0, 1, 2]).unwrap_err();
    assert_eq!(error, OpError::NotABool { position: 2, value: 2 });
    let error = from_bytes(Kind::ComplexFloat, &[1], &[0; 8]).unwrap_err();
    assert_eq!(error, OpError::UnsupportedDtype { dtype: "ComplexFloat".to_owned() });
    let sparse = ramp(&[2, 2]).to_sparse(None, None::<&[i64]>, None);
    assert!(!to_bytes(&sparse).unwrap_err().to_string().contains('\n'));
}

#[test]
fn channels_last_changes_strides_and_no_values() {
    let x = ramp(&[2, 3, 4, 5]);
    let last = MemoryFormat::ChannelsLast.apply(&x).unwrap();
    assert_same(&last, &x);
    assert_eq!(last.stride(), [60, 1, 15, 3]);
    assert!(MemoryFormat::ChannelsLast.holds(&last).unwrap());
    assert!(!MemoryFormat::Contiguous.holds(&last).unwrap());
    let back = MemoryFormat::Contiguous.apply(&last).unwrap();
    assert_eq!(back.stride(), [60, 20, 5, 1]);
    assert_same(&back, &x);
}

#[test]
fn channels_last_leaves_vectors_alone() {
    let x = ramp(&[4]);
    let same = MemoryFormat::ChannelsLast.apply(&x).unwrap();
    assert_eq!(same.data_ptr(), x.data_ptr());
}

#[test]
fn memory_formats_have_names() {
    for format in [MemoryFormat::Contiguous, MemoryFormat::ChannelsLast] {
        assert_eq!(MemoryFormat::from_name(format.name()), Some(format));
    }
    assert_eq!(MemoryFormat::from_name("nhwc"), None);
}
