//! Tensors by name.

use super::Tensor;
use crate::error::TensorError;

/// A map of named tensors that keeps its order: a model's outputs, a batch's targets, scores.
#[derive(Debug, Clone, Default)]
pub struct NamedTensors(Vec<(String, Tensor)>);

impl NamedTensors {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tensor of that name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, tensor)| tensor)
    }

    /// The tensor of that name; leaves the hook with an error that lists the names if it is not
    /// there.
    pub fn expect(&self, name: &str) -> &Tensor {
        self.get(name).unwrap_or_else(|| {
            let names: Vec<_> = self.iter().map(|(name, _)| name).collect();
            let message = format!("no tensor of that name; there are: {}", names.join(", "));
            TensorError::new(name, message).throw()
        })
    }

    /// Adds or replaces a tensor.
    pub fn insert(&mut self, name: impl Into<String>, tensor: Tensor) {
        let name = name.into();
        match self.0.iter_mut().find(|(key, _)| *key == name) {
            Some(slot) => slot.1 = tensor,
            None => self.0.push((name, tensor)),
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.0.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, Tensor)> for NamedTensors {
    fn from_iter<I: IntoIterator<Item = (String, Tensor)>>(iter: I) -> Self {
        let mut map = Self::new();
        for (name, tensor) in iter {
            map.insert(name, tensor);
        }
        map
    }
}

impl IntoIterator for NamedTensors {
    type Item = (String, Tensor);
    type IntoIter = std::vec::IntoIter<(String, Tensor)>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
