//! Weights to and from safetensors files, under PyTorch's state-dict names.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use tch::{Kind, Tensor};

use super::error::ModelError;
use super::network::Network;
use super::store::Owner;
use crate::torch::bytes::{from_bytes, to_bytes};

/// Tensors by name.
pub type State = BTreeMap<String, Tensor>;

const DTYPES: [(Kind, Dtype); 8] = [
    (Kind::Float, Dtype::F32),
    (Kind::Double, Dtype::F64),
    (Kind::Int64, Dtype::I64),
    (Kind::Int, Dtype::I32),
    (Kind::Uint8, Dtype::U8),
    (Kind::Bool, Dtype::BOOL),
    (Kind::Half, Dtype::F16),
    (Kind::BFloat16, Dtype::BF16),
];

/// Serialises tensors; the same tensors give the same bytes.
///
/// # Errors
///
/// A dtype that safetensors does not have.
pub fn to_safetensors(state: &State) -> Result<Vec<u8>, ModelError> {
    to_safetensors_about(state, None)
}

/// As [`to_safetensors`], with a text under `jackpot` in the file's metadata. (One alone: several
/// have no order, and the bytes would differ.)
///
/// # Errors
///
/// As [`to_safetensors`].
pub fn to_safetensors_about(state: &State, about: Option<String>) -> Result<Vec<u8>, ModelError> {
    let fail = |message: String| ModelError::File { path: "safetensors".into(), message };
    let mut parts = Vec::with_capacity(state.len());
    for (name, tensor) in state {
        let dtype = DTYPES.iter().find(|(kind, _)| *kind == tensor.kind());
        let dtype = dtype.ok_or_else(|| fail(format!("`{name}` is {:?}", tensor.kind())))?.1;
        let shape: Vec<usize> =
            tensor.size().iter().map(|&size| size.unsigned_abs() as usize).collect();
        let data = to_bytes(&tensor.detach().f_to_device(tch::Device::Cpu)?)?;
        parts.push((name.as_str(), dtype, shape, data));
    }
    let views = parts
        .iter()
        .map(|(name, dtype, shape, data)| {
            let view = TensorView::new(*dtype, shape.clone(), data);
            view.map(|view| (*name, view)).map_err(|e| fail(e.to_string()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let about = about.map(|text| HashMap::from([("jackpot".to_owned(), text)]));
    safetensors::serialize(views, about).map_err(|e| fail(e.to_string()))
}

/// Reads tensors from a file, on the CPU.
///
/// # Errors
///
/// A file that cannot be read or is no safetensors file.
pub fn read(path: &Path) -> Result<State, ModelError> {
    let message = |error: std::io::Error| format!("cannot be read: {error}");
    let bytes = std::fs::read(path)
        .map_err(|error| ModelError::File { path: path.to_owned(), message: message(error) })?;
    parse(path, &bytes)
}

/// Reads tensors from a file's content; `path` is for errors.
///
/// # Errors
///
/// It is no safetensors file, or has a dtype that is not known here.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<State, ModelError> {
    let fail = |message: String| ModelError::File { path: path.to_owned(), message };
    let file = SafeTensors::deserialize(bytes)
        .map_err(|e| fail(format!("is no valid safetensors file: {e}")))?;
    let mut state = State::new();
    for (name, view) in file.tensors() {
        let kind = DTYPES.iter().find(|(_, dtype)| *dtype == view.dtype());
        let kind = kind.ok_or_else(|| fail(format!("`{name}` has dtype {:?}", view.dtype())))?.0;
        let shape: Vec<i64> = view.shape().iter().map(|&size| size as i64).collect();
        state.insert(name, from_bytes(kind, &shape, view.data())?);
    }
    Ok(state)
}

/// What becomes of tensors that the network does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extra {
    /// They are an error.
    Refused,
    /// They are left out: a ticket may come from a network with other tweaks.
    Ignored,
}

/// PyTorch's counter of training batches in every batch normalisation.
const COUNTER: &str = ".num_batches_tracked";

impl Network {
    /// All parameters and buffers, as handles to the network's own tensors.
    pub fn state(&self) -> State {
        self.state_of(|_| true)
    }

    /// What is stored and exported: all of it, but not a skip that no longer acts.
    pub fn stored_state(&self) -> State {
        let acts = self.skip_acts();
        self.state_of(|owner| acts || owner != Owner::Skip)
    }

    fn state_of(&self, wanted: impl Fn(Owner) -> bool) -> State {
        let parameters = self.parameters().iter().filter(|p| wanted(p.owner));
        let parameters = parameters.map(|p| (p.name.clone(), p.tensor.detach()));
        let buffers = self.buffers().iter().filter(|b| wanted(b.owner));
        let buffers = buffers.map(|b| {
            let counts = b.name.ends_with(COUNTER) && b.tensor.kind() == Kind::Int64;
            let value = if counts {
                Tensor::from(i64::try_from(self.forwards()).unwrap_or(i64::MAX))
            } else {
                b.tensor.shallow_clone()
            };
            (b.name.clone(), value)
        });
        parameters.chain(buffers).collect()
    }

    /// Overwrites parameters and buffers by name. Tensors that tweaks added may be missing from
    /// the state; everything of the architecture must be there.
    ///
    /// # Errors
    ///
    /// Names that are missing or (if so asked) unknown, or a shape that differs, all of them
    /// listed.
    pub fn load(&mut self, state: &State, from: &Path, extra: Extra) -> Result<(), ModelError> {
        let mut problems = Vec::new();
        let mut known = Vec::new();
        for (name, own, required) in self.slots() {
            known.push(name.to_owned());
            match state.get(name) {
                Some(value) if value.size() != own.size() => problems.push(format!(
                    "`{name}` has shape {:?}, the network's has {:?}",
                    value.size(),
                    own.size()
                )),
                None if required => problems.push(format!("`{name}` is missing")),
                _ => {}
            }
        }
        problems.extend(
            state
                .keys()
                .filter(|name| extra == Extra::Refused && !known.contains(name))
                .map(|name| format!("`{name}` is not in the network")),
        );
        if !problems.is_empty() {
            let more = problems.len().saturating_sub(8);
            problems.truncate(8);
            let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
            let message = format!("does not fit the network:\n  {}{more}", problems.join("\n  "));
            return Err(ModelError::File { path: from.to_owned(), message });
        }
        tch::no_grad(|| {
            for (name, own, _) in self.slots() {
                if let Some(value) = state.get(name) {
                    own.shallow_clone().f_copy_(value)?;
                }
            }
            Ok::<_, ModelError>(())
        })?;
        let counter = state.iter().find(|(name, _)| name.ends_with(COUNTER));
        if let Some((_, count)) = counter.filter(|(_, count)| count.numel() == 1) {
            self.set_forwards(count.int64_value(&[]).unsigned_abs());
        }
        Ok(())
    }

    /// Each tensor with whether a file must have it.
    fn slots(&self) -> impl Iterator<Item = (&str, &Tensor, bool)> {
        let parameters =
            self.parameters().iter().map(|p| (p.name.as_str(), &p.tensor, p.owner == Owner::Graph));
        let buffers =
            self.buffers().iter().map(|b| (b.name.as_str(), &b.tensor, b.owner == Owner::Graph));
        parameters.chain(buffers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_round_trips_to_the_bit() {
        let tensors = [
            ("a.weight", Tensor::from_slice(&[1.5_f32, -0.0, f32::NAN]).reshape([3, 1])),
            ("mask", Tensor::from_slice(&[true, false])),
            ("count", Tensor::from(7_i64)),
        ];
        let state: State = tensors.into_iter().map(|(n, t)| (n.to_owned(), t)).collect();
        let bytes = to_safetensors(&state).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        let back = read(file.path()).unwrap();
        assert_eq!(to_safetensors(&back).unwrap(), bytes);
        assert_eq!(back["count"].size(), Vec::<i64>::new());
    }

    #[test]
    fn a_file_that_is_something_else_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"hello").unwrap();
        let text = read(file.path()).unwrap_err().to_string();
        assert!(text.contains("is no valid safetensors file"), "{text}");
    }
}
