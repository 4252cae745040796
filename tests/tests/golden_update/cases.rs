//! `data/update.json` and `data/update.safetensors`.

use jackpot::config::Optimizer;
use std::fs;
use std::path::Path;

use jackpot::model::state::{self, State};
use jackpot::prune::Masks;
use jackpot::train::Training;
use jackpot_plugin_api::ctx::Progress;
use serde_json::Value;
use tch::Tensor;

use crate::data::numbers;
use crate::setup::{Parts, reference};
use crate::state::{Shape, masks};

/// What the cases share, and one of them.
pub struct Case {
    pub shared: Value,
    pub about: Value,
    tensors: State,
}

/// All cases whose names begin so.
#[track_caller]
pub fn cases(prefix: &str, count: usize) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/data");
    let text = fs::read_to_string(folder.join("update.json")).unwrap();
    let shared: Value = serde_json::from_str(&text).unwrap();
    let case = |about: &Value| Case {
        shared: shared.clone(),
        about: about.clone(),
        tensors: state::read(&folder.join("update.safetensors")).unwrap(),
    };
    let mut found: Vec<_> = shared["cases"].as_array().unwrap().iter().map(case).collect();
    found.retain(|case| case.name().starts_with(prefix));
    assert_eq!(found.len(), count, "{prefix}");
    found
}

impl Case {
    pub fn name(&self) -> &str {
        self.about["name"].as_str().unwrap()
    }

    pub fn label(&self) -> &str {
        self.shared["label"].as_str().unwrap()
    }

    pub fn number(&self, key: &str) -> f64 {
        self.shared[key].as_f64().unwrap()
    }

    /// The steps with an update, and how many steps the training has.
    pub fn steps(&self) -> (Vec<u64>, u64) {
        let steps = self.about["steps"].as_array().unwrap();
        let steps = steps.iter().map(|step| step.as_u64().unwrap()).collect();
        (steps, self.about["total"].as_u64().unwrap())
    }

    pub fn at(&self, step: u64) -> Progress {
        let steps_per_epoch = self.shared["steps_per_epoch"].as_u64().unwrap();
        Progress { step, steps_per_epoch, total_steps: self.steps().1 }
    }

    pub fn tensor(&self, key: &str) -> &Tensor {
        let key = format!("{}/{key}", self.name());
        self.tensors.get(&key).unwrap_or_else(|| panic!("there is no {key}"))
    }

    pub fn rows(&self, key: &str) -> Vec<Vec<f64>> {
        let tensor = self.tensor(key);
        (0..tensor.size()[0]).map(|row| numbers(&tensor.get(row))).collect()
    }

    pub fn shape(&self) -> Shape {
        Shape::of(&self.shared)
    }

    /// Parts with the case's update and optimizer.
    pub fn parts(&self) -> Parts {
        let mut parts = self.shape().parts();
        let plugin = self.about["plugin"].as_str().unwrap();
        parts.train.update = Some(reference(plugin, &self.about["params"]));
        let [lr, momentum, decay] = ["lr", "momentum", "weight_decay"].map(|key| self.number(key));
        parts.train.optimizer = Optimizer::sgd(lr, momentum, decay);
        parts
    }

    /// A training in f64 that stands before its first step, with masks by formula.
    pub fn training<'a>(&self, parts: &'a Parts) -> Training<'a> {
        let mut training = parts.training();
        crate::state::load(&mut training.network, self.label(), tch::Kind::Double);
        training.masks = masks(&training.network, self.label(), self.number("keep"));
        training.masks.apply(&training.network).unwrap();
        training
    }

    /// Fails unless the masks are those stored for that update.
    #[track_caller]
    pub fn same_masks(&self, training: &Training<'_>, step: u64) {
        let packed = Vec::<u8>::try_from(self.tensor(&format!("{step}/mask"))).unwrap();
        let ours = joined(training);
        assert_eq!(ours.len().div_ceil(8), packed.len());
        let theirs = |i: usize| packed[i / 8] >> (7 - i % 8) & 1 == 1;
        let wrong = ours.iter().enumerate().filter(|&(i, &kept)| kept != theirs(i)).count();
        assert_eq!(wrong, 0, "{}: {wrong} weights differ at step {step}", self.name());
    }
}

/// All masks in state-dict order.
fn joined(training: &Training<'_>) -> Vec<bool> {
    let masks = training.network.parameters().iter().filter_map(|p| training.masks.get(&p.name));
    masks.flat_map(flags).collect()
}

pub fn flags(mask: &Tensor) -> Vec<bool> {
    Vec::try_from(mask.contiguous().view(-1)).unwrap()
}

/// Kept weights of each layer.
pub fn counts(masks: &Masks) -> Vec<u64> {
    masks.kept_by_name().into_values().collect()
}
