//! A trial of one item, and its circumstances.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use super::connection::Callable;
use super::host::{Results, given};
use super::network::Network;
use super::{Failure, Host, TestResult, Tested};
use crate::ctx::Progress;
use crate::params::text;
use crate::tensor::{NamedTensors, Tensor};
use crate::wire::{Wire, WireNamed};

/// A trial of one item: say when and where it is called, then what to try.
///
/// Without more words it is a training step, the first of 1000 in epochs of 100, with seed 0, at a
/// site named `site`.
#[must_use]
pub struct Trial<'a, K> {
    pub(super) host: &'a Host,
    pub(super) item: Callable<'a>,
    pub(super) setting: Setting,
    kind: PhantomData<fn() -> K>,
}

impl<'a> Callable<'a> {
    fn new<K, T: Tested<K>>(item: &'a T) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { item: item.wrapped(), number, manifest: T::manifest() }
    }

    /// As arguments of a trial.
    pub fn args(&self) -> TestResult<[WireNamed; 2]> {
        let manifest = serde_json::to_string(&self.manifest);
        let manifest = manifest.map_err(|error| Failure::new(error.to_string()))?;
        Ok([
            WireNamed::new("item", Wire::Str(manifest)),
            WireNamed::new("number", Wire::Int(self.number.cast_signed())),
        ])
    }
}

/// When, where and with what an item is called.
#[derive(Clone)]
pub(super) struct Setting {
    pub progress: Progress,
    training: bool,
    seed: u64,
    site: (String, Vec<i64>),
    pub given: NamedTensors,
    /// A loss's.
    pub teacher: Option<Tensor>,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            progress: Progress { step: 0, steps_per_epoch: 100, total_steps: 1000 },
            training: true,
            seed: 0,
            site: ("site".to_owned(), Vec::new()),
            given: NamedTensors::new(),
            teacher: None,
        }
    }
}

impl Setting {
    /// As arguments of a trial.
    pub fn args(&self) -> Vec<WireNamed> {
        let number = |name, value: u64| WireNamed::new(name, Wire::Int(value.cast_signed()));
        let (name, shape) = &self.site;
        let site = text(&json!({ "name": name, "shape": shape }));
        let mut args = vec![
            number("step", self.progress.step),
            number("steps_per_epoch", self.progress.steps_per_epoch),
            number("total_steps", self.progress.total_steps),
            number("seed", self.seed),
            WireNamed::new("training", Wire::Bool(self.training)),
            WireNamed::new("site", Wire::Str(site)),
        ];
        args.extend(self.given.iter().map(|(name, one)| given(format!("given.{name}"), one)));
        args
    }

    pub fn evaluating(mut self) -> Self {
        self.training = false;
        self
    }
}

impl<'a, K> Trial<'a, K> {
    pub(super) fn new<T: Tested<K>>(host: &'a Host, item: &'a T) -> Self {
        let (item, setting) = (Callable::new(item), Setting::default());
        Self { host, item, setting, kind: PhantomData }
    }

    /// After that many steps of the training.
    pub fn at(mut self, step: u64) -> Self {
        self.setting.progress.step = step;
        self
    }

    /// At that point of a training of another length.
    pub fn progress(mut self, progress: Progress) -> Self {
        self.setting.progress = progress;
        self
    }

    /// In an evaluation, not in a training step.
    pub fn evaluating(mut self) -> Self {
        self.setting = self.setting.evaluating();
        self
    }

    /// In a run of that seed, from which random numbers follow.
    pub fn seed(mut self, seed: u64) -> Self {
        // A number of the host's protocol has a sign.
        self.setting.seed = seed & (u64::MAX >> 1);
        self
    }

    /// At that node of a network, which reads `[C, H, W]` or `[F]`.
    pub fn site(mut self, name: &str, shape: &[i64]) -> Self {
        self.setting.site = (name.to_owned(), shape.to_vec());
        self
    }

    /// With that tensor in place of a declared one or a knob's.
    pub fn with(mut self, name: &str, tensor: &Tensor) -> Self {
        self.setting.given.insert(name, tensor.clone());
        self
    }

    /// The declared tensors with their first values and the knobs of the step, unless they were
    /// given.
    ///
    /// # Errors
    ///
    /// What the item's hooks say; names used twice; an item of a kind that declares none.
    pub fn tensors(&self) -> TestResult<NamedTensors> {
        Ok(self.run("tensors", Vec::new())?.tensors)
    }

    pub(super) fn copy(&self) -> Self {
        let (item, setting) = (self.item.clone(), self.setting.clone());
        Self { host: self.host, item, setting, kind: PhantomData }
    }

    /// Tries the item.
    pub(super) fn run(&self, what: &str, more: Vec<WireNamed>) -> TestResult<Results> {
        self.host.trial(what, self.args(more)?, &[&self.item])
    }

    /// Tries the item on a network, whose own item the host may call, too.
    pub(super) fn run_on(&self, what: &str, network: &Network<'_>) -> TestResult<Results> {
        let items: Vec<_> = std::iter::once(&self.item).chain(network.item()).collect();
        self.host.trial(what, self.args(vec![network.argument()])?, &items)
    }

    fn args(&self, more: Vec<WireNamed>) -> TestResult<Vec<WireNamed>> {
        let mut args = self.setting.args();
        args.extend(self.item.args()?);
        args.extend(more);
        Ok(args)
    }
}
