//! Runs a schedule.

use jackpot_plugin_api::model::Mode;
use tch::Tensor;

use super::norm::{self, Shared};
use super::schedule::{Schedule, Work};
use crate::model::error::ModelError;
use crate::model::run::forward::{ForwardContext, Run, results};
use crate::model::run::plan::Plan;
use crate::model::run::sparse::norm::NormTensors;
use crate::model::run::sparse::read::NormAt;

pub(super) fn run(
    plan: &Plan,
    schedule: &Schedule,
    shared: &Shared,
    mut run: Run<'_>,
    context: &ForwardContext<'_>,
) -> Result<Vec<(String, Tensor)>, ModelError> {
    for entry in &schedule.entries {
        let step = &plan.steps[entry.step];
        let results = match &entry.work {
            Work::Plain => run.step(step, context)?,
            Work::Norm { norm, residual } => {
                vec![joined(&run, &step.node, shared, norm, *residual)?]
            }
        };
        run.values[step.place] = results;
        for &place in &entry.last_use {
            run.values[place].clear();
        }
    }
    results(plan, &run)
}

fn joined(
    run: &Run<'_>,
    node: &str,
    shared: &Shared,
    norm: &NormAt,
    residual: Option<usize>,
) -> Result<Tensor, ModelError> {
    let Run { parameters, buffers, mode, .. } = run;
    let tensors = NormTensors {
        weight: parameters[norm.weight],
        bias: parameters[norm.bias],
        running: (*mode != Mode::BatchStats).then(|| norm.running.map(|index| buffers[index])),
        training: *mode != Mode::Eval,
    };
    let x = run.value(node, norm.input, 0)?;
    let residual = residual.map(|place| run.value(node, place, 0)).transpose()?;
    let made = norm::forward(shared, norm.spec, x, &tensors, residual);
    made.map_err(|error| match error {
        ModelError::Kernel(_) | ModelError::Tensor(_) | ModelError::Torch(_) => {
            ModelError::at_node(node, error.to_string())
        }
        other => other,
    })
}
