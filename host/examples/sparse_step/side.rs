//! One way to compute a training's steps.

use jackpot::config::{Optimizer as Sgd, Precision, Sparse, TrainConfig};
use jackpot::kernels::thread_time;
use jackpot::model::Network;
use jackpot::plugin::Registry;
use jackpot::prune::Masks;
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
    /// Milliseconds.
    pub times: Vec<f64>,
}

impl<'a> Side<'a> {
    pub fn new(
        setting: &Setting<'a>,
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
            captures: false,
            rewind_points: &[],
            into: Path::new(""),
            checkpoint: Path::new(""),
            cadence: Cadence::Auto,
        })?;
        training.masks = masks(&training.network)?;
        training.masks.apply(&training.network)?;
        training.choose_kernels(sparse)?;
        let optimizer = Optimizer::new(&setting.train.optimizer, training.network.parameters())?;
        Ok(Self { training, optimizer, times: Vec::new() })
    }

    /// One step, or one forward pass in evaluation mode.
    pub fn turn(
        &mut self,
        batch: &Prepared,
        inference: bool,
        threads: usize,
        counts: bool,
    ) -> Result<(), Box<dyn Error>> {
        let begun = now(threads);
        if inference {
            tch::no_grad(|| self.training.network.forward(&batch.inputs, Mode::Eval))?;
        } else {
            let at = Progress { step: 0, steps_per_epoch: 390, total_steps: 39_000 };
            self.training.step(&mut self.optimizer, batch, at, 0.01)?;
        }
        if counts {
            self.times.push((now(threads) - begun).as_secs_f64() * 1e3);
        }
        Ok(())
    }
}

pub fn config() -> TrainConfig {
    TrainConfig::plain(100, 128, Sgd::sgd(0.1, 0.9, 2e-4))
}

pub fn feed() -> Result<Feed, Box<dyn Error>> {
    Ok(Feed::without_images(SHAPE, CLASSES, Device::Cpu)?)
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

/// NaN of nothing.
pub fn median(numbers: &[f64]) -> f64 {
    jackpot::median::median(numbers.iter().copied()).unwrap_or(f64::NAN)
}
