//! Knobs: named scalars that follow the progress of training.

use jackpot_plugin_api::ctx::Progress;
use tch::{Device, Kind, Tensor};

use crate::plugin::HookError;
use crate::plugin::kinds::Common;

/// The knobs of one item, each a 0-dimensional f32 tensor that keeps its place in memory.
#[derive(Debug)]
pub struct KnobSet {
    knobs: Vec<Knob>,
}

#[derive(Debug)]
struct Knob {
    name: String,
    value: f64,
    tensor: Tensor,
}

impl KnobSet {
    /// The knobs that an item names, with their values before the first step.
    ///
    /// # Errors
    ///
    /// What the item's hook says.
    pub fn new(item: &dyn Common, device: Device, start: Progress) -> Result<Self, HookError> {
        let make = |name: &String| {
            let value = item.knob(name, start)?;
            let tensor = Tensor::full([], value, (Kind::Float, device));
            Ok(Knob { name: name.clone(), value, tensor })
        };
        let knobs = item.instance().knobs().iter().map(make).collect::<Result<_, _>>()?;
        Ok(Self { knobs })
    }

    /// No knobs.
    pub fn none() -> Self {
        Self { knobs: Vec::new() }
    }

    /// Moves them to that point of the training.
    ///
    /// # Errors
    ///
    /// What the item's hook says.
    pub fn update(&mut self, item: &dyn Common, progress: Progress) -> Result<(), HookError> {
        for knob in &mut self.knobs {
            let value = item.knob(&knob.name, progress)?;
            if value.to_bits() != knob.value.to_bits() {
                knob.value = value;
                let _ = knob.tensor.fill_(value);
            }
        }
        Ok(())
    }

    /// Keeps the values in that dtype from here on; f64 gets what f32 had rounded.
    pub(super) fn convert_to(&mut self, kind: Kind) {
        for knob in &mut self.knobs {
            knob.tensor = Tensor::full([], knob.value, (kind, knob.tensor.device()));
        }
    }

    /// The tensor of a knob.
    pub fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.knobs.iter().find(|knob| knob.name == name).map(|knob| &knob.tensor)
    }

    /// Names and tensors.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.knobs.iter().map(|knob| (knob.name.as_str(), &knob.tensor))
    }

    /// Names and values, for the metrics.
    pub fn values(&self) -> impl Iterator<Item = (&str, f64)> {
        self.knobs.iter().map(|knob| (knob.name.as_str(), knob.value))
    }

    /// Whether there are knobs and all of them are exactly 0.
    pub fn all_zero(&self) -> bool {
        !self.knobs.is_empty() && self.knobs.iter().all(|knob| knob.value == 0.0)
    }
}
