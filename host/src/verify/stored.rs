//! A safetensors file as bytes: bits are compared here, not numbers.

use std::collections::BTreeMap;
use std::ops::Range;

use safetensors::{Dtype, SafeTensors};

/// The tensors of a file.
#[derive(Debug)]
pub struct Stored {
    bytes: Vec<u8>,
    places: BTreeMap<String, Place>,
}

#[derive(Debug)]
struct Place {
    dtype: Dtype,
    shape: Vec<usize>,
    data: Range<usize>,
}

/// One tensor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bits<'a> {
    pub dtype: Dtype,
    pub shape: &'a [usize],
    /// Its elements in row-major order, little-endian.
    pub data: &'a [u8],
}

impl Stored {
    /// Takes the bytes of a file.
    ///
    /// # Errors
    /// They are no safetensors file; says why.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, String> {
        let file = SafeTensors::deserialize(&bytes).map_err(|error| error.to_string())?;
        let begin = bytes.as_ptr().addr();
        let place = |(name, tensor): (String, safetensors::tensor::TensorView<'_>)| {
            let start = tensor.data().as_ptr().addr() - begin;
            let data = start..start + tensor.data().len();
            (name, Place { dtype: tensor.dtype(), shape: tensor.shape().to_vec(), data })
        };
        let places = file.tensors().into_iter().map(place).collect();
        Ok(Self { bytes, places })
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// How many tensors there are.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// A tensor.
    pub fn get(&self, name: &str) -> Option<Bits<'_>> {
        let Place { dtype, shape, data } = self.places.get(name)?;
        Some(Bits { dtype: *dtype, shape, data: self.bytes.get(data.clone())? })
    }

    /// All tensors, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Bits<'_>)> {
        self.names().filter_map(|name| Some((name, self.get(name)?)))
    }
}

impl<'a> Bits<'a> {
    /// Its elements' bytes.
    pub fn elements(self) -> impl Iterator<Item = &'a [u8]> {
        // An empty tensor has a size of 1, too, and no element.
        self.data.chunks_exact((self.dtype.bitsize() / 8).max(1))
    }

    /// Whether it is a mask: bools that are 0 or 1.
    pub fn is_mask(self) -> bool {
        self.dtype == Dtype::BOOL && self.data.iter().all(|&byte| byte <= 1)
    }

    /// How many elements of a mask are kept.
    pub fn kept(self) -> u64 {
        self.data.iter().filter(|&&byte| byte == 1).count() as u64
    }

    /// An element as a number, for people.
    pub fn shown(self, index: usize) -> String {
        let bytes = self.elements().nth(index).unwrap_or_default();
        match (self.dtype, bytes.first_chunk::<4>()) {
            (Dtype::F32, Some(bytes)) => format!("{:?}", f32::from_le_bytes(*bytes)),
            _ => format!("{bytes:02x?}"),
        }
    }
}

#[cfg(test)]
pub mod tests {
    use safetensors::tensor::TensorView;

    use super::*;

    /// A file of f32 tensors and masks, all of one dimension.
    pub fn file(floats: &[(&str, &[f32])], masks: &[(&str, &[u8])]) -> Vec<u8> {
        let floats = floats.iter().map(|(name, values)| {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            (*name, Dtype::F32, bytes)
        });
        let masks = masks.iter().map(|(name, values)| (*name, Dtype::BOOL, values.to_vec()));
        let all: Vec<_> = floats.chain(masks).collect();
        let views = all.iter().map(|(name, dtype, bytes)| {
            let count = bytes.len() * 8 / dtype.bitsize();
            (*name, TensorView::new(*dtype, vec![count], bytes).unwrap())
        });
        safetensors::serialize(views, None).unwrap()
    }

    #[test]
    fn tensors_are_found_as_bits() {
        let stored = Stored::parse(file(&[("w", &[-0.0, 1.5])], &[("m", &[1, 0])])).unwrap();
        assert_eq!(stored.names().collect::<Vec<_>>(), ["m", "w"]);
        let (w, m) = (stored.get("w").unwrap(), stored.get("m").unwrap());
        assert_eq!((w.shape, w.shown(0), w.shown(1)), (&[2][..], "-0.0".into(), "1.5".into()));
        assert!(m.is_mask() && !w.is_mask() && m.kept() == 1);
        assert!(Stored::parse(b"hello".to_vec()).is_err());
    }
}
