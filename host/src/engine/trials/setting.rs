//! The circumstances of a trial.

use jackpot_plugin_api::abi::Fault;
use jackpot_plugin_api::ctx::{Progress, Site};
use jackpot_plugin_api::manifest::{ItemManifest, Kind};
use tch::{Device, Kind as Dtype, Tensor};

use super::words::fault;
use crate::model::knobs::KnobSet;
use crate::plugin::kinds::Common;
use crate::plugin::remote::{Given, instance};
use crate::plugin::{HookContext, Instance};

/// When, where and with what an item is called.
pub struct Setting {
    pub progress: Progress,
    pub training: bool,
    pub seed: u64,
    site: Site,
    /// Declared tensors and knobs that the test sets.
    given: Vec<(String, Tensor)>,
}

impl Setting {
    /// As the test says.
    pub fn of(given: &Given) -> Result<Self, Fault> {
        Ok(Self {
            progress: Progress {
                step: given.count("step")?,
                steps_per_epoch: given.count("steps_per_epoch")?,
                total_steps: given.count("total_steps")?,
            },
            training: given.truth("training")?,
            seed: given.count("seed")?,
            site: given.json("site")?,
            given: given.tensors("given"),
        })
    }

    /// The declared tensors and knobs of an item that runs in every step.
    ///
    /// # Errors
    ///
    /// What its hooks say; a given tensor that it does not declare.
    pub fn tensors(&self, item: &dyn Common) -> Result<Vec<(String, Tensor)>, Fault> {
        let mut all = Vec::new();
        for one in item.declared(&self.site, self.seed).map_err(fault)? {
            let tensor = Tensor::f_full(&one.shape, one.value, (Dtype::Float, Device::Cpu));
            let tensor = tensor.map_err(fault)?.set_requires_grad(one.trainable);
            all.push((one.name, tensor));
        }
        let knobs = KnobSet::new(item, Device::Cpu, self.progress).map_err(fault)?;
        all.extend(knobs.tensors().map(|(name, tensor)| (name.to_owned(), tensor.shallow_clone())));
        for (name, tensor) in &self.given {
            match all.iter_mut().find(|(known, _)| known == name) {
                Some(slot) => slot.1 = tensor.shallow_clone(),
                None => {
                    let known: Vec<_> = all.iter().map(|(name, _)| name.as_str()).collect();
                    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                    let message =
                        format!("it has no declared tensor or knob `{name}`; there are: {known}");
                    return Err(message.into());
                }
            }
        }
        Ok(all)
    }

    /// Runs `body` with a context that has these tensors. `place` is where the item stands in a
    /// recipe, from which its random numbers follow.
    pub fn with<T>(
        &self,
        item: &dyn Common,
        place: &str,
        tensors: &[(String, Tensor)],
        body: impl FnOnce(&HookContext<'_>) -> T,
    ) -> T {
        let tensors: Vec<_> =
            tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
        let purpose = match place {
            "activation" => format!("activation/{}/{}", item.name(), self.site.name),
            place => format!("{place}/{}", item.name()),
        };
        body(&HookContext {
            training: self.training,
            site: Some(&self.site),
            tensors: &tensors,
            ..HookContext::plain(item.name(), &purpose, self.progress, self.seed)
        })
    }
}

/// The item under test, which must be of one of these kinds.
pub fn item(given: &Given) -> Result<(Kind, Instance), Fault> {
    let manifest: ItemManifest = given.json("item")?;
    let kind = Kind::from_name(&manifest.kind);
    let kind = kind.ok_or_else(|| Fault::from(format!("there is no kind `{}`", manifest.kind)))?;
    let instance = instance(kind, manifest, given.count("number")?).map_err(fault)?;
    Ok((kind, instance))
}
