//! Kind `skip`.

use jackpot_plugin_api::error::ErrorKind;
use jackpot_plugin_api::graph::{Edits, Graph};
use jackpot_plugin_api::manifest::Kind;
use jackpot_plugin_api::model::Mode;
use serde_json::Map;
use tch::Tensor;

use super::{knobs, training};
use crate::engine::check::trial::{Checked, Trial, doubtful, fine, wrong};
use crate::engine::check::values::{list, short};
use crate::model::graph::edits::{merge, same_shapes};
use crate::model::graph::shapes::infer;
use crate::model::graph::source::{from_plugin, image_input, logits_output};
use crate::model::run::{ForwardContext, Plan};
use crate::plugin::kinds::{Architecture, Common, Skip};
use crate::plugin::{Found, Instance, ItemId, example};
use crate::train::{TrainError, Training};

pub fn check(trial: &Trial<'_>) {
    let Ok(skip) = trial.create().map(Skip::new) else { return };
    if !trial.check("edits", || edits(trial, &skip)) {
        return;
    }
    if !skip.instance().knobs().is_empty() {
        trial.check("knobs", || knobs(trial, &skip));
        trial.check("fading", || fading(trial, &skip));
    }
    if architectures(trial).next().is_some() {
        trial.check("networks", || networks(trial, &skip));
    }
    trial.check("training", || training(trial));
}

fn rewrite(trial: &Trial<'_>, skip: &Skip) -> Result<Edits, TrainError> {
    Ok(skip.rewrite(&trial.stage.view()?, trial.stage.seed())?)
}

fn edits(trial: &Trial<'_>, skip: &Skip) -> Checked {
    let (first, again) = (rewrite(trial, skip)?, rewrite(trial, skip)?);
    let text = |edits: &Edits| serde_json::to_string(edits).unwrap_or_default();
    if text(&first) != text(&again) {
        return wrong("the same graph got two different rewritings");
    }
    // Checks names, cycles and shapes.
    let recipe = trial.recipe();
    trial.stage.training(&recipe)?;
    let (nodes, parameters, rewires) =
        (first.nodes.len(), first.parameters.len(), first.rewires.len());
    if rewires == 0 {
        return doubtful("it rewires nothing in a small residual network");
    }
    fine(format!(
        "the graph stays valid: {nodes} nodes and {parameters} parameters more, {rewires} rewired"
    ))
}

/// The architectures of the file itself and of --plugin-dir.
fn architectures<'a>(trial: &'a Trial<'_>) -> impl Iterator<Item = Found> + 'a {
    let all = trial.stage.registry().items();
    all.filter(|found| found.manifest().kind == Kind::Architecture.as_str())
}

/// The edits fit every architecture that there is.
fn networks(trial: &Trial<'_>, skip: &Skip) -> Checked {
    let (mut changed, mut refused) = (0, Vec::new());
    for found in architectures(trial) {
        let name = found.manifest().name.clone();
        // A graph that cannot be built is the architecture's own matter.
        let Ok(graph) = build(found) else { continue };
        let Ok(before) = infer(&graph) else { continue };
        let edits = match skip.rewrite(&before, trial.stage.seed()) {
            Ok(edits) => edits,
            Err(error) if error.kind == ErrorKind::Refused => {
                refused.push(format!("{name}: {}", error.message));
                continue;
            }
            Err(error) => return wrong(format!("on {name}: {}", error.message)),
        };
        let rewires = edits.rewires.clone();
        let fits = merge(&graph, edits, skip.name())
            .and_then(|merged| infer(&merged))
            .and_then(|after| same_shapes(&rewires, &before, &after, skip.name()));
        match fits {
            Ok(()) => changed += usize::from(!rewires.is_empty()),
            Err(error) => return wrong(format!("on {name}: {error}")),
        }
    }
    match refused.as_slice() {
        [] => fine(format!("fits the other architectures there are; {changed} are rewired")),
        refused => fine(format!("{changed} architectures are rewired; {}", refused.join("; "))),
    }
}

/// The graph of an architecture for CIFAR's images.
fn build(found: Found) -> Result<Graph, TrainError> {
    let params = example::values(found.manifest(), &Map::new());
    let id = ItemId { kind: Kind::Architecture, found };
    let architecture = Architecture::new(Instance::create(id, &params)?);
    Ok(from_plugin(&architecture, &image_input([3, 32, 32]), &logits_output(10))?)
}

/// At the training's start, the first outputs for some images.
fn outputs(training: &Training<'_>) -> Result<Tensor, TrainError> {
    let inputs = training.batch(0)?.inputs;
    let outputs = tch::no_grad(|| training.network.forward(&inputs, Mode::Eval))?;
    let (_, first) = outputs.into_iter().next().ok_or_else(no_output)?;
    Ok(first)
}

fn no_output() -> TrainError {
    TrainError::Setting("the network has no output".to_owned())
}

/// With all knobs at 0 the edits are removed; the network with them must give the same.
fn fading(trial: &Trial<'_>, skip: &Skip) -> Checked {
    let stage = trial.stage;
    let (recipe, without) = (trial.recipe(), stage.without());
    let mut faded = stage.training(&recipe)?;
    let end = stage.progress(stage.progress(0).total_steps);
    faded.set_progress(end)?;
    if faded.network.skip_acts() {
        return fine("its knobs do not all reach 0: the edits stay");
    }
    let plain = outputs(&stage.training(&without)?)?;
    let graph = merge(stage.graph(), rewrite(trial, skip)?, skip.name())?;
    let plan = Plan::compile(&graph, &mut |_| Ok(None))?;
    let zero = Tensor::f_zeros([0_i64; 0], (tch::Kind::Float, stage.device()))?;
    let parameters: Vec<&Tensor> = faded.network.parameters().iter().map(|p| &p.tensor).collect();
    let buffers: Vec<&Tensor> = faded.network.buffers().iter().map(|b| &b.tensor).collect();
    let inputs = faded.batch(0)?.inputs;
    let acting = tch::no_grad(|| {
        let knobs = vec![&zero; plan.knobs().len()];
        let context = ForwardContext::evaluation();
        plan.run_observed(&[&inputs], &parameters, &buffers, &knobs, &context, None)
    })?;
    let (_, acting) = acting.into_iter().next().ok_or_else(no_output)?;
    let furthest = list(&acting.f_sub(&plain)?)?.into_iter().map(f64::abs).fold(0.0, f64::max);
    let size = list(&plain)?.into_iter().map(f64::abs).fold(0.0, f64::max);
    if furthest <= 1e-5 * size {
        return fine("with its knobs at 0 the outputs are those without it, and it is removed");
    }
    doubtful(format!(
        "with its knobs at 0 it still changes the outputs (by {} of {}): removing it then is a \
         jump",
        short(furthest),
        short(size)
    ))
}
