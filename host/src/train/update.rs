//! Masks that move during a training.

use jackpot_plugin_api::ctx::Progress;
use tch::{Kind, Tensor};

use super::access::Access;
use super::error::TrainError;
use super::optimizer::Optimizer;
use super::training::Training;
use crate::model::Network;
use crate::plugin::HookError;
use crate::plugin::kinds::{Common, Update, dtype_name};
use crate::prune::Masks;
use crate::torch::memory_format::copied_as;
use crate::torch::settings::without_tf32;

impl Training<'_> {
    /// Whether the masks move in the step after that point.
    ///
    /// # Errors
    ///
    /// What the plugin says.
    pub fn update_is_due(&self, progress: Progress) -> Result<bool, TrainError> {
        match &self.recipe.update {
            Some(update) => Ok(update.due(progress)?),
            None => Ok(false),
        }
    }

    /// Asks the recipe's update for new masks and applies them to weights and momenta. `gradients`
    /// are this step's, one per parameter, not masked. Gives whether this was instead of the
    /// optimizer's step.
    ///
    /// # Errors
    ///
    /// What the plugin says, or masks that cannot be.
    pub fn update_masks(
        &mut self,
        optimizer: &Optimizer,
        gradients: &[Option<Tensor>],
        progress: Progress,
    ) -> Result<bool, TrainError> {
        let Some(update) = &self.recipe.update else { return Ok(false) };
        let masks = self.ask(update, gradients, progress)?;
        masks.apply(&self.network)?;
        optimizer.apply_masks(self.network.parameters(), &masks)?;
        let replaces = update.replaces_step()?;
        self.masks = masks;
        self.remake_kernels()?;
        Ok(replaces)
    }

    fn ask(
        &self,
        update: &Update,
        gradients: &[Option<Tensor>],
        progress: Progress,
    ) -> Result<Masks, TrainError> {
        let scope: Vec<String> = self.masks.iter().map(|(name, _)| name.to_owned()).collect();
        let (spec, network) = (&self.spec, &self.network);
        let access = Access::new(network, &self.masks, spec.feed, &scope, spec.seed)
            .of_step(dense(network, gradients)?);
        let purpose = format!("update/{}", update.name());
        let context = access.context(update.name(), &purpose, progress, spec.seed, spec.device);
        let given = without_tf32(|| update.update(&context).map_err(TrainError::from))?;
        checked(&self.masks, given).map_err(|message| update.error(message).into())
    }

    /// Calls the update once for the first and once for the last step of the training in which it
    /// is due, on the dense network of a draw that prunes these parameters.
    ///
    /// # Errors
    ///
    /// What the plugin says, masks that cannot be, or an update that is never due.
    pub fn rehearse_update(&mut self, names: &[String]) -> Result<(), TrainError> {
        let Some(update) = &self.recipe.update else { return Ok(()) };
        self.masks = Masks::dense(&self.network, names);
        let steps = self.spec.start().total_steps;
        let find = |mut order: Box<dyn Iterator<Item = u64>>| -> Result<u64, HookError> {
            let due = |step: u64| match update.due(self.spec.progress(step)) {
                Ok(due) => due.then_some(Ok(step)),
                Err(error) => Some(Err(error)),
            };
            let never = format!(
                "it would never act: `due` says no before each of the {steps} steps of this training"
            );
            order.find_map(due).unwrap_or_else(|| Err(update.error(never)))
        };
        let none: Vec<Option<Tensor>> = self.network.parameters().iter().map(|_| None).collect();
        for step in [find(Box::new(0..steps))?, find(Box::new((0..steps).rev()))?] {
            self.ask(update, &none, self.spec.progress(step))?;
        }
        Ok(())
    }
}

/// The gradients by name, with zeros for what the loss does not depend on.
pub(crate) fn dense(
    network: &Network,
    gradients: &[Option<Tensor>],
) -> Result<Vec<(String, Tensor)>, tch::TchError> {
    let named = network.parameters().iter().zip(gradients).map(|(parameter, gradient)| {
        let gradient = match gradient {
            Some(gradient) => gradient.detach(),
            None => parameter.tensor.detach().f_zeros_like()?,
        };
        Ok((parameter.name.clone(), gradient))
    });
    named.collect()
}

/// The masks that a plugin gave over those of before; what is wrong with them, in words.
pub(crate) fn checked(before: &Masks, given: Vec<(String, Tensor)>) -> Result<Masks, String> {
    let mut masks = before.shallow_clone();
    for (name, mask) in given {
        let old = before.get(&name).ok_or_else(|| {
            let some = before.iter().next().map(|(name, _)| format!(", such as `{name}`"));
            let some = some.unwrap_or_default();
            format!("it gives a mask for `{name}`, which is no parameter that is pruned here{some}")
        })?;
        if mask.kind() != Kind::Bool || mask.size() != old.size() {
            return Err(format!(
                "the mask of `{name}` has shape {:?} and dtype {}; it must have shape {:?} and \
                 dtype bool",
                mask.size(),
                dtype_name(mask.kind()),
                old.size()
            ));
        }
        // Where the old mask lies, and which the plugin cannot change afterwards.
        let own = copied_as(old, &mask).map_err(|error| error.to_string())?;
        masks.insert(name, own);
    }
    match masks.kept() {
        // A network without weights learns nothing more.
        0 => Err(format!("its masks keep none of the {} prunable weights", masks.total())),
        _ => Ok(masks),
    }
}
