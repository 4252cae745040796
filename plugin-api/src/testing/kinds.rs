//! What can be tried with an item of each kind.

use super::gradient::INPUT;
use super::host::{double, given};
use super::network::Network;
use super::{TestResult, Trial, gradient};
use crate::graph::Graph;
use crate::kinds::{
    Activation, ActivationItem, Architecture, ArchitectureItem, Augmentation, AugmentationItem,
    Batch, Init, InitItem, Loss, LossItem, Score, ScoreItem, Skip, SkipItem, Update, UpdateItem,
};
use crate::tensor::{NamedTensors, Tensor};

impl<'a, T: Activation> Trial<'a, ActivationItem<T>> {
    /// The activation of `x`.
    ///
    /// # Errors
    ///
    /// What the hook says; a result of another shape or dtype than `x`.
    pub fn forward(&self, x: &Tensor) -> TestResult<Tensor> {
        self.run("activation", vec![given("x", x)])?.tensor("y")
    }

    /// Compares the gradients to `x` and to every declared tensor that is trained with central
    /// differences, in f64. Choose an `x` away from kinks, such as 0 of a ReLU; each element takes
    /// two calls of the hook.
    ///
    /// # Errors
    ///
    /// The element whose gradient is the furthest off.
    pub fn check_gradient(&self, x: &Tensor) -> TestResult {
        let mut at = self.trained()?;
        at.insert(INPUT, x.clone());
        gradient::check(&at, &|tensors| self.with_all(tensors).forward(tensors.expect(INPUT)))
    }

    /// A network with this activation at every activation site.
    ///
    /// # Errors
    ///
    /// What the host says of the graph or the item.
    pub fn network(self, graph: &Graph) -> TestResult<Network<'a>> {
        Network::of_graph(self.host, &self.setting, graph, Some(self.item))
    }
}

impl<T: Loss> Trial<'_, LossItem<T>> {
    /// The loss of logits (f32 `[N, classes]`) and targets (f32 `[N, classes]`, rows that sum to
    /// 1).
    ///
    /// # Errors
    ///
    /// What the hook says; a result that is not one number; a missing teacher.
    pub fn loss(&self, logits: &Tensor, targets: &Tensor) -> TestResult<Tensor> {
        let mut args = vec![given("output.logits", logits), given("target.target", targets)];
        let teacher = self.setting.teacher.as_ref();
        args.extend(teacher.map(|teacher| given("output.teacher", teacher)));
        self.run("loss", args)?.tensor("loss")
    }

    /// With these outputs of a teacher (f32 `[N, classes]`).
    pub fn teacher(mut self, logits: &Tensor) -> Self {
        self.setting.teacher = Some(logits.clone());
        self
    }

    /// Compares the gradients to the logits and to every declared tensor that is trained with
    /// central differences, in f64.
    ///
    /// # Errors
    ///
    /// The element whose gradient is the furthest off.
    pub fn check_gradient(&self, logits: &Tensor, targets: &Tensor) -> TestResult {
        let mut at = self.trained()?;
        at.insert(INPUT, logits.clone());
        let targets = double(targets);
        gradient::check(&at, &|tensors| {
            let mut trial = self.with_all(tensors);
            trial.setting.teacher = self.setting.teacher.as_ref().map(double);
            trial.loss(tensors.expect(INPUT), &targets)
        })
    }
}

impl<T: Augmentation> Trial<'_, AugmentationItem<T>> {
    /// The changed batch.
    ///
    /// # Errors
    ///
    /// What the hook says; a result of another shape or dtype.
    pub fn augment(&self, batch: &Batch) -> TestResult<Batch> {
        let args = vec![
            given("images", &batch.images),
            given("targets", &batch.targets),
            given("indices", &batch.indices),
        ];
        let changed = self.run("augmentation", args)?;
        Ok(Batch {
            images: changed.tensor("images")?,
            targets: changed.tensor("targets")?,
            indices: changed.tensor("indices")?,
        })
    }
}

impl<'a, T: Skip> Trial<'a, SkipItem<T>> {
    /// The network of a graph with the item's additions: merged, its shapes inferred and checked.
    ///
    /// # Errors
    ///
    /// What the hook says; additions that do not fit the graph, and why.
    pub fn rewrite(self, graph: &Graph) -> TestResult<Network<'a>> {
        Network::of_graph(self.host, &self.setting, graph, Some(self.item))
    }
}

impl<'a, T: Architecture> Trial<'a, ArchitectureItem<T>> {
    /// The network for images `[C, H, W]` and that many classes.
    ///
    /// # Errors
    ///
    /// What the hook says; a graph that is not valid; shapes that do not fit.
    pub fn network(self, image: [i64; 3], classes: i64) -> TestResult<Network<'a>> {
        Network::of_architecture(self.host, &self.setting, self.item, image, classes)
    }
}

impl<T: Init> Trial<'_, InitItem<T>> {
    /// Sets the weights of a network, which keeps them.
    ///
    /// # Errors
    ///
    /// What the hook says; a weight of another shape or one that is not finite.
    pub fn initialize(&self, network: &Network<'_>) -> TestResult {
        self.run_on("init", network).map(|_| ())
    }
}

impl<T: Score> Trial<'_, ScoreItem<T>> {
    /// The scores of a network's weights by the names of their parameters.
    ///
    /// # Errors
    ///
    /// What the hook says; a score that is missing, of another shape, or NaN.
    pub fn score(&self, network: &Network<'_>) -> TestResult<NamedTensors> {
        Ok(self.run_on("score", network)?.tensors)
    }
}

impl<T: Update> Trial<'_, UpdateItem<T>> {
    /// Moves the masks of a network, which keeps them, and gives all of them. The gradients are
    /// those of the cross-entropy of 16 images.
    ///
    /// # Errors
    ///
    /// What the hook says; masks of another shape or dtype, or such that keep nothing.
    pub fn update(&self, network: &Network<'_>) -> TestResult<NamedTensors> {
        Ok(self.run_on("update", network)?.tensors)
    }
}

impl<K> Trial<'_, K> {
    /// The values of declared tensors that are trained.
    fn trained(&self) -> TestResult<NamedTensors> {
        let mut plain = self.copy();
        plain.setting.given = NamedTensors::new();
        let declared = plain.tensors()?;
        let trained = |name: &str| declared.get(name).is_some_and(Tensor::requires_grad);
        Ok(self.tensors()?.into_iter().filter(|(name, _)| trained(name)).collect())
    }

    /// The same trial with these tensors.
    fn with_all(&self, tensors: &NamedTensors) -> Self {
        let mut trial = self.copy();
        for (name, tensor) in tensors.iter().filter(|(name, _)| *name != INPUT) {
            trial = trial.with(name, tensor);
        }
        trial
    }
}
