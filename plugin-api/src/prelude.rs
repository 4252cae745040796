//! `use jackpot_plugin_api::prelude::*;` is all that most plugins need.

pub use crate::ctx::{Ctx, Progress, Site};
pub use crate::declared::DeclaredTensor;
pub use crate::duration::Duration;
pub use crate::error::{Error, TensorError};
pub use crate::exchange::Exchange;
pub use crate::export_plugin;
pub use crate::graph::{
    Conv2d, Edits, Graph, GraphBuilder, GraphView, Initial, Input, Linear, Node, NodeRef,
    Parameter, Rewire, Role, TensorSpec,
};
pub use crate::json::json;
pub use crate::kinds::{
    Activation, Architecture, Augmentation, Batch, Init, Loss, LrSchedule, Score, Skip, Update,
};
pub use crate::model::{ForwardOptions, Mode, Model, ModelBatch, ParameterInfo};
pub use crate::params::Params;
pub use crate::points::{Interval, TrainingPoint};
pub use crate::rng::Rng;
pub use crate::tensor::{
    Arg, Creator, Device, Dtype, Element, GradOptions, NamedTensors, Tensor, grad, no_grad,
    with_grad,
};
