//! The checked config: every default filled in, every name resolved, nothing left to guess.
//!
//! The rest of the host reads these types; only `config` knows TOML.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jackpot_plugin_api::Duration;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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
    /// CPU threads; the results' bits depend on it. Default: all cores.
    pub threads: Option<usize>,
    /// Folders that are searched for plugins, made absolute against the config file.
    pub plugin_path: Vec<PathBuf>,
    pub data: DataConfig,
    pub model: ModelConfig,
    pub train: TrainConfig,
    pub draws: Vec<DrawConfig>,
    pub spends: Vec<SpendConfig>,
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
    /// The base learning rate.
    pub fn lr(&self) -> f64 {
        match self {
            Self::Sgd { lr, .. } | Self::Adamw { lr, .. } => *lr,
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
}

/// Which sparsities a draw visits; level 0 is dense.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Levels {
    /// `count` levels, each prunes round(fraction × remaining).
    Fraction { count: usize, fraction: f64 },
    /// Level k keeps round(keep[k-1] × total), strictly falling.
    Keep(Vec<f64>),
}

impl Levels {
    /// The last level's number.
    pub fn last(&self) -> usize {
        match self {
            Self::Fraction { count, .. } => *count,
            Self::Keep(keep) => keep.len(),
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

/// The parameters of every plugin item by (kind, name), for checking a config against them.
pub type KnownItems = BTreeMap<(String, String), jackpot_plugin_api::manifest::ItemManifest>;
