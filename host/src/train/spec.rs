//! What a training needs.

use std::path::Path;

use jackpot_plugin_api::Duration;
use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::graph::Graph;
use tch::{Device, Kind, Tensor};

use super::cadence::Cadence;
use super::error::TrainError;
use crate::config::{Precision, TrainConfig};
use crate::data::{Data, Normaliser, Split};
use crate::plugin::Registry;

/// A dataset on the training device.
#[derive(Debug)]
pub struct Feed {
    pub train: Split,
    pub validation: Split,
    pub test: Split,
    pub normaliser: Normaliser,
    pub classes: usize,
    /// Channels, height, width.
    pub shape: [usize; 3],
}

impl Feed {
    /// Without images, for whoever brings batches of their own.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn without_images(
        shape: [usize; 3],
        classes: usize,
        device: Device,
    ) -> Result<Self, TrainError> {
        let [channels, height, width] = shape.map(|size| size as i64);
        let empty = || Split {
            images: Tensor::zeros([0, channels, height, width], (Kind::Uint8, device)),
            labels: Tensor::zeros([0], (Kind::Int64, device)),
            classes,
        };
        let (zeros, ones) = (vec![0.0; shape[0]], vec![1.0; shape[0]]);
        let normaliser = Normaliser::new(&zeros, &ones, device)?;
        let (train, validation, test) = (empty(), empty(), empty());
        Ok(Self { train, validation, test, normaliser, classes, shape })
    }

    /// Moves a dataset to the device.
    ///
    /// # Errors
    ///
    /// Not enough memory there.
    pub fn new(data: &Data, device: Device) -> Result<Self, TrainError> {
        Ok(Self {
            train: data.train.to_device(device)?,
            validation: data.validation.to_device(device)?,
            test: data.test.to_device(device)?,
            normaliser: data.normaliser(device)?,
            classes: data.classes,
            shape: data.shape,
        })
    }
}

/// A training that is to be done.
#[derive(Debug, Clone, Copy)]
pub struct TrainingSpec<'a> {
    pub graph: &'a Graph,
    pub train: &'a TrainConfig,
    pub registry: &'a Registry,
    pub feed: &'a Feed,
    pub seed: u64,
    pub device: Device,
    /// Never `Auto`.
    pub precision: Precision,
    /// Whether steps are [captured](super::captured).
    pub captures: bool,
    /// Points of the training at which the weights are saved as `rewind-<point>.safetensors`.
    pub rewind_points: &'a [Duration],
    /// Where the job's files go.
    pub into: &'a Path,
    /// Where the state of an unfinished training goes.
    pub checkpoint: &'a Path,
    /// How often it is written there.
    pub cadence: Cadence,
}

impl TrainingSpec<'_> {
    /// Optimizer steps of one epoch.
    pub fn steps_per_epoch(&self) -> u64 {
        self.feed.train.len().div_ceil(self.train.batch_size) as u64
    }

    /// Before the first step.
    pub fn start(&self) -> Progress {
        self.progress(0)
    }

    /// After `step` steps.
    pub fn progress(&self, step: u64) -> Progress {
        let steps_per_epoch = self.steps_per_epoch();
        Progress { step, steps_per_epoch, total_steps: steps_per_epoch * self.train.epochs }
    }
}
