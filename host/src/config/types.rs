//! The checked config: every default filled in, every name resolved, nothing left to guess.
//!
//! The rest of the host reads these types; only `config` knows TOML.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jackpot_plugin_api::Duration;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::give_up::GiveUp;
use super::report::Primary;

/// A whole experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Names the run directory `runs/<name>`.
    pub name: String,
    /// One independent repetition each: weights, data order and augmentation follow from it.
    pub seeds: Vec<u64>,
    /// Where to compute.
    pub device: DeviceChoice,
    /// In which number format.
    pub precision: Precision,
    /// CPU threads of a process; the results' bits depend on it. Default: its share of all cores.
    pub threads: Option<usize>,
    /// Whether only operators are used that give the same bits every time. Default: on the CPU.
    pub deterministic: Option<bool>,
    /// Whether training steps are captured as CUDA graphs. Default: on CUDA.
    pub cuda_graph: Option<bool>,
    /// Which layers of pruned networks run on sparse kernels.
    pub sparse: Sparse,
    /// Folders that are searched for plugins, made absolute against the config file.
    pub plugin_path: Vec<PathBuf>,
    pub data: DataConfig,
    pub model: ModelConfig,
    pub train: TrainConfig,
    pub draws: Vec<DrawConfig>,
    pub spends: Vec<SpendConfig>,
    /// What the report tests alone; changes no result.
    pub primary: Option<Primary>,
}

/// `auto`, `cpu`, `cuda` or `cuda:N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceChoice {
    /// The first CUDA device if there is one, else the CPU.
    Auto,
    Cpu,
    Cuda(usize),
}

/// The number format of the forward and backward pass; weights are always f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// bf16 on CUDA, f32 on the CPU.
    Auto,
    /// IEEE single precision; TF32 off.
    F32,
    /// Single precision storage with TF32 matrix products (CUDA).
    Tf32,
    /// bfloat16 autocast.
    Bf16,
}

/// Which layers of pruned networks run on sparse kernels: on the CPU, in f32.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sparse {
    /// By rule where the same bits are asked for every time, else by measurement.
    Auto,
    /// Those that a fixed rule expects to gain.
    Rule,
    /// Those that gain when each is measured at the start of a job.
    Measured,
    /// All.
    Always,
    /// None.
    #[default]
    Never,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataConfig {
    pub dataset: DatasetChoice,
    /// The folder (or file) of the data, made absolute against the config file.
    pub root: Option<PathBuf>,
    /// Of `image-folder`: every image resized and cropped to so many pixels each way; `None`: as
    /// it is.
    pub image_size: Option<usize>,
    /// How many of the first training images are set aside for validation.
    pub validation: usize,
    /// Per channel; `None`: the dataset's own.
    pub mean: Option<Vec<f64>>,
    /// Per channel; `None`: the dataset's own.
    pub std: Option<Vec<f64>>,
    /// Use only the first N training images (after the validation split); `None`: all.
    pub train_limit: Option<usize>,
    /// Use only the first N test images; `None`: all.
    pub test_limit: Option<usize>,
}

