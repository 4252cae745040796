//! Items and batches.

use std::sync::OnceLock;

use jackpot::model::knobs::KnobSet;
use jackpot::plugin::border::context::{HookContext, Samples};
use jackpot::plugin::kinds::{Augmentation, BatchTensors, Common};
use jackpot::plugin::{Registry, RegistryError};
use jackpot::torch::op::record::reads;
use jackpot::torch::settings::set_threads;
use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::manifest::Kind;
use jackpot_tests::install::install;
use serde_json::Value;
use tch::{Kind as Dtype, Tensor};

use crate::formula;

pub const STEPS_PER_EPOCH: u64 = 10;

const FILES: [&str; 6] =
    ["crop_flip", "alternating_flip", "cutout", "mixup", "cutmix", "trivial_augment"];

/// The plugins of these tests alone, from the files that cargo built.
fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        set_threads(1).unwrap();
        let own = std::env::current_exe().unwrap();
        let built = own.ancestors().find(|folder| folder.ends_with("deps")).unwrap();
        let file = |name: &str| built.with_file_name(format!("libjackpot_{name}.so"));
        if FILES.iter().any(|name| !file(name).exists()) {
            // Builds what is missing.
            install();
        }
        let mut registry = Registry::default();
        for name in FILES {
            registry.add_file(&file(name)).unwrap();
        }
        registry
    })
}

/// An item with its parameters, as an experiment makes it.
pub struct Item {
    item: Augmentation,
    seed: u64,
}

impl Item {
    #[track_caller]
    pub fn new(name: &str, params: Value) -> Self {
        Self::create(name, params).unwrap()
    }

    pub fn create(name: &str, params: Value) -> Result<Self, RegistryError> {
        let params = params.as_object().unwrap();
        let instance = registry().create(Kind::Augmentation, name, params)?;
        Ok(Self { item: Augmentation::new(instance), seed: 1 })
    }

    pub fn seeded(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    pub fn name(&self) -> &str {
        self.item.name()
    }

    /// The augmented batch at a step.
    #[track_caller]
    pub fn at(&self, step: u64, batch: &BatchTensors) -> BatchTensors {
        let progress =
            Progress { step, steps_per_epoch: STEPS_PER_EPOCH, total_steps: STEPS_PER_EPOCH * 100 };
        let purpose = format!("augmentation0/{}", self.name());
        let values = Vec::<i64>::try_from(&batch.indices).unwrap();
        let samples = Some(Samples { tensor: &batch.indices, values: &values });
        let plain = HookContext::plain(self.name(), &purpose, progress, self.seed);
        let knobs = KnobSet::new(&self.item, tch::Device::Cpu, progress).unwrap();
        let tensors: Vec<_> = knobs.tensors().collect();
        let context = HookContext { samples, tensors: &tensors, ..plain };
        let before = reads();
        let augmented = self.item.augment(batch, &context).unwrap();
        assert_eq!(reads(), before, "{} waits for the device", self.name());
        augmented
    }

    /// The augmented batch at the first step of an epoch.
    #[track_caller]
    pub fn in_epoch(&self, epoch: u64, batch: &BatchTensors) -> BatchTensors {
        self.at(epoch * STEPS_PER_EPOCH, batch)
    }
}

/// Samples 0, 1, … with these images; sample i is of class i modulo `classes`.
pub fn batch_of(images: Tensor, classes: i64) -> BatchTensors {
    let count = images.size()[0];
    let indices = Tensor::arange(count, (Dtype::Int64, tch::Device::Cpu));
    let targets = indices.remainder(classes).one_hot(classes).to_kind(Dtype::Float);
    BatchTensors { images: images.to_kind(Dtype::Float), targets, indices }
}

/// Noise of 256 levels.
pub fn noise(shape: [i64; 4]) -> Tensor {
    let count = shape.iter().product::<i64>() as usize;
    let levels = formula::labels(count, formula::seed("augmentation/noise"), 256);
    (Tensor::from_slice(&levels).to_kind(Dtype::Float) / 255.0).reshape(shape)
}

/// Some samples of a batch.
pub fn part(batch: &BatchTensors, places: &[i64]) -> BatchTensors {
    let places = Tensor::from_slice(places);
    let pick = |tensor: &Tensor| tensor.index_select(0, &places);
    BatchTensors {
        images: pick(&batch.images),
        targets: pick(&batch.targets),
        indices: pick(&batch.indices),
    }
}

/// A tensor's numbers in row-major order.
pub fn numbers(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor.to_kind(Dtype::Float).contiguous().view(-1)).unwrap()
}

/// A tensor's rows along its first dimension, each flat.
pub fn rows(tensor: &Tensor) -> Vec<Vec<f32>> {
    let count = tensor.size()[0] as usize;
    let all = numbers(tensor);
    all.chunks(all.len() / count.max(1)).map(<[f32]>::to_vec).collect()
}

/// Fails if a count is further from its expectation than five standard deviations and a half.
#[track_caller]
pub fn expect(count: usize, trials: usize, probability: f64, what: &str) {
    let mean = trials as f64 * probability;
    let deviation = (mean * (1.0 - probability)).sqrt();
    let off = (count as f64 - mean).abs();
    assert!(off <= 5.0 * deviation + 0.5, "{what}: {count} of {trials}, not {mean:.1}");
}
