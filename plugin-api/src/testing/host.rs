//! The host, and trials of one item there.

use std::sync::Arc;

use super::connection::{self, Callable, Connection};
use super::{TestResult, Trial, handles};
use crate::abi::RawDevice;
use crate::graph::Graph;
use crate::kinds::{
    Activation, ActivationItem, Architecture, ArchitectureItem, Augmentation, AugmentationItem,
    Batch, Init, InitItem, Loss, LossItem, Score, ScoreItem, Skip, SkipItem, Update, UpdateItem,
};
use crate::tensor::{Creator, Dtype, NamedTensors, Tensor};
use crate::wire::{Wire, WireNamed};

/// The installed program `jackpot`, which has the tensors.
///
/// All hosts of a process are one program, which is started by the first and ends with the
/// process; tests may run in parallel. It computes on the CPU, in f32, with the checks of a
/// training.
#[derive(Clone)]
pub struct Host {
    connection: Arc<Connection>,
}

impl Host {
    /// Starts `$JACKPOT`, else `jackpot` on the `PATH`, unless it runs already.
    ///
    /// # Errors
    ///
    /// A program that is not there, cannot be started, or is too old or too new for this crate.
    pub fn start() -> TestResult<Self> {
        Ok(Self { connection: connection::shared()? })
    }

    /// An f32 tensor, as training has them, from row-major data.
    ///
    /// # Panics
    ///
    /// A shape of another number of elements.
    pub fn tensor(&self, data: &[f64], shape: &[i64]) -> Tensor {
        let data: Vec<f32> = data.iter().map(|&x| x as f32).collect();
        self.creator().tensor(&data, shape)
    }

    /// Makes other tensors: zeros, ones, whole numbers, any dtype.
    pub fn creator(&self) -> Creator {
        Creator::new(handles::host(), RawDevice { kind: 0, index: -1 })
    }

    /// A batch as augmentations get it: images f32 `[count, C, H, W]` whose pixels differ and lie
    /// in [0, 1), one-hot targets (sample i is of class i modulo `classes`), indices 0, 1, ….
    pub fn batch(&self, count: i64, image: [i64; 3], classes: i64) -> Batch {
        let creator = self.creator();
        let [c, h, w] = image;
        // Multiples of the golden ratio, without their whole parts, are spread evenly.
        let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
        let pixels: Vec<f32> =
            (1..=count * c * h * w).map(|i| (i as f64 * golden).fract() as f32).collect();
        let class =
            |i: i64| (0..classes).map(move |class| f32::from(u8::from(i % classes == class)));
        let targets: Vec<f32> = (0..count).flat_map(class).collect();
        Batch {
            images: creator.tensor(&pixels, &[count, c, h, w]),
            targets: creator.tensor(&targets, &[count, classes]),
            indices: creator.arange(count),
        }
    }

    /// A trial of an activation.
    pub fn activation<'a, T: Activation + 'static>(
        &'a self,
        item: &'a T,
    ) -> Trial<'a, ActivationItem<T>> {
        Trial::new(self, item)
    }

    /// A trial of a loss.
    pub fn loss<'a, T: Loss + 'static>(&'a self, item: &'a T) -> Trial<'a, LossItem<T>> {
        Trial::new(self, item)
    }

    /// A trial of an augmentation.
    pub fn augmentation<'a, T: Augmentation + 'static>(
        &'a self,
        item: &'a T,
    ) -> Trial<'a, AugmentationItem<T>> {
        Trial::new(self, item)
    }

    /// A trial of a skip.
    pub fn skip<'a, T: Skip + 'static>(&'a self, item: &'a T) -> Trial<'a, SkipItem<T>> {
        Trial::new(self, item)
    }

    /// A trial of an architecture.
    pub fn architecture<'a, T: Architecture + 'static>(
        &'a self,
        item: &'a T,
    ) -> Trial<'a, ArchitectureItem<T>> {
        Trial::new(self, item)
    }

    /// A trial of an initialisation.
    pub fn init<'a, T: Init + 'static>(&'a self, item: &'a T) -> Trial<'a, InitItem<T>> {
        Trial::new(self, item)
    }

    /// A trial of a score.
    pub fn score<'a, T: Score + 'static>(&'a self, item: &'a T) -> Trial<'a, ScoreItem<T>> {
        Trial::new(self, item)
    }

    /// A trial of an update of masks.
    pub fn update<'a, T: Update + 'static>(&'a self, item: &'a T) -> Trial<'a, UpdateItem<T>> {
        Trial::new(self, item)
    }

    /// A network of a graph as it stands, with its first weights.
    ///
    /// # Errors
    ///
    /// A graph that is not valid, or shapes that do not fit: the node and the operator's words.
    pub fn network(&self, graph: &Graph) -> TestResult<super::Network<'_>> {
        super::Network::of_graph(self, &super::Setting::default(), graph, None)
    }

    /// Tries something; results by name.
    pub(super) fn trial(
        &self,
        what: &str,
        args: Vec<WireNamed>,
        items: &[&Callable<'_>],
    ) -> TestResult<Results> {
        let values = self.connection.trial(what, args, items)?;
        let mut results = Results::default();
        for WireNamed { name, value } in values {
            match value {
                Wire::Tensor(id) => {
                    results.tensors.insert(name, handles::tensor(&self.connection, id));
                }
                Wire::Str(text) => results.texts.push((name, text)),
                Wire::Int(number) => results.numbers.push((name, number)),
                _ => {}
            }
        }
        Ok(results)
    }
}

/// What a trial gave.
#[derive(Default)]
pub(super) struct Results {
    pub tensors: NamedTensors,
    pub texts: Vec<(String, String)>,
    pub numbers: Vec<(String, i64)>,
}

impl Results {
    /// A tensor of that name.
    pub fn tensor(&self, name: &str) -> TestResult<Tensor> {
        let found = self.tensors.get(name).cloned();
        found.ok_or_else(|| super::Failure::new(format!("the host gave no `{name}`")))
    }
}

/// An argument of a trial.
pub(super) fn given(name: impl Into<String>, tensor: &Tensor) -> WireNamed {
    WireNamed::new(name, Wire::Tensor(super::values::id_of(&tensor.raw())))
}

/// The same numbers in f64.
pub(super) fn double(tensor: &Tensor) -> Tensor {
    tensor.detach().to_dtype(Dtype::F64)
}
