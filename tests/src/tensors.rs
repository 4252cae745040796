//! Stored tensors, as bits.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

/// One tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its element type.
    pub dtype: Dtype,
    /// Its sizes.
    pub shape: Vec<usize>,
    /// Its elements, little-endian.
    pub bytes: Vec<u8>,
}

/// Tensors by name.
pub type State = BTreeMap<String, Stored>;

/// All tensors of a safetensors file.
#[track_caller]
pub fn read(path: &Path) -> State {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let stored = |view: TensorView<'_>| Stored {
        dtype: view.dtype(),
        shape: view.shape().to_vec(),
        bytes: view.data().to_vec(),
    };
    file.tensors().into_iter().map(|(name, view)| (name, stored(view))).collect()
}

/// Makes a safetensors file.
#[track_caller]
pub fn write(path: &Path, tensors: &[(String, &Stored)]) {
    let views = tensors.iter().map(|(name, stored)| {
        let view = TensorView::new(stored.dtype, stored.shape.clone(), &stored.bytes).unwrap();
        (name.as_str(), view)
    });
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

impl Stored {
    /// The bits of f32 elements.
    #[track_caller]
    pub fn bits(&self) -> Vec<u32> {
        assert_eq!(self.dtype, Dtype::F32);
        let word = |four: &[u8]| u32::from_le_bytes(four.try_into().unwrap());
        self.bytes.chunks_exact(4).map(word).collect()
    }

    /// f32 elements.
    #[track_caller]
    pub fn floats(&self) -> Vec<f32> {
        self.bits().into_iter().map(f32::from_bits).collect()
    }

    /// Truth values.
    #[track_caller]
    pub fn flags(&self) -> Vec<bool> {
        assert_eq!(self.dtype, Dtype::BOOL);
        self.bytes.iter().map(|&byte| byte != 0).collect()
    }
}

/// Kept and all weights of a mask file.
pub fn count(masks: &State) -> (u64, u64) {
    let flags: Vec<bool> = masks.values().flat_map(Stored::flags).collect();
    (flags.iter().filter(|&&kept| kept).count() as u64, flags.len() as u64)
}

/// `where(mask, weight, +0.0)`, as bits; weights without a mask as they are.
pub fn masked(masks: &State, weights: &State, name: &str) -> Vec<u32> {
    let bits = weights[name].bits();
    match masks.get(name) {
        None => bits,
        Some(mask) => {
            let keep = |(bits, kept): (u32, bool)| if kept { bits } else { 0 };
            bits.into_iter().zip(mask.flags()).map(keep).collect()
        }
    }
}
