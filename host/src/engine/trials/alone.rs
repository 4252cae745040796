//! Trials of an item without a network.

use jackpot_plugin_api::abi::{Fault, Named};
use jackpot_plugin_api::manifest::Kind;
use tch::Tensor;

use super::setting::{Setting, item};
use super::words::{all_named, fault, named};
use crate::plugin::kinds::{Activation, Augmentation, BatchTensors, Common, Loss};
use crate::plugin::remote::Given;

/// The declared tensors and knobs of an item.
pub fn tensors(given: &Given) -> Result<Vec<Named>, Fault> {
    let setting = Setting::of(given)?;
    let (kind, instance) = item(given)?;
    let item: Box<dyn Common> = match kind {
        Kind::Activation => Box::new(Activation::new(instance)),
        Kind::Loss => Box::new(Loss::new(instance)),
        Kind::Augmentation => Box::new(Augmentation::new(instance)),
        kind => return Err(format!("{kind} items declare no tensors").into()),
    };
    Ok(all_named(setting.tensors(&*item)?))
}

/// The activation of a tensor.
pub fn activation(given: &Given) -> Result<Vec<Named>, Fault> {
    let (setting, x) = (Setting::of(given)?, given.tensor("x")?);
    let item = Activation::new(item(given)?.1);
    let tensors = setting.tensors(&item)?;
    let y = setting.with(&item, "activation", &tensors, |context| item.forward(&x, context));
    Ok(vec![named("y", y.map_err(fault)?)])
}

/// The loss of outputs and targets.
pub fn loss(given: &Given) -> Result<Vec<Named>, Fault> {
    let setting = Setting::of(given)?;
    let item = Loss::new(item(given)?.1);
    let (outputs, targets) = (given.tensors("output"), given.tensors("target"));
    let (outputs, targets) = (borrowed(&outputs), borrowed(&targets));
    if item.needs_teacher().map_err(fault)? && outputs.iter().all(|(name, _)| *name != "teacher") {
        return Err(
            "the loss learns from a teacher, and the test gives none: .teacher(&logits)".into()
        );
    }
    let tensors = setting.tensors(&item)?;
    let loss =
        setting.with(&item, "loss", &tensors, |context| item.loss(&outputs, &targets, context));
    Ok(vec![named("loss", loss.map_err(fault)?)])
}

/// The changed batch.
pub fn augmentation(given: &Given) -> Result<Vec<Named>, Fault> {
    let setting = Setting::of(given)?;
    let item = Augmentation::new(item(given)?.1);
    let batch = BatchTensors {
        images: given.tensor("images")?,
        targets: given.tensor("targets")?,
        indices: given.tensor("indices")?,
    };
    let tensors = setting.tensors(&item)?;
    // A recipe's first augmentation.
    let place = "augmentation0";
    let batch = setting.with(&item, place, &tensors, |context| item.augment(&batch, context));
    let BatchTensors { images, targets, indices } = batch.map_err(fault)?;
    Ok(vec![named("images", images), named("targets", targets), named("indices", indices)])
}

fn borrowed(tensors: &[(String, Tensor)]) -> Vec<(&str, &Tensor)> {
    tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect()
}
