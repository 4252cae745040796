//! Everything that a training step changes.

use tch::{TchError, Tensor};

use crate::train::error::TrainError;
use crate::train::optimizer::Optimizer;
use crate::train::training::Training;

/// Copies of weights, buffers and the optimizer's state, on the device.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub groups: [(&'static str, Vec<Tensor>); 3],
}

fn groups<'a>(
    training: &'a Training<'_>,
    optimizer: &'a Optimizer,
) -> [(&'static str, Vec<&'a Tensor>); 3] {
    let network = &training.network;
    [
        ("weights", network.parameters().iter().map(|one| &one.tensor).collect()),
        ("buffers", network.buffers().iter().map(|one| &one.tensor).collect()),
        ("moments", optimizer.tensors().collect()),
    ]
}

impl Snapshot {
    /// As it stands.
    ///
    /// # Errors
    ///
    /// Not enough memory.
    pub fn of(training: &Training<'_>, optimizer: &Optimizer) -> Result<Self, TrainError> {
        let copy = |tensor: &Tensor| -> Result<Tensor, TchError> {
            let mut own = tensor.f_detach()?.f_empty_like()?;
            own.f_copy_(&tensor.f_detach()?)?;
            Ok(own)
        };
        let mut own = Self { groups: Default::default() };
        for ((name, copies), (named, list)) in
            own.groups.iter_mut().zip(groups(training, optimizer))
        {
            *name = named;
            *copies = list.into_iter().map(copy).collect::<Result<_, _>>()?;
        }
        Ok(own)
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
            for ((_, copies), (_, list)) in self.groups.iter().zip(groups(training, optimizer)) {
                for (copy, own) in copies.iter().zip(list) {
                    own.shallow_clone().f_copy_(copy)?;
                }
            }
            Ok(())
        })
    }
}
