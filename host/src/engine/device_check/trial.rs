//! One item on one device: a step of the stage's training, or a scoring.

use jackpot_plugin_api::manifest::Kind;
use jackpot_plugin_api::model::Mode;
use serde_json::{Map, Value};
use tch::{Kind as Dtype, Tensor};

use super::compare::Found;
use super::quantity::Quantity;
use crate::config::TrainConfig;
use crate::engine::stage::Stage;
use crate::model::state::{Extra, State};
use crate::plugin::kinds::{Common, Score};
use crate::random::Stream;
use crate::torch::settings::without_tf32;
use crate::train::optimizer::Optimizer;
use crate::train::step::forward;
use crate::train::{TrainError, Training};

/// The step that is done unless an update is due at others: after warm-ups begin, while a skip
/// that fades still acts.
const STEP: u64 = 5;

/// An item as a config would name it.
pub struct Item {
    pub kind: Kind,
    pub reference: String,
    pub params: Map<String, Value>,
}

/// What an item gives on a device.
pub struct Tried {
    pub found: Vec<Found>,
    /// Of a step.
    begin: Option<Begin>,
}

/// Where both sides of a comparison begin: the reference's weights and batch, and its weights
/// after the step.
struct Begin {
    start: State,
    images: Tensor,
    targets: Tensor,
    after: State,
}

impl Tried {
    /// The same start, with every weight and pixel off by `unit` of itself, up or down by chance:
    /// each number is another chance.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn disturbed(&self, unit: f64, number: u64) -> Result<Self, TrainError> {
        let off = |name: &str, tensor: &Tensor| -> Result<Tensor, TrainError> {
            if !tensor.is_floating_point() {
                return Ok(tensor.shallow_clone());
            }
            let signs =
                Stream::new(0, &format!("disturbed/{name}"), number, 0).signs(tensor.numel());
            let signs = Tensor::f_from_slice(&signs)?.f_reshape(tensor.size())?;
            let factors = signs.f_mul_scalar(unit)?.f_add_scalar(1.0)?;
            Ok(tensor.f_mul(&factors.f_to_kind(tensor.kind())?)?)
        };
        let state = |state: &State| -> Result<State, TrainError> {
            state.iter().map(|(name, tensor)| Ok((name.clone(), off(name, tensor)?))).collect()
        };
        let begin = |begin: &Begin| -> Result<Begin, TrainError> {
            Ok(Begin {
                start: state(&begin.start)?,
                images: off("images", &begin.images)?,
                targets: begin.targets.shallow_clone(),
                after: state(&begin.after)?,
            })
        };
        Ok(Self { found: Vec::new(), begin: self.begin.as_ref().map(begin).transpose()? })
    }
}

/// What an item gives on a stage, from the weights and images of the reference.
///
/// # Errors
///
/// What the item says.
pub fn tried(stage: &Stage, item: &Item, reference: Option<&Tried>) -> Result<Tried, TrainError> {
    match item.kind {
        Kind::Score => Ok(Tried { found: vec![scored(stage, item)?], begin: None }),
        _ => {
            let recipe = stage.with(item.kind, &item.reference, item.params.clone());
            stepped(stage, &recipe, reference.and_then(|reference| reference.begin.as_ref()))
        }
    }
}

fn scored(stage: &Stage, item: &Item) -> Result<Found, TrainError> {
    let score = stage.registry().create(item.kind, &item.reference, &item.params)?;
    let score = Score::new(score);
    let recipe = stage.without();
    let training = stage.training(&recipe)?;
    let access = stage.access(&training);
    let purpose = format!("score/{}/level1/round1", score.name());
    let (start, seed, device) = (stage.progress(0), stage.seed(), stage.device());
    let context = access.context(score.name(), &purpose, start, seed, device);
    let tensors = without_tf32(|| score.score(&context).map_err(TrainError::from))?;
    Ok(Found { quantity: Quantity::Scores, tensors })
}

