//! Which layers of a pruned network run on sparse kernels.
//!
//! A rule decides from the masks alone, so it decides the same after a resume. What was measured
//! is written down before the first step, beside the state of the unfinished training, and goes
//! with the job's files in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::checkpoint::write;
use super::error::TrainError;
use super::places::Places;
use super::training::Training;
use crate::config::Sparse;
use crate::model::graph::flops;
use crate::model::run::sparse::{Candidate, chosen};
use crate::prune::Masks;

/// The layers that were measured to gain, in a job's folder.
pub const FILE: &str = "kernels.json";
/// The same beside the state of an unfinished training, where it does not count as a state.
const HIDDEN: &str = ".kernels.json";

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// The weights of the layers that run on sparse kernels.
    pub sparse: BTreeSet<String>,
    /// Those of the other layers, which are computed dense.
    pub dense: BTreeSet<String>,
}

impl Measured {
    /// `None` where there is no such file.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is something else.
    pub fn read(path: &Path) -> Result<Option<Self>, TrainError> {
        let unfit = |source| TrainError::File { path: path.to_owned(), source };
        match std::fs::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unfit(error)),
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
                unfit(std::io::Error::new(std::io::ErrorKind::InvalidData, error))
            }),
        }
    }
}

impl Training<'_> {
    /// Chooses the layers that run on sparse kernels, and makes these.
    ///
    /// # Errors
    ///
    /// What a kernel or operator says; a record that cannot be read or written.
    pub fn choose_kernels(&mut self, choice: Sparse) -> Result<(), TrainError> {
        self.sparse = choice;
        let record = self.spec.checkpoint.join(HIDDEN);
        if choice == Sparse::Measured && !record.is_file() {
            let layers = self.layers_of_kernels()?;
            if !layers.is_empty() {
                let measured = self.measured(&layers)?;
                if self.spec.checkpoint.as_os_str().is_empty() {
                    // Nothing of this training is kept.
                    return self.make_kernels(Some(&measured));
                }
                let text = serde_json::to_vec_pretty(&measured).unwrap_or_default();
                write(&record, &text)?;
            }
        }
        self.remake_kernels()
    }

    /// As [`Training::choose_kernels`], for a training of which nothing is written.
    ///
    /// # Errors
    ///
    /// What a kernel or operator says.
    pub fn choose_unrecorded(&mut self, choice: Sparse) -> Result<(), TrainError> {
        self.sparse = choice;
        let measured = match choice {
            Sparse::Measured => Some(self.measured(&self.layers_of_kernels()?)?),
            _ => None,
        };
        self.make_kernels(measured.as_ref())
    }

    /// Makes the kernels anew: masks have moved.
    ///
    /// # Errors
    ///
    /// As [`Training::choose_kernels`].
    pub(super) fn remake_kernels(&mut self) -> Result<(), TrainError> {
        let measured = match self.sparse {
            Sparse::Measured => Measured::read(&self.spec.checkpoint.join(HIDDEN))?,
            _ => None,
        };
        self.make_kernels(measured.as_ref())
    }

    /// Other masks for the kernels; gives the ones before. Weights stay as they are.
    ///
    /// # Errors
    ///
    /// As [`Training::choose_kernels`].
    pub(super) fn swap_masks(&mut self, masks: Masks) -> Result<Masks, TrainError> {
        let before = std::mem::replace(&mut self.masks, masks);
        self.remake_kernels()?;
        Ok(before)
    }

    /// Makes the kernels that a finished job was evaluated with.
    ///
    /// # Errors
    ///
    /// As [`Training::choose_kernels`].
    pub fn repeat_kernels(
        &mut self,
        choice: Sparse,
        measured: Option<&Measured>,
    ) -> Result<(), TrainError> {
        self.sparse = choice;
        self.make_kernels(measured)
    }

    fn make_kernels(&mut self, measured: Option<&Measured>) -> Result<(), TrainError> {
        let layers = self.layers_of_kernels()?;
        let all = || layers.iter().map(|layer| layer.name.clone());
        let names: BTreeSet<String> = match (self.sparse, measured) {
            (Sparse::Always, _) => all().collect(),
            (Sparse::Measured, Some(measured)) => {
                all().filter(|name| measured.sparse.contains(name)).collect()
            }
            // Of masks that are pruned only later nothing could be measured.
            (Sparse::Rule | Sparse::Measured, _) => {
                let dense = flops::forward(self.network.view(), &BTreeMap::new()) / 2;
                chosen(&layers, dense)
            }
            (Sparse::Auto | Sparse::Never, _) => BTreeSet::new(),
        };
        if !layers.is_empty() && self.sparse != Sparse::Never {
            tracing::info!("{} of {} layers run on sparse kernels", names.len(), layers.len());
        }
        let masks = &self.masks;
        let chosen = masks.iter().filter(|(name, _)| names.contains(*name));
        self.places = Places::of(chosen)?;
        Ok(self.network.use_kernels(&names, &|name| masks.get(name))?)
    }

    fn layers_of_kernels(&self) -> Result<Vec<Candidate>, TrainError> {
        match self.sparse {
            Sparse::Never => Ok(Vec::new()),
            _ => Ok(self.network.sparse_layers(&|name| self.masks.get(name))?),
        }
    }

    fn measured(&self, layers: &[Candidate]) -> Result<Measured, TrainError> {
        let batch = self.spec.train.batch_size;
        let times = self.network.measure_layers(layers, &|name| self.masks.get(name), batch)?;
        let mut measured = Measured { sparse: BTreeSet::new(), dense: BTreeSet::new() };
        for time in times {
            let gains = time.sparse < time.dense;
            let chosen = if gains { "sparse" } else { "dense" };
            tracing::info!(
                "{}: dense {:.2} ms, sparse {:.2} ms: {chosen}",
                time.name,
                time.dense,
                time.sparse
            );
            match gains {
                true => measured.sparse.insert(time.name),
                false => measured.dense.insert(time.name),
            };
        }
        Ok(measured)
    }

    /// Writes what was measured to a job's other files.
    ///
    /// # Errors
    ///
    /// The disk.
    pub fn write_kernels(&self, into: &Path) -> Result<(), TrainError> {
        let record = self.spec.checkpoint.join(HIDDEN);
        if self.sparse != Sparse::Measured || !record.is_file() {
            return Ok(());
        }
        let fail = |source| TrainError::File { path: record.clone(), source };
        write(&into.join(FILE), &std::fs::read(&record).map_err(fail)?)
    }
}
