//! Networks that the host has built.

use super::connection::Callable;
use super::host::{Results, given};
use super::trial::Setting;
use super::{Failure, Host, TestResult};
use crate::graph::{Graph, GraphView, TensorSpec};
use crate::tensor::{NamedTensors, Tensor};
use crate::wire::{Wire, WireNamed};

/// A network with its first weights, and masks that keep all of them.
pub struct Network<'a> {
    host: &'a Host,
    item: Option<Callable<'a>>,
    setting: Setting,
    number: i64,
    view: GraphView,
}

impl<'a> Network<'a> {
    pub(super) fn of_graph(
        host: &'a Host,
        setting: &Setting,
        graph: &Graph,
        item: Option<Callable<'a>>,
    ) -> TestResult<Self> {
        let graph = WireNamed::new("graph", Wire::Str(json(graph)?));
        Self::build(host, setting, item, vec![graph])
    }

    pub(super) fn of_architecture(
        host: &'a Host,
        setting: &Setting,
        item: Callable<'a>,
        image: [i64; 3],
        classes: i64,
    ) -> TestResult<Self> {
        let spec = |name: &str, shape: &[i64]| {
            let (name, shape, dtype) = (name.to_owned(), shape.to_vec(), "f32".to_owned());
            json(&TensorSpec { name, shape, dtype }).map(Wire::Str)
        };
        let input = WireNamed::new("input", spec("x", &image)?);
        let output = WireNamed::new("output", spec("logits", &[classes])?);
        Self::build(host, setting, Some(item), vec![input, output])
    }

    fn build(
        host: &'a Host,
        setting: &Setting,
        item: Option<Callable<'a>>,
        mut args: Vec<WireNamed>,
    ) -> TestResult<Self> {
        args.extend(setting.args());
        let built = match &item {
            Some(item) => {
                args.extend(item.args()?);
                host.trial("network", args, &[item])?
            }
            None => host.trial("network", args, &[])?,
        };
        let missing = || Failure::new("the host gave no network");
        let number = built.numbers.first().ok_or_else(missing)?.1;
        let view = &built.texts.first().ok_or_else(missing)?.1;
        let view = serde_json::from_str(view).map_err(|error| Failure::new(error.to_string()))?;
        Ok(Self { host, item, setting: setting.clone(), number, view })
    }

    /// The graph as it was built, with the shape of each value.
    pub fn view(&self) -> &GraphView {
        &self.view
    }

    /// The shape of an input's or a node's result, without the batch dimension.
    ///
    /// # Panics
    ///
    /// A name that the graph does not have.
    #[track_caller]
    pub fn shape(&self, name: &str) -> &[i64] {
        let shape = self.view.shape(name);
        shape.unwrap_or_else(|| panic!("the graph has no input or node `{name}`"))
    }

    /// After that many steps of the training: knobs follow.
    #[must_use]
    pub fn at(mut self, step: u64) -> Self {
        self.setting.progress.step = step;
        self
    }

    /// The outputs by name, in a training step: normalisations use and track the batch's statistics.
    ///
    /// # Errors
    ///
    /// What the host or a hook says: the node, and why.
    pub fn forward(&self, x: &Tensor) -> TestResult<NamedTensors> {
        self.run("network.forward", &self.setting, vec![given("x", x)])
    }

    /// The outputs by name, in an evaluation.
    ///
    /// # Errors
    ///
    /// What the host or a hook says: the node, and why.
    pub fn evaluate(&self, x: &Tensor) -> TestResult<NamedTensors> {
        let setting = self.setting.clone().evaluating();
        self.run("network.forward", &setting, vec![given("x", x)])
    }

    /// The parameters by their state-dict names: the network's own, which require gradients and
    /// change with the network.
    ///
    /// # Errors
    ///
    /// A host that is lost.
    pub fn parameters(&self) -> TestResult<NamedTensors> {
        self.run("network.parameters", &self.setting, Vec::new())
    }

    /// A copy of the parameter of that name, as it is now.
    ///
    /// # Errors
    ///
    /// There is none; which there are.
    pub fn parameter(&self, name: &str) -> TestResult<Tensor> {
        let all = self.parameters()?;
        let own = all.get(name);
        own.map(|tensor| tensor.detach().copy()).ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|(name, _)| name).collect();
            let there = names.join(", ");
            Failure::new(format!("the network has no parameter `{name}`; there are: {there}"))
        })
    }

    /// Replaces a weight (same shape); pruned ones stay +0.0.
    ///
    /// # Errors
    ///
    /// A name or shape that the network does not have; a value that is not finite.
    pub fn set(&self, name: &str, value: &Tensor) -> TestResult {
        let name = WireNamed::new("name", Wire::Str(name.to_owned()));
        self.run("network.set", &self.setting, vec![name, given("value", value)]).map(|_| ())
    }

    /// The masks of the prunable parameters: bool, true where a weight is kept.
    ///
    /// # Errors
    ///
    /// A host that is lost.
    pub fn masks(&self) -> TestResult<NamedTensors> {
        self.run("network.masks", &self.setting, Vec::new())
    }

    /// Prunes a parameter: weights where the mask is 0 become +0.0.
    ///
    /// # Errors
    ///
    /// A name that is not prunable, or another shape.
    pub fn set_mask(&self, name: &str, mask: &Tensor) -> TestResult {
        let name = WireNamed::new("name", Wire::Str(name.to_owned()));
        self.run("network.mask", &self.setting, vec![name, given("mask", mask)]).map(|_| ())
    }

    /// As an argument of a trial.
    pub(super) fn argument(&self) -> WireNamed {
        WireNamed::new("network", Wire::Int(self.number))
    }

    /// The item in it, which the host may call.
    pub(super) fn item(&self) -> Option<&Callable<'a>> {
        self.item.as_ref()
    }

    fn run(
        &self,
        what: &str,
        setting: &Setting,
        mut args: Vec<WireNamed>,
    ) -> TestResult<NamedTensors> {
        args.push(self.argument());
        args.extend(setting.args());
        let Results { tensors, .. } = match &self.item {
            Some(item) => self.host.trial(what, args, &[item])?,
            None => self.host.trial(what, args, &[])?,
        };
        Ok(tensors)
    }
}

impl Drop for Network<'_> {
    fn drop(&mut self) {
        // A host that is lost has lost its networks, too.
        let _ = self.host.trial("network.drop", vec![self.argument()], &[]);
    }
}

fn json<T: serde::Serialize>(value: &T) -> TestResult<String> {
    serde_json::to_string(value).map_err(|error| Failure::new(error.to_string()))
}