fn stepped(
    stage: &Stage,
    recipe: &TrainConfig,
    reference: Option<&Begin>,
) -> Result<Tried, TrainError> {
    let mut training = stage.training(recipe)?;
    let mut found = Vec::new();
    let mut add = |quantity, tensors: Vec<(String, Tensor)>| {
        let copies = tensors.into_iter().map(|(name, tensor)| (name, tensor.detach().copy()));
        found.push(Found { quantity, tensors: copies.collect() });
    };
    let at = due(stage, &training)?;
    let progress = stage.progress(at);
    training.set_progress(progress)?;
    training.initialise(stage.prunable())?;
    if recipe.init.is_some() {
        add(Quantity::InitialWeights, parameters(&training));
    }
    let mut batch = training.batch(at)?;
    add(Quantity::Images, vec![("images".to_owned(), batch.inputs.shallow_clone())]);
    add(Quantity::Targets, vec![("targets".to_owned(), batch.targets.shallow_clone())]);
    if let Some(Begin { start, images, targets, .. }) = reference {
        training.network.load(start, "the reference".as_ref(), Extra::Refused)?;
        batch.inputs = images.f_to_device(stage.device())?;
        batch.targets = targets.f_to_device(stage.device())?;
    }
    let start = copied(&training)?;
    let precision = training.spec().precision;
    let run = |training: &Training<'_>, mode| {
        tch::no_grad(|| forward(&training.network, precision, &batch.inputs, mode))
    };
    add(Quantity::Outputs, run(&training, Mode::BatchStats)?);
    let rate = training.rate(progress)?;
    add(Quantity::Rate, vec![("rate".to_owned(), Tensor::from(rate))]);
    let mut optimizer = Optimizer::new(&recipe.optimizer, training.network.parameters())?;
    // Beside momenta of 0 the first step's are the gradients.
    let result = training.step(&mut optimizer, &batch, progress, rate)?;
    add(Quantity::Loss, vec![("loss".to_owned(), result.loss)]);
    let momenta = optimizer.state(training.network.parameters());
    add(Quantity::Gradients, momenta.into_iter().collect());
    let buffers = training.network.buffers().iter().filter(|b| b.tensor.is_floating_point());
    add(Quantity::Statistics, buffers.map(|b| (b.name.clone(), b.tensor.copy())).collect());
    add(Quantity::Masks, training.masks.state().into_iter().collect());
    add(Quantity::Weights, parameters(&training));
    add(Quantity::Pruned, pruned(&training)?);
    let after = copied(&training)?;
    if let Some(Begin { after, .. }) = reference {
        training.network.load(after, "the reference".as_ref(), Extra::Refused)?;
    }
    add(Quantity::Evaluation, run(&training, Mode::Eval)?);
    let begin = Begin { start, images: batch.inputs, targets: batch.targets, after };
    Ok(Tried { found, begin: Some(begin) })
}

/// The first step from [`STEP`] on in which masks move, if they do.
fn due(stage: &Stage, training: &Training<'_>) -> Result<u64, TrainError> {
    if training.recipe.update.is_some() {
        for step in STEP..stage.progress(0).total_steps {
            if training.update_is_due(stage.progress(step))? {
                return Ok(step);
            }
        }
    }
    Ok(STEP)
}

fn parameters(training: &Training<'_>) -> Vec<(String, Tensor)> {
    let parameters = training.network.parameters().iter();
    parameters.map(|p| (p.name.clone(), p.tensor.shallow_clone())).collect()
}

/// Whether weights that the masks prune are anything but +0: 1, else 0.
fn pruned(training: &Training<'_>) -> Result<Vec<(String, Tensor)>, TrainError> {
    let mut all = Vec::new();
    for (name, mask) in training.masks.iter() {
        let Some(parameter) = training.network.parameter(name) else { continue };
        let weight = parameter.tensor.detach();
        let bits = weight.f_view_dtype(Dtype::Int)?;
        let wrong = bits.f_ne(0)?.f_logical_and(&mask.f_logical_not()?)?;
        all.push((name.to_owned(), wrong));
    }
    Ok(all)
}

fn copied(training: &Training<'_>) -> Result<State, TrainError> {
    let one = |(name, tensor): (String, Tensor)| Ok((name, tensor.f_detach()?.copy()));
    training.network.state().into_iter().map(one).collect()
}
