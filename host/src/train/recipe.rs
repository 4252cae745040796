//! The plugins of a recipe, made from the config.

use jackpot_plugin_api::ctx::{Progress, Site};
use jackpot_plugin_api::manifest::Kind;
use tch::{Device, Tensor};

use super::error::TrainError;
use crate::config::{PluginRef, TrainConfig};
use crate::model::Network;
use crate::model::knobs::KnobSet;
use crate::model::network::Declared;
use crate::plugin::kinds::{
    Activation, Augmentation, Common, Init, Loss, LrSchedule, Skip, Update,
};
use crate::plugin::{HookContext, Instance, Registry};

/// What a recipe runs besides the network.
#[derive(Debug)]
pub struct Recipe {
    pub schedule: Option<LrSchedule>,
    pub augmentations: Vec<Attached<Augmentation>>,
    pub loss: Option<Attached<Loss>>,
    pub init: Option<Init>,
    pub update: Option<Update>,
}

/// An item outside the graph, with its knobs and declared tensors.
#[derive(Debug)]
pub struct Attached<T> {
    pub item: T,
    knobs: KnobSet,
    declared: Declared,
    site: Site,
    purpose: String,
}

/// The items that become part of the network.
#[derive(Debug, Default)]
pub struct InNetwork {
    pub activation: Option<Activation>,
    pub skip: Option<Skip>,
}

/// An item, if the config names one.
fn make(
    registry: &Registry,
    kind: Kind,
    reference: Option<&PluginRef>,
) -> Result<Option<Instance>, TrainError> {
    let create = |r: &PluginRef| registry.create(kind, &r.plugin, &r.params);
    Ok(reference.map(create).transpose()?)
}

impl InNetwork {
    /// Makes them.
    ///
    /// # Errors
    ///
    /// A plugin that cannot be found, or refuses its parameters.
    pub fn new(registry: &Registry, train: &TrainConfig) -> Result<Self, TrainError> {
        let activation = make(registry, Kind::Activation, train.activation.as_ref())?;
        let skip = make(registry, Kind::Skip, train.skip.as_ref())?;
        Ok(Self { activation: activation.map(Activation::new), skip: skip.map(Skip::new) })
    }
}

impl Recipe {
    /// Makes the items and declares their tensors in the network.
    ///
    /// # Errors
    ///
    /// A plugin that cannot be found, or refuses its parameters.
    pub fn new(
        registry: &Registry,
        train: &TrainConfig,
        network: &mut Network,
        start: Progress,
    ) -> Result<Self, TrainError> {
        let schedule = make(registry, Kind::LrSchedule, train.lr_schedule.as_ref())?;
        let init = make(registry, Kind::Init, train.init.as_ref())?;
        let update = make(registry, Kind::Update, train.update.as_ref())?;
        let loss = match make(registry, Kind::Loss, train.loss.as_ref())? {
            Some(instance) => Some(Attached::new(Loss::new(instance), "loss", network, start)?),
            None => None,
        };
        let mut augmentations = Vec::new();
        for (index, reference) in train.augmentation.iter().enumerate() {
            let instance =
                registry.create(Kind::Augmentation, &reference.plugin, &reference.params)?;
            let place = format!("augmentation{index}");
            let item = Augmentation::new(instance);
            augmentations.push(Attached::new(item, &place, network, start)?);
        }
        Ok(Self {
            schedule: schedule.map(LrSchedule::new),
            augmentations,
            loss,
            init: init.map(Init::new),
            update: update.map(Update::new),
        })
    }

    /// Moves all knobs to that point of the training.
    ///
    /// # Errors
    ///
    /// What a knob's hook says.
    pub fn set_progress(&mut self, progress: Progress) -> Result<(), TrainError> {
        for attached in &mut self.augmentations {
            attached.knobs.update(&attached.item, progress)?;
        }
        if let Some(attached) = &mut self.loss {
            attached.knobs.update(&attached.item, progress)?;
        }
        Ok(())
    }

    /// The knobs' values, for the metrics.
    pub fn knob_values(&self) -> Vec<(String, f64)> {
        let named = |item: &str, knobs: &KnobSet| -> Vec<(String, f64)> {
            knobs.values().map(|(name, value)| (format!("{item}.{name}"), value)).collect()
        };
        let augmentations = self.augmentations.iter().flat_map(|a| named(a.item.name(), &a.knobs));
        let loss = self.loss.iter().flat_map(|a| named(a.item.name(), &a.knobs));
        augmentations.chain(loss).collect()
    }
}

impl<T: Common> Attached<T> {
    fn new(
        item: T,
        place: &str,
        network: &mut Network,
        start: Progress,
    ) -> Result<Self, TrainError> {
        let site = Site { name: place.to_owned(), shape: Vec::new() };
        let declared = network.declare(&item, &site)?;
        let knobs = KnobSet::new(&item, network.device(), start)?;
        let purpose = format!("{place}/{}", item.name());
        Ok(Self { item, knobs, declared, site, purpose })
    }

    /// Runs `body` with the item and its context.
    pub fn with<R>(
        &self,
        network: &Network,
        progress: Progress,
        seed: u64,
        body: impl FnOnce(&T, HookContext<'_>) -> R,
    ) -> R {
        let declared =
            self.declared.iter().map(|(name, place)| (name.as_str(), network.at(*place)));
        let tensors: Vec<(&str, &Tensor)> = declared.chain(self.knobs.tensors()).collect();
        let device: Device = network.device();
        let context = HookContext {
            device,
            site: Some(&self.site),
            tensors: &tensors,
            ..HookContext::plain(self.item.name(), &self.purpose, progress, seed)
        };
        body(&self.item, context)
    }
}
