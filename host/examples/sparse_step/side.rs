//! One way to compute a training's steps.

use jackpot::config::{Optimizer as Sgd, Precision, Sparse, TrainConfig};
use jackpot::data::{Normaliser, Split};
use jackpot::kernels::thread_time;
use jackpot::model::Network;
use jackpot::plugin::Registry;
use jackpot::prune::Masks;
use jackpot::torch::memory_format::MemoryFormat;
use jackpot::train::batches::Prepared;
use jackpot::train::optimizer::Optimizer;
use jackpot::train::{Cadence, Feed, Training, TrainingSpec};
use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::graph::Graph;
use jackpot_plugin_api::model::Mode;
use std::error::Error;
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use tch::{Device, Kind, Tensor};

pub const CLASSES: usize = 10;
pub const SHAPE: [usize; 3] = [3, 32, 32];

/// What all sides share.
pub struct Setting<'a> {
    pub graph: &'a Graph,
    pub registry: &'a Registry,
    pub feed: &'a Feed,
    pub train: &'a TrainConfig,
}

/// A training under way.
pub struct Side<'a> {
    training: Training<'a>,
    optimizer: Optimizer,
    format: MemoryFormat,
    /// Milliseconds.
    pub times: Vec<f64>,
}

impl<'a> Side<'a> {
    pub fn new(
        setting: &Setting<'a>,
        format: MemoryFormat,
        sparse: Sparse,
        masks: impl Fn(&Network) -> Result<Masks, Box<dyn Error>>,
    ) -> Result<Self, Box<dyn Error>> {
        let mut training = Training::build(TrainingSpec {
            graph: setting.graph,
            train: setting.train,
            registry: setting.registry,
            feed: setting.feed,
            seed: 42,
            device: Device::Cpu,
            precision: Precision::F32,
            rewind_points: &[],
            into: Path::new(""),
            checkpoint: Path::new(""),
            cadence: Cadence::Auto,
        })?;
        training.masks = masks(&training.network)?;
        training.masks.apply(&training.network)?;
        for parameter in training.network.parameters_mut() {
            let laid = format.apply(&parameter.tensor.detach())?;
            parameter.tensor = laid.set_requires_grad(true);
        }
        training.choose_kernels(sparse)?;
        let optimizer = Optimizer::new(&setting.train.optimizer, training.network.parameters())?;
        Ok(Self { training, optimizer, format, times: Vec::new() })
    }

    /// One step, or one forward pass in evaluation mode.
    pub fn turn(
        &mut self,
        batch: &Prepared,
        inference: bool,
        threads: usize,
        counts: bool,
    ) -> Result<(), Box<dyn Error>> {
        let batch = Prepared {
            inputs: self.format.apply(&batch.inputs)?,
            targets: batch.targets.shallow_clone(),
        };
        let begun = now(threads);
        if inference {
            tch::no_grad(|| self.training.network.forward(&batch.inputs, Mode::Eval))?;
        } else {
            let at = Progress { step: 0, steps_per_epoch: 390, total_steps: 39_000 };
            self.training.step(&mut self.optimizer, &batch, at, 0.01)?;
        }
        if counts {
            self.times.push((now(threads) - begun).as_secs_f64() * 1e3);
        }
        Ok(())
    }
}

pub fn config() -> TrainConfig {
    let optimizer =
        Sgd::Sgd { lr: 0.1, momentum: 0.9, weight_decay: 2e-4, nesterov: false, decay_norm: true };
    TrainConfig {
        epochs: 100,
        batch_size: 128,
        optimizer,
        lr_schedule: None,
        augmentation: Vec::new(),
        activation: None,
        skip: None,
        init: None,
        loss: None,
        teacher: None,
        update: None,
        give_up: None,
    }
}

pub fn feed() -> Result<Feed, Box<dyn Error>> {
    let empty = || Split {
        images: Tensor::zeros([0, 3, 32, 32], (Kind::Uint8, Device::Cpu)),
        labels: Tensor::zeros([0], (Kind::Int64, Device::Cpu)),
        classes: CLASSES,
    };
    let normaliser = Normaliser::new(&[0.0; 3], &[1.0; 3], Device::Cpu)?;
    let (train, validation, test) = (empty(), empty(), empty());
    Ok(Feed { train, validation, test, normaliser, classes: CLASSES, shape: SHAPE })
}

/// Random images and labels.
pub fn batch(images: i64) -> Result<Prepared, Box<dyn Error>> {
    tch::manual_seed(1);
    let labels = Tensor::f_randint(CLASSES as i64, [images], (Kind::Int64, Device::Cpu))?;
    Ok(Prepared {
        inputs: Tensor::f_randn([images, 3, 32, 32], (Kind::Float, Device::Cpu))?,
        targets: labels.f_one_hot(CLASSES as i64)?.f_to_kind(Kind::Float)?,
    })
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn now(threads: usize) -> Duration {
    if threads == 1 { thread_time() } else { START.elapsed() }
}

pub fn median(numbers: &[f64]) -> f64 {
    let mut numbers = numbers.to_vec();
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    if numbers.len() % 2 == 1 {
        numbers[middle]
    } else {
        (numbers[middle - 1] + numbers[middle]) / 2.0
    }
}
