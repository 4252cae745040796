//! The network as an `init`, `score` or `update` item sees it.

use serde::{Deserialize, Serialize};

use crate::abi::{Named, RawNamed, RawValue, Value};
use crate::ctx::Ctx;
use crate::error::Error;
use crate::graph::Role;
use crate::tensor::{Dtype, NamedTensors, Tensor};

/// The network that is initialised, scored or trained, with its masks and batches of training data.
pub struct Model<'a> {
    ctx: &'a Ctx<'a>,
}

/// One parameter of the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParameterInfo {
    /// Its state-dict name.
    pub name: String,
    /// Its sizes.
    pub shape: Vec<i64>,
    /// What it is for.
    pub role: Role,
    /// Whether this draw prunes it.
    pub prunable: bool,
    /// Whether weight decay acts on it.
    pub decay: bool,
    /// Whether a tweak of the recipe added it.
    pub added: bool,
}

/// A batch of training data as the network sees it.
#[derive(Debug, Clone)]
pub struct ModelBatch {
    /// Normalised images, f32 `[N, C, H, W]`.
    pub inputs: Tensor,
    /// One-hot targets, f32 `[N, classes]`.
    pub targets: Tensor,
}

/// How batch normalisation behaves in [`Model::forward`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Batch statistics; the running statistics that are given to the call are updated. The
    /// network's own never are.
    Train,
    /// Running statistics.
    #[default]
    Eval,
    /// Batch statistics; running statistics are left alone.
    BatchStats,
}

/// How [`Model::forward`] runs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ForwardOptions {
    /// Batch normalisation.
    pub mode: Mode,
    /// `Some(Dtype::F64)` runs in double precision.
    pub dtype: Option<Dtype>,
}

impl<'a> Model<'a> {
    pub(crate) fn new(ctx: &'a Ctx<'a>) -> Self {
        Self { ctx }
    }

    /// What the parameters are, in state-dict order.
    pub fn infos(&self) -> Result<Vec<ParameterInfo>, Error> {
        Ok(serde_json::from_str(&self.ctx.ask_text("model.infos", &[])?)?)
    }

    /// The weights: pruned ones are +0.0. Detached copies; see [`Model::set`].
    pub fn parameters(&self) -> Result<NamedTensors, Error> {
        self.tensors("model.parameters", &[])
    }

    /// The masks of the pruned parameters (bool, true where a weight is kept); parameters without
    /// a mask are absent.
    pub fn masks(&self) -> Result<NamedTensors, Error> {
        self.tensors("model.masks", &[])
    }

    /// Running statistics and the like; copies.
    pub fn buffers(&self) -> Result<NamedTensors, Error> {
        self.tensors("model.buffers", &[])
    }

    /// The gradients of the loss of this step's batch, by parameter name; copies. They are dense:
    /// a pruned weight, which acts as a zero, has one, too. A parameter on which the loss does not
    /// depend has zeros.
    ///
    /// # Errors
    ///
    /// Outside of an `update` hook, where there is no step under way.
    pub fn gradients(&self) -> Result<NamedTensors, Error> {
        self.tensors("model.gradients", &[])
    }

    /// Replaces a weight (same shape); the host applies the mask again. Not in an `update` hook.
    pub fn set(&self, name: &str, value: &Tensor) -> Result<(), Error> {
        let args = [RawNamed::new("name", name), RawNamed::new("value", value)];
        self.ctx.ask("model.set", &args).map(|_| ())
    }

    /// The `index`-th batch of `size` training images: a fixed random order that depends on the
    /// seed, without augmentation, starting over at the end.
    pub fn batch(&self, index: i64, size: i64) -> Result<ModelBatch, Error> {
        let args = [RawNamed::new("index", index), RawNamed::new("size", size)];
        let tensors = self.tensors("model.batch", &args)?;
        let take = |name: &str| {
            tensors.get(name).cloned().ok_or_else(|| Error::new(format!("the host gave no {name}")))
        };
        Ok(ModelBatch { inputs: take("inputs")?, targets: take("targets")? })
    }

    /// The network's outputs with substituted parameters and buffers; those not given are the
    /// model's own. Differentiable with respect to what is given.
    pub fn forward(
        &self,
        parameters: &NamedTensors,
        buffers: &NamedTensors,
        input: &Tensor,
        options: ForwardOptions,
    ) -> Result<NamedTensors, Error> {
        let mode = match options.mode {
            Mode::Train => "train",
            Mode::Eval => "eval",
            Mode::BatchStats => "batch-stats",
        };
        let prefix = |prefix: &str, map: &NamedTensors| -> Vec<String> {
            map.iter().map(|(name, _)| format!("{prefix}.{name}")).collect()
        };
        let names = [prefix("parameter", parameters), prefix("buffer", buffers)].concat();
        let given = parameters.iter().chain(buffers.iter());
        let mut args = vec![
            RawNamed::new("input", input),
            RawNamed::new("mode", mode),
            RawNamed::new("dtype", options.dtype),
        ];
        let values = given.map(|(_, tensor)| RawValue::from(tensor));
        args.extend(names.iter().zip(values).map(|(name, value)| RawNamed::new(name, value)));
        self.tensors("model.forward", &args)
    }

    fn tensors(&self, question: &str, args: &[RawNamed<'_>]) -> Result<NamedTensors, Error> {
        let tensor = |named: Named| match named.value {
            Value::Tensor(tensor) => Ok((named.name.into_string(), tensor)),
            other => Err(Error::new(format!("{question}: the host gave {}", other.describe()))),
        };
        self.ctx.ask(question, args)?.into_iter().map(tensor).collect()
    }
}
