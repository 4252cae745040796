//! A compiled graph.

use std::fmt;

use tch::Tensor;

use super::attribute::Constant;
use super::forward::ForwardContext;
use super::join::Turn;
use super::pieces::Function;
use crate::model::error::ModelError;
use crate::torch::Op;

/// What a site's plugin does with its input.
pub type SiteCall<'a> = dyn Fn(usize, &Tensor) -> Result<Tensor, ModelError> + 'a;

/// What a site's plugin computes of each number, found with some images; `None` where it does not work
/// number by number, or kernels do not know it.
pub type SiteFunction<'a> = dyn Fn(usize, &Tensor) -> Result<Option<Function>, ModelError> + 'a;

/// Sees each node's name and first result.
pub type Observe<'a> = dyn FnMut(&str, &Tensor) + 'a;

/// The nodes of a graph as calls.
#[derive(Debug)]
pub struct Plan {
    pub(super) steps: Vec<Step>,
    /// The same, with those together that kernels compute in one go.
    pub(super) turns: Vec<Turn>,
    /// Values: graph inputs first, then a place per node.
    pub(super) places: usize,
    pub(super) inputs: usize,
    pub(super) outputs: Vec<(String, Source)>,
    pub(super) knobs: Vec<String>,
}

/// One node.
#[derive(Debug)]
pub(super) struct Step {
    pub node: String,
    pub call: Call,
    pub place: usize,
    /// Values that nobody reads after this step.
    pub last_use: Vec<usize>,
}

/// What runs at a node.
pub(super) enum Call {
    Op {
        op: Op,
        args: Vec<Source>,
        named: Vec<(String, Source)>,
    },
    /// A plugin, by the number that the caller of the compiler gave it.
    Site {
        site: usize,
        input: Source,
    },
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Op { op, .. } => f.write_str(op.name()),
            Self::Site { site, .. } => write!(f, "site {site}"),
        }
    }
}

/// Where an argument comes from.
#[derive(Debug)]
pub(super) enum Source {
    /// A result of an earlier step: its place, and which of its results.
    Value(usize, usize),
    Values(Vec<(usize, usize)>),
    Parameter(usize),
    Buffer(usize),
    /// A running statistic: a buffer, but absent where batch statistics are asked for.
    Statistic(usize),
    Knob(usize),
    /// Whether batch statistics are used.
    Training,
    Constant(Constant),
}

impl Plan {
    /// The names of the knobs that the graph reads, in the order in which
    /// [`Plan::run_observed`] takes them.
    pub fn knobs(&self) -> &[String] {
        &self.knobs
    }

    /// The names of the outputs.
    pub fn output_names(&self) -> impl Iterator<Item = &str> {
        self.outputs.iter().map(|(name, _)| name.as_str())
    }

    /// The outputs. `observe` sees each node's first result.
    ///
    /// # Errors
    ///
    /// An operator or plugin that fails, with the node's name.
    pub fn run_observed(
        &self,
        inputs: &[&Tensor],
        parameters: &[&Tensor],
        buffers: &[&Tensor],
        knobs: &[&Tensor],
        context: &ForwardContext<'_>,
        observe: Option<&mut Observe<'_>>,
    ) -> Result<Vec<(String, Tensor)>, ModelError> {
        super::forward::run(self, inputs, parameters, buffers, knobs, context, observe)
    }
}