impl DataConfig {
    /// A whole dataset: nothing set aside, no limits, its own normalisation.
    pub fn whole(dataset: DatasetChoice, root: Option<PathBuf>) -> Self {
        Self {
            dataset,
            root,
            image_size: None,
            validation: 0,
            mean: None,
            std: None,
            train_limit: None,
            test_limit: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatasetChoice {
    Cifar10,
    Cifar100,
    /// Tiny-ImageNet-200 in its original folders.
    TinyImagenet,
    Mnist,
    FashionMnist,
    /// A folder of image files, a class each.
    ImageFolder,
    /// A safetensors file with u8 NCHW images and i64 labels.
    Tensors,
    /// Generated in code; needs no file.
    Synthetic,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelConfig {
    pub architecture: Architecture,
}

/// Where the graph comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Architecture {
    Plugin(PluginRef),
    /// A graph in the published JSON schema, made absolute against the config file.
    File {
        file: PathBuf,
    },
}

/// An item of a plugin with its parameters, as the config names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PluginRef {
    /// `name`, or `path/to/file.so:name`.
    pub plugin: String,
    /// What the config says, with the item's defaults written out.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub params: Map<String, Value>,
}

/// How one training goes; a recipe replaces single keys of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainConfig {
    pub epochs: u64,
    pub batch_size: usize,
    pub optimizer: Optimizer,
    /// `None`: constant.
    pub lr_schedule: Option<PluginRef>,
    /// In order; empty: none.
    pub augmentation: Vec<PluginRef>,
    /// `None`: what the graph says (ReLU).
    pub activation: Option<PluginRef>,
    pub skip: Option<PluginRef>,
    /// `None`: the graph's own initialisation, then the ticket's weights.
    pub init: Option<PluginRef>,
    /// `None`: cross-entropy.
    pub loss: Option<PluginRef>,
    /// Whose outputs the loss sees beside the network's own.
    pub teacher: Option<Teacher>,
    /// `None`: the masks stay as they are.
    pub update: Option<PluginRef>,
    /// `None`: it goes on to its end.
    pub give_up: Option<GiveUp>,
}

impl TrainConfig {
    /// Without any item: a constant rate, images as they are, cross-entropy.
    pub fn plain(epochs: u64, batch_size: usize, optimizer: Optimizer) -> Self {
        Self {
            epochs,
            batch_size,
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
}

/// A trained network whose outputs the loss sees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Teacher {
    /// The dense network of the draw whose ticket is spent, as level 0 trained it.
    Dense,
    /// Weights in a safetensors file, made absolute against the config file.
    File {
        weights: PathBuf,
        /// `None`: the network of [model].
        architecture: Option<Architecture>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub enum Optimizer {
    Sgd {
        lr: f64,
        momentum: f64,
        weight_decay: f64,
        nesterov: bool,
        /// Whether normalisation weights and biases decay, too (the paper: yes).
        decay_norm: bool,
    },
    Adamw {
        lr: f64,
        beta1: f64,
        beta2: f64,
        eps: f64,
        weight_decay: f64,
        decay_norm: bool,
    },
}

impl Optimizer {
    /// SGD as PyTorch has it: decay on every weight, no Nesterov momentum.
    pub fn sgd(lr: f64, momentum: f64, weight_decay: f64) -> Self {
        Self::Sgd { lr, momentum, weight_decay, nesterov: false, decay_norm: true }
    }

    /// The base learning rate.
    pub fn lr(&self) -> f64 {
        match self {
            Self::Sgd { lr, .. } | Self::Adamw { lr, .. } => *lr,
        }
    }
}

impl Teacher {
    /// Its network, if it is not the one of [model].
    pub fn model(&self) -> Option<ModelConfig> {
        match self {
            Self::Dense => None,
            Self::File { architecture, .. } => {
                architecture.clone().map(|architecture| ModelConfig { architecture })
            }
        }
    }
}

/// One way to find tickets. A `rewind` list of the file has become one draw per entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DrawConfig {
    /// Default `imp`; `imp@2ep` where the file lists several rewind points.
    pub name: String,
    pub score: PluginRef,
    pub levels: Levels,
    pub rewind: Rewind,
    /// `conv`, `linear`, or globs of parameter names; `!` excludes.
    pub prunable: Vec<String>,
    /// Whether each level goes on from the one before.
    pub schedule: PruningSchedule,
    /// Which weights the score sees.
    pub prune_at: PruneAt,
    /// A safetensors file of the weights to begin with, instead of the graph's initialisation.
    pub weights: Option<PathBuf>,
}

/// From where a level is pruned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PruningSchedule {
    /// Level k from level k−1.
    Iterative,
    /// Every level from the dense network.
    OneShot,
}

/// Which weights are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PruneAt {
    /// Those at the end of a training.
    Trained,
    /// Those before any training.
    Init,
}

impl DrawConfig {
    /// Whether drawing this level trains it: others are a mask and the weights it starts from.
    pub fn trains(&self, level: usize) -> bool {
        if matches!(self.levels, Levels::Masks(_)) {
            return false;
        }
        match (self.prune_at, self.schedule) {
            (PruneAt::Init, _) => false,
            (PruneAt::Trained, PruningSchedule::OneShot) => level == 0,
            (PruneAt::Trained, PruningSchedule::Iterative) => true,
        }
    }

    /// The level whose weights and mask level `level` is made from; level 0 is made from none.
    pub fn parent(&self, level: usize) -> Option<usize> {
        match (&self.levels, self.schedule) {
            _ if level == 0 => None,
            (Levels::Masks(_), _) | (_, PruningSchedule::OneShot) => Some(0),
            (_, PruningSchedule::Iterative) => Some(level - 1),
        }
    }
}

/// Which sparsities a draw visits; level 0 is dense.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Levels {
    /// `count` levels, each prunes round(fraction × remaining).
    Fraction { count: usize, fraction: f64 },
    /// Level k keeps round(keep[k-1] × total), strictly falling.
    Keep(Vec<f64>),
    /// Level k has the mask of this safetensors file.
    Masks(Vec<PathBuf>),
}

impl Levels {
    /// The last level's number.
    pub fn last(&self) -> usize {
        match self {
            Self::Fraction { count, .. } => *count,
            Self::Keep(keep) => keep.len(),
            Self::Masks(files) => files.len(),
        }
    }
}

/// The point of the dense training whose weights a ticket starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rewind {
    Init,
    At(Duration),
}

/// A recipe: how tickets are retrained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpendConfig {
    pub recipe: String,
    /// The draws whose tickets it spends, by name.
    pub draws: Vec<String>,
    /// `None`: every level of the draw.
    pub levels: Option<Vec<usize>>,
    pub mask: MaskControl,
    /// The weights under the mask at the beginning.
    pub start: StartWeights,
    /// The recipe that this one is a trial of: the report shows the trial that is best on
    /// validation under that name.
    pub trial_of: Option<String>,
    /// Spend the ticket drawn with this seed instead of each seed's own.
    pub ticket_seed: Option<u64>,
    pub model: ModelConfig,
    pub train: TrainConfig,
}

/// Controls that show whether the ticket matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MaskControl {
    Own,
    /// Each layer's mask permuted inside the layer.
    ShuffledLayerwise,
    /// The whole mask permuted over all prunable weights.
    ShuffledGlobal,
}

/// The weights that a ticket is retrained from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StartWeights {
    /// Those that the draw rewinds to.
    Rewind,
    /// Those that were scored: at the end of the training before the pruning (fine-tuning).
    Trained,
    /// Fresh ones: the control that shows whether the ticket's weights matter.
    Reinit,
}

/// The parameters of every plugin item by (kind, name), for checking a config against them.
pub type KnownItems = BTreeMap<(String, String), jackpot_plugin_api::manifest::ItemManifest>;
