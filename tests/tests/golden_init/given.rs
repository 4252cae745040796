//! The host's model with batches that a test gives, and calling an item on it.

use jackpot::model::Network;
use jackpot::plugin::kinds::Init;
use jackpot::plugin::{HookContext, HookError, ModelAccess};
use jackpot::prune::Masks;
use jackpot::train::Feed;
use jackpot::train::access::Access;
use jackpot_plugin_api::manifest::Kind as ItemKind;
use jackpot_plugin_api::model::{Mode, ParameterInfo};
use serde_json::Value;
use tch::{Kind, Tensor};

use crate::formula;
use crate::setup::{START, instance};

/// Inputs and one-hot targets of the `index`-th batch of a size.
pub type Batches<'a> = dyn Fn(i64, i64) -> (Tensor, Tensor) + 'a;

/// A network as the host shows it to an item, but for its batches.
pub struct Given<'a> {
    access: Access<'a>,
    batches: &'a Batches<'a>,
}

impl<'a> Given<'a> {
    pub fn new(
        network: &'a Network,
        masks: &'a Masks,
        feed: &'a Feed,
        batches: &'a Batches<'a>,
    ) -> Self {
        Self { access: Access::new(network, masks, feed, &[], 0), batches }
    }
}

impl ModelAccess for Given<'_> {
    fn gradients(&self) -> Result<Vec<(String, Tensor)>, String> {
        Err("an init has no gradients".to_owned())
    }

    fn infos(&self) -> Vec<ParameterInfo> {
        self.access.infos()
    }

    fn parameters(&self) -> Vec<(String, Tensor)> {
        self.access.parameters()
    }

    fn masks(&self) -> Vec<(String, Tensor)> {
        self.access.masks()
    }

    fn buffers(&self) -> Vec<(String, Tensor)> {
        self.access.buffers()
    }

    fn set(&self, name: &str, value: &Tensor) -> Result<(), String> {
        self.access.set(name, value)
    }

    fn batch(&self, index: i64, size: i64) -> Result<(Tensor, Tensor), String> {
        Ok((self.batches)(index, size))
    }

    fn forward(
        &self,
        parameters: &[(&str, &Tensor)],
        buffers: &[(&str, &Tensor)],
        input: &Tensor,
        mode: Mode,
        dtype: Option<Kind>,
    ) -> Result<Vec<(String, Tensor)>, String> {
        self.access.forward(parameters, buffers, input, mode, dtype)
    }
}

/// Runs an item's hook on a model.
pub fn initialize(
    name: &str,
    params: &Value,
    model: &dyn ModelAccess,
    seed: u64,
) -> Result<(), HookError> {
    let item = Init::new(instance(ItemKind::Init, name, params));
    let purpose = format!("init/{name}");
    let plain = HookContext::plain(name, &purpose, START, seed);
    item.initialize(&HookContext { model: Some(model), ..plain })
}

/// Random images and classes by formula, f64.
pub fn noise(label: &str, side: i64, classes: i64) -> impl Fn(i64, i64) -> (Tensor, Tensor) {
    move |index, size| {
        let seed = |what: &str| formula::seed(&format!("{label}/batch-{index}/{what}"));
        let count = (size * 3 * side * side) as usize;
        let inputs = Tensor::from_slice(&formula::values(count, seed("inputs"), 1.0));
        let labels = formula::labels(size as usize, seed("labels"), classes.cast_unsigned());
        let targets = Tensor::from_slice(&labels).one_hot(classes).to_kind(Kind::Double);
        (inputs.reshape([size, 3, side, side]), targets)
    }
}

/// Images that can be learned: noise around one image for each class, f64.
pub fn patterns(label: &str, side: i64, classes: i64) -> impl Fn(i64, i64) -> (Tensor, Tensor) {
    let count = (classes * 3 * side * side) as usize;
    let means = formula::values(count, formula::seed(&format!("{label}/means")), 1.0);
    let means = Tensor::from_slice(&means).reshape([classes, 3, side, side]);
    let noise = noise(label, side, classes);
    move |index, size| {
        let (inputs, targets) = noise(index, size);
        (inputs + means.index_select(0, &targets.argmax(1, false)), targets)
    }
}
