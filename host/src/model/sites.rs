//! Places in the network where a plugin runs.

use jackpot_plugin_api::ctx::{Progress, Site};
use tch::{Device, Tensor};

use super::error::ModelError;
use super::knobs::KnobSet;
use super::run::pieces::{self, Function, cuda};
use crate::plugin::kinds::{Activation, Common};
use crate::plugin::{HookContext, HookError};
use crate::torch::settings::autocast_disabled;

/// Where a declared tensor is kept.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    Parameter(usize),
    Buffer(usize),
}

/// A site, and the tensors that its item declared there.
#[derive(Debug)]
pub struct SiteState {
    pub site: Site,
    /// Which item of the network runs here.
    pub item: usize,
    pub declared: Vec<(String, Place)>,
    purpose: String,
    /// What its item was last found to compute on a GPU.
    last: cuda::Last,
}

/// An activation with its knobs.
#[derive(Debug)]
pub struct SiteItem {
    pub activation: Activation,
    pub knobs: KnobSet,
}

impl SiteItem {
    /// With the knobs' values before the first step.
    pub fn new(activation: Activation, device: Device, start: Progress) -> Result<Self, HookError> {
        let knobs = KnobSet::new(&activation, device, start)?;
        Ok(Self { activation, knobs })
    }
}

impl SiteState {
    pub fn new(site: Site, item: usize, name: &str, declared: Vec<(String, Place)>) -> Self {
        let purpose = format!("activation/{name}/{}", site.name);
        Self { site, item, declared, purpose, last: cuda::Last::default() }
    }

    /// The activation of `x` at this site.
    ///
    /// # Errors
    ///
    /// What the hook says, or a result of another form.
    pub fn forward(
        &self,
        item: &SiteItem,
        x: &Tensor,
        call: &SiteContext<'_>,
    ) -> Result<Tensor, ModelError> {
        self.with_context(item, call, |context| {
            let of = |some: &Tensor| alone(item, some, context);
            let fused = match x.device() {
                Device::Cuda(_) => cuda::apply(x, &of, context.tensors, &self.last)?,
                _ => pieces::apply(x, &of)?,
            };
            match fused {
                Some(y) => Ok(y),
                None => Ok(item.activation.forward(x, context)?),
            }
        })
    }

    /// What the activation computes of each number, found with some images; `None` where it does not
    /// work number by number, or kernels do not know it.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn function(
        &self,
        item: &SiteItem,
        some: &Tensor,
        call: &SiteContext<'_>,
    ) -> Result<Option<Function>, ModelError> {
        self.with_context(item, call, |context| {
            pieces::function(some, &|some| alone(item, some, context))
        })
    }

    fn with_context<T>(
        &self,
        item: &SiteItem,
        call: &SiteContext<'_>,
        work: impl FnOnce(&HookContext<'_>) -> Result<T, ModelError>,
    ) -> Result<T, ModelError> {
        let declared = self.declared.iter().map(|(name, place)| {
            let tensor = match place {
                Place::Parameter(index) => call.parameters[*index],
                Place::Buffer(index) => call.buffers[*index],
            };
            (name.as_str(), tensor)
        });
        let tensors: Vec<_> = declared.chain(item.knobs.tensors()).collect();
        let context = HookContext {
            item: item.activation.name(),
            training: call.training,
            progress: call.progress,
            seed: call.seed,
            purpose: &self.purpose,
            device: call.device,
            site: Some(&self.site),
            tensors: &tensors,
            model: None,
            samples: None,
        };
        let _plain = if call.autocast { Some(autocast_disabled()?) } else { None };
        work(&context)
    }
}

/// The activation of some images that may stand for all: `None` where it fails.
fn alone(item: &SiteItem, some: &Tensor, context: &HookContext<'_>) -> Option<Tensor> {
    item.activation.forward(some, context).ok()
}

/// What all sites of one forward pass share.
#[derive(Clone, Copy)]
pub struct SiteContext<'a> {
    pub training: bool,
    pub progress: Progress,
    pub seed: u64,
    pub device: Device,
    pub parameters: &'a [&'a Tensor],
    pub buffers: &'a [&'a Tensor],
    /// Whether the forward pass runs under autocast, which plugins do not: it would turn their
    /// softplus or exp back to f32.
    pub autocast: bool,
}
