//! What a hook knows besides its own parameters.

use abi_stable::std_types::RResult;

use crate::abi::{Named, RawCtx, RawDevice, RawNamed, Value};
use crate::error::{Error, TensorError};
use crate::rng::Rng;
use crate::tensor::{Creator, Tensor};

/// The context of one call. It lives as long as the call; hooks keep nothing between calls and
/// may run concurrently.
pub struct Ctx<'a> {
    pub(crate) raw: &'a RawCtx,
}

/// How far a training is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Optimizer steps done.
    pub step: u64,
    /// Optimizer steps in one epoch.
    pub steps_per_epoch: u64,
    /// Optimizer steps in the whole training.
    pub total_steps: u64,
}

impl Progress {
    /// Epochs done, as a fraction: 1.5 is the middle of the second epoch.
    pub fn epoch(self) -> f64 {
        self.step as f64 / self.steps_per_epoch.max(1) as f64
    }

    /// The share of the training that is done, from 0 to 1.
    pub fn fraction(self) -> f64 {
        self.step as f64 / self.total_steps.max(1) as f64
    }
}

/// A place in the network where an item is used.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Site {
    /// The node's name in the graph, such as `layer1.0.relu1`.
    pub name: String,
    /// The shape of its input, without the batch dimension: `[C, H, W]` or `[F]`.
    pub shape: Vec<i64>,
}

impl<'a> Ctx<'a> {
    pub(crate) fn new(raw: &'a RawCtx) -> Self {
        Self { raw }
    }

    /// Whether this is a training step, not an evaluation.
    pub fn training(&self) -> bool {
        // SAFETY: the host's pointer is valid during the call.
        unsafe { (self.raw.table.0.training())(self.raw.pointer) }
    }

    /// How far the training is.
    pub fn progress(&self) -> Progress {
        // SAFETY: the host's pointer is valid during the call.
        let raw = unsafe { (self.raw.table.0.progress())(self.raw.pointer) };
        Progress {
            step: raw.step,
            steps_per_epoch: raw.steps_per_epoch,
            total_steps: raw.total_steps,
        }
    }

    /// The tensor that this item declared under that name, for this site.
    pub fn tensor(&self, name: &str) -> Tensor {
        // SAFETY: the host's pointer is valid during the call.
        match unsafe { (self.raw.table.0.tensor())(self.raw.pointer, name.into()) } {
            RResult::ROk(tensor) => tensor,
            RResult::RErr(fault) => TensorError::new(name, fault.message).throw(),
        }
    }

    /// The knob of that name: a 0-dimensional tensor that the host updates every step.
    pub fn knob(&self, name: &str) -> Tensor {
        self.tensor(name)
    }

    /// Where in the network the item is called.
    ///
    /// # Errors
    ///
    /// Outside a network (a schedule, a loss).
    pub fn site(&self) -> Result<Site, Error> {
        Ok(serde_json::from_str(&self.ask_text("site", &[])?)?)
    }

    /// Random numbers that depend on the seed, the epoch, the step and the place, and on nothing
    /// else.
    pub fn rng(&self) -> Rng<'_> {
        Rng::new(self)
    }

    /// Makes tensors on the training device.
    pub fn creator(&self) -> Creator {
        Creator::new(self.raw.host, RawDevice { kind: -1, index: -1 })
    }

    /// A line in the host's log.
    pub fn info(&self, message: &str) {
        self.log(3, message);
    }

    /// A warning in the host's log and on the terminal.
    pub fn warn(&self, message: &str) {
        self.log(2, message);
    }

    fn log(&self, level: i64, message: &str) {
        let args = [RawNamed::new("level", level), RawNamed::new("message", message)];
        // A host that cannot log is no reason to fail.
        let _ = self.ask("log", &args);
    }

    /// Any question to the host by name.
    ///
    /// # Errors
    ///
    /// A question that this host does not know, or its own error.
    pub(crate) fn ask(&self, name: &str, args: &[RawNamed<'_>]) -> Result<Vec<Named>, Error> {
        // SAFETY: the host's pointer is valid during the call, the arguments' handles are live.
        let answer =
            unsafe { (self.raw.table.0.ask())(self.raw.pointer, name.into(), args.into()) };
        match answer {
            RResult::ROk(values) => Ok(values.into_vec()),
            RResult::RErr(fault) => Err(fault.into()),
        }
    }

    pub(crate) fn ask_text(&self, name: &str, args: &[RawNamed<'_>]) -> Result<String, Error> {
        match self.ask_one(name, args)? {
            Value::Str(text) => Ok(text.into_string()),
            other => Err(Error::new(format!("{name}: the host gave {}", other.describe()))),
        }
    }

    pub(crate) fn ask_tensor(&self, name: &str, args: &[RawNamed<'_>]) -> Result<Tensor, Error> {
        match self.ask_one(name, args)? {
            Value::Tensor(tensor) => Ok(tensor),
            other => Err(Error::new(format!("{name}: the host gave {}", other.describe()))),
        }
    }

    fn ask_one(&self, name: &str, args: &[RawNamed<'_>]) -> Result<Value, Error> {
        let first = self.ask(name, args)?.into_iter().next();
        first
            .map(|named| named.value)
            .ok_or_else(|| format!("{name}: the host gave nothing").into())
    }
}
