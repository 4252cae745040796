//! What the host knows when it calls a hook.

use std::collections::BTreeMap;
use std::ffi::c_void;

use jackpot_plugin_api::abi::RawCtx;
use jackpot_plugin_api::ctx::{Progress, Site};
use jackpot_plugin_api::model::{Mode, ParameterInfo};
use tch::{Device, Kind, Tensor};

use super::{ctx_ops, tensors};

/// The values of an item's knobs, as 0-dimensional tensors on the device.
pub type Knobs = BTreeMap<String, Tensor>;

/// The context of one call.
pub struct HookContext<'a> {
    /// The item's name, for the log.
    pub item: &'a str,
    /// Whether this is a training step.
    pub training: bool,
    pub progress: Progress,
    /// The run's seed.
    pub seed: u64,
    /// Keys the random numbers, together with the seed: kind, name and place of the item.
    pub purpose: &'a str,
    pub device: Device,
    pub site: Option<&'a Site>,
    /// Declared tensors and knobs by name.
    pub tensors: &'a [(&'a str, &'a Tensor)],
    pub model: Option<&'a dyn ModelAccess>,
    /// The samples of the batch under way, so that numbers for each of them need not wait for a
    /// device.
    pub samples: Option<Samples<'a>>,
}

/// A tensor of sample numbers together with its values.
#[derive(Debug, Clone, Copy)]
pub struct Samples<'a> {
    pub tensor: &'a Tensor,
    pub values: &'a [i64],
}

/// The network as `init`, `score` and `update` hooks may use it. Errors are in words.
pub trait ModelAccess {
    /// What the parameters are, in state-dict order.
    fn infos(&self) -> Vec<ParameterInfo>;
    /// The weights, pruned ones +0.0.
    fn parameters(&self) -> Vec<(String, Tensor)>;
    /// Bool masks of the parameters that have one.
    fn masks(&self) -> Vec<(String, Tensor)>;
    fn buffers(&self) -> Vec<(String, Tensor)>;
    /// The dense gradients of the step under way, if there is one.
    fn gradients(&self) -> Result<Vec<(String, Tensor)>, String>;
    /// Replaces a weight; the mask is applied again.
    fn set(&self, name: &str, value: &Tensor) -> Result<(), String>;
    /// Normalised inputs and one-hot targets of a fixed random batch.
    fn batch(&self, index: i64, size: i64) -> Result<(Tensor, Tensor), String>;
    /// The outputs with some parameters and buffers substituted.
    fn forward(
        &self,
        parameters: &[(&str, &Tensor)],
        buffers: &[(&str, &Tensor)],
        input: &Tensor,
        mode: Mode,
        dtype: Option<Kind>,
    ) -> Result<Vec<(String, Tensor)>, String>;
}

impl<'a> HookContext<'a> {
    /// A context outside any network: no site, no tensors, no model.
    pub fn plain(item: &'a str, purpose: &'a str, progress: Progress, seed: u64) -> Self {
        Self {
            item,
            training: true,
            progress,
            seed,
            purpose,
            device: Device::Cpu,
            site: None,
            tensors: &[],
            model: None,
            samples: None,
        }
    }

    /// The context as it crosses; valid while `self` is borrowed.
    pub fn raw(&self) -> RawCtx {
        let pointer = std::ptr::from_ref(self).cast::<c_void>();
        RawCtx::new(pointer, ctx_ops::table(), tensors::host())
    }
}
