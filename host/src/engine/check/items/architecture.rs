//! Kind `architecture`.

use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::graph::Graph;
use jackpot_plugin_api::model::Mode;
use tch::{Kind, Tensor};

use crate::engine::check::trial::{Checked, Trial, doubtful, fine, words, wrong};
use crate::engine::check::values::{list, normal, short, time};
use crate::model::graph::shapes::infer;
use crate::model::graph::source::{from_plugin, image_input, logits_output};
use crate::model::{BuildOptions, Network};
use crate::plugin::kinds::Architecture;
use crate::torch::grad::{GradOptions, grad};
use crate::train::TrainError;
use crate::train::loss::cross_entropy;

/// MNIST's, CIFAR's and Tiny-ImageNet's images. The second is what most networks are for.
const SHAPES: [[usize; 3]; 3] = [[3, 32, 32], [1, 28, 28], [3, 64, 64]];
const CLASSES: usize = 10;
const IMAGES: i64 = 2;

pub fn check(trial: &Trial<'_>) {
    let Ok(architecture) = trial.create().map(Architecture::new) else { return };
    let mut usable = None;
    if !trial.check("graph", || graphs(&architecture, &mut usable)) {
        return;
    }
    let Some((shape, graph)) = usable else { return };
    trial.check("parameters", || parameters(&graph));
    trial.check("training", || step(trial, shape, &graph));
}

fn built(architecture: &Architecture, shape: [usize; 3]) -> Result<Graph, TrainError> {
    Ok(from_plugin(architecture, &image_input(shape), &logits_output(CLASSES))?)
}

/// A graph with shapes that fit.
fn graph(architecture: &Architecture, shape: [usize; 3]) -> Result<Graph, TrainError> {
    let graph = built(architecture, shape)?;
    let view = infer(&graph)?;
    let from = graph.outputs.first().map(|output| output.from.clone()).unwrap_or_default();
    match view.shape(&from) {
        Some(found) if found != logits_output(CLASSES).shape => Err(TrainError::Setting(format!(
            "output `{}` gives {found:?} for an image, there are {CLASSES} classes",
            graph.outputs[0].name
        ))),
        _ => Ok(graph),
    }
}

/// At least one kind of images can be taken; which ones.
fn graphs(architecture: &Architecture, usable: &mut Option<([usize; 3], Graph)>) -> Checked {
    let mut taken = Vec::new();
    let mut refused = Vec::new();
    for shape in SHAPES {
        let text = shape.map(|size| size.to_string()).join("×");
        match graph(architecture, shape) {
            Ok(graph) => {
                if usable.is_none() && json(&graph) != json(&built(architecture, shape)?) {
                    return wrong(format!("for {text} it built two different graphs"));
                }
                usable.get_or_insert((shape, graph));
                taken.push(text);
            }
            Err(error) => refused.push(format!("{text}: {}", words(&error))),
        }
    }
    match (taken.is_empty(), refused.is_empty()) {
        (true, _) => wrong(refused.remove(0)),
        (false, true) => fine(format!("valid for images of {}", taken.join(", "))),
        (false, false) => fine(format!(
            "valid for images of {}; not for {}",
            taken.join(", "),
            refused.join("; ")
        )),
    }
}

fn json(graph: &Graph) -> String {
    serde_json::to_string(graph).unwrap_or_default()
}

fn parameters(graph: &Graph) -> Checked {
    let count = |only_prunable: bool| -> i64 {
        let wanted = graph.parameters.iter().filter(|p| p.prunable || !only_prunable);
        wanted.map(|p| p.shape.iter().product::<i64>()).sum()
    };
    let sites = graph.nodes.iter().filter(|node| node.site.is_some()).count();
    let (all, prunable) = (count(false), count(true));
    if prunable == 0 {
        return doubtful(format!("{all} weights, none of which may be pruned"));
    }
    if sites == 0 {
        return doubtful(format!("{all} weights, and no site for an activation"));
    }
    fine(format!("{all} weights, {prunable} prunable, {sites} activation sites"))
}

fn step(trial: &Trial<'_>, shape: [usize; 3], graph: &Graph) -> Checked {
    let device = trial.stage.device();
    let network = Network::build(
        graph,
        BuildOptions {
            activation: None,
            skip: None,
            registry: Some(trial.stage.registry()),
            seed: trial.stage.seed(),
            device,
            start: Progress { step: 0, steps_per_epoch: 1, total_steps: 1 },
        },
    )?;
    let [c, h, w] = shape.map(|size| size as i64);
    let images = normal(&[IMAGES, c, h, w], 20, Kind::Float, device)?;
    let targets =
        Tensor::f_full([IMAGES, CLASSES as i64], 1.0 / CLASSES as f64, (Kind::Float, device))?;
    let begun = std::time::Instant::now();
    let outputs = network.forward(&images, Mode::Train)?;
    let Some((name, logits)) = outputs.first() else { return wrong("the network has no output") };
    let wanted = [IMAGES, CLASSES as i64];
    if logits.size() != wanted {
        return wrong(format!("output `{name}` has shape {:?}, not {wanted:?}", logits.size()));
    }
    let loss = cross_entropy(logits, &targets)?;
    let value = loss.f_double_value(&[])?;
    if !value.is_finite() {
        return wrong(format!("the loss of its first outputs is {value}"));
    }
    let weights: Vec<&Tensor> = network.parameters().iter().map(|p| &p.tensor).collect();
    let options = GradOptions { allow_unused: true, ..GradOptions::default() };
    let gradients = grad(&[&loss], &weights, None, options)?;
    let took = time(begun.elapsed().as_secs_f64());
    for (parameter, gradient) in network.parameters().iter().zip(&gradients) {
        let name = &parameter.name;
        match gradient {
            None => return doubtful(format!("the loss does not depend on `{name}`")),
            Some(gradient) => {
                let bad = list(gradient)?.into_iter().find(|value| !value.is_finite());
                if let Some(bad) = bad {
                    return wrong(format!("the gradient of `{name}` has a value that is {bad}"));
                }
            }
        }
    }
    let value = short(value);
    fine(format!("outputs and gradients are finite (loss {value}), {took} for {IMAGES} images"))
}
