//! Everything that a training step changes.

use tch::{TchError, Tensor};

use crate::torch::memory_format::copied_as;
use crate::train::error::TrainError;
use crate::train::optimizer::Optimizer;
use crate::train::training::Training;

/// Copies of weights, buffers and the optimizer's state, on the device.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub groups: Vec<Group<Tensor>>,
}

/// Tensors whose sizes can be compared.
#[derive(Debug)]
pub(super) struct Group<T> {
    pub name: &'static str,
    pub tensors: Vec<T>,
}

fn groups<'a>(training: &'a Training<'_>, optimizer: &'a Optimizer) -> Vec<Group<&'a Tensor>> {
    let network = &training.network;
    let group = |name, tensors| Group { name, tensors };
    let mut all = vec![
        group("weights", network.parameters().iter().map(|one| &one.tensor).collect()),
        group("buffers", network.buffers().iter().map(|one| &one.tensor).collect()),
    ];
    all.extend(optimizer.lists().map(|(name, list)| group(name, list.iter().collect())));
    all
}

impl Snapshot {
    /// As it stands.
    ///
    /// # Errors
    ///
    /// Not enough memory.
    pub fn of(training: &Training<'_>, optimizer: &Optimizer) -> Result<Self, TrainError> {
        let one = |group: Group<&Tensor>| -> Result<Group<Tensor>, TchError> {
            let tensors = group
                .tensors
                .into_iter()
                .map(|one| copied_as(one, one))
                .collect::<Result<_, _>>()?;
            Ok(Group { name: group.name, tensors })
        };
        let groups = groups(training, optimizer).into_iter().map(one).collect::<Result<_, _>>()?;
        Ok(Self { groups })
    }

    /// Back to it, in the same memory.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn restore(
        &self,
        training: &Training<'_>,
        optimizer: &Optimizer,
    ) -> Result<(), TrainError> {
        tch::no_grad(|| {
            for (copies, own) in self.groups.iter().zip(groups(training, optimizer)) {
                for (copy, own) in copies.tensors.iter().zip(own.tensors) {
                    own.shallow_clone().f_copy_(copy)?;
                }
            }
            Ok(())
        })
    }
}
