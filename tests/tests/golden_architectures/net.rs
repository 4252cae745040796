//! An architecture's stored case, and what the host makes of it.

use jackpot::config::Optimizer;
use jackpot::model::Network;
use jackpot::prune::Masks;
use jackpot::train::batches::Prepared;
use serde_json::Value;
use tch::{Kind, Tensor};

use crate::data::{Case, case_of};
use crate::formula::{self, PROJECTIONS, distance, projections};
use crate::setup::Parts;

/// The 6n + 2 family.
pub const SMALL: &[&str] =
    &["resnet8", "resnet20", "resnet32", "resnet44", "resnet56", "resnet110"];
/// The large ResNets.
pub const LARGE: &[&str] = &["resnet18", "resnet34", "resnet50"];
/// All others.
pub const OTHERS: &[&str] = &["vgg16", "mobilenet", "mobilenet-v2", "lenet-300-100", "lenet-5"];

/// All architectures.
pub fn all() -> impl Iterator<Item = &'static str> {
    [SMALL, LARGE, OTHERS].into_iter().flatten().copied()
}

/// An architecture with its stored case.
pub struct Net {
    pub name: &'static str,
    pub golden: Case,
}

impl Net {
    /// The case of that architecture.
    #[track_caller]
    pub fn of(name: &'static str) -> Self {
        Self { name, golden: case_of("architectures.json", name) }
    }

    /// The host's parts for that setting, with the case's optimizer.
    pub fn parts(&self, setting: &Setting) -> Parts {
        let number = |key| self.golden.number(key);
        let mut parts = Parts::of(self.name, setting.width, setting.shape, self.classes());
        parts.train.optimizer =
            Optimizer::sgd(number("lr"), number("momentum"), number("weight_decay"));
        parts
    }

    /// The inputs and one-hot targets of a state.
    pub fn batch(&self, label: &str, setting: &Setting, kind: Kind) -> Prepared {
        let seed = |what: &str| formula::seed(&format!("{label}/{what}"));
        let (count, classes) = (setting.batch, self.classes() as i64);
        let size = [&[count], &setting.shape[..]].concat();
        let pixels = formula::values(size.iter().product(), seed("inputs"), 1.0);
        let size: Vec<_> = size.into_iter().map(|size| size as i64).collect();
        let inputs = Tensor::from_slice(&pixels).reshape(size);
        let labels = formula::labels(count, seed("labels"), classes.cast_unsigned());
        let targets = Tensor::from_slice(&labels).one_hot(classes);
        Prepared { inputs: inputs.to_kind(kind), targets: targets.to_kind(kind) }
    }

    /// The masks of a state: on all weights of convolutions and linear layers.
    pub fn masks(&self, network: &Network, label: &str) -> Masks {
        let weights = network.parameters().iter().filter(|p| p.tensor.dim() > 1);
        Masks::from_tensors(weights.map(|p| {
            let seed = formula::seed(&format!("{label}/mask/{}", p.name));
            let mask = formula::mask(p.tensor.numel(), seed, self.golden.number("keep"));
            (p.name.clone(), Tensor::from_slice(&mask).reshape(p.tensor.size()))
        }))
    }

    fn classes(&self) -> usize {
        usize::try_from(self.golden.about["classes"].as_u64().unwrap()).unwrap()
    }
}

/// A network's width, and the number and shape of its images.
pub struct Setting {
    width: i64,
    batch: usize,
    shape: [usize; 3],
}

impl Setting {
    /// What that part of the index says.
    pub fn of(about: &Value) -> Self {
        let (width, batch) = (about["width"].as_i64().unwrap(), about["batch"].as_u64().unwrap());
        Self { width, batch: usize::try_from(batch).unwrap(), shape: shape(&about["shape"]) }
    }
}

/// Three sizes of the index.
pub fn shape(value: &Value) -> [usize; 3] {
    let sizes = value.as_array().unwrap().iter();
    let sizes: Vec<_> =
        sizes.map(|size| usize::try_from(size.as_u64().unwrap()).unwrap()).collect();
    sizes.try_into().unwrap()
}

/// All tensors together: the sum of their projections, each divided by the root of its size.
pub fn joined(tensors: &[(String, Vec<f64>)]) -> [f64; PROJECTIONS] {
    let mut sums = [0.0; PROJECTIONS];
    for (name, values) in tensors {
        let root = (values.len() as f64).sqrt();
        let parts = projections(name, values);
        sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part / root);
    }
    sums
}

fn square(values: &[f64]) -> f64 {
    values.iter().map(|x| x * x).sum()
}

/// Fails if tensors, all together, are further from the stored projections than the tolerance:
/// √(Σ ‖x − x*‖²/n) against √(Σ ‖x‖²/n), n a tensor's size.
#[track_caller]
pub fn joined_within(
    tolerance: f64,
    tensors: &[(String, Vec<f64>)],
    stored: &[f64],
    what: impl std::fmt::Display,
) -> f64 {
    assert_eq!(stored.len(), PROJECTIONS);
    let squares: f64 = tensors.iter().map(|(_, x)| square(x) / x.len() as f64).sum();
    let off = distance(&joined(tensors), stored);
    // Nothing at all is as far from nothing as it should be.
    let ratio = if tensors.is_empty() { 0.0 } else { off / squares.sqrt() };
    assert!(ratio <= tolerance, "{what}: {ratio:e} off (tolerance {tolerance:e})");
    ratio
}

/// The same for each tensor by itself: fails if what all together are off may be, in any of them,
/// more than the tolerance of ‖x‖ + 1e-3·‖all x‖. Gives the worst.
#[track_caller]
pub fn each_within(
    tolerance: f64,
    tensors: &[(String, Vec<f64>)],
    stored: &[f64],
    what: impl std::fmt::Display,
) -> f64 {
    assert_eq!(stored.len(), PROJECTIONS);
    let off = distance(&joined(tensors), stored);
    let all = tensors.iter().map(|(_, x)| square(x)).sum::<f64>().sqrt();
    let mut worst = 0.0_f64;
    for (name, x) in tensors {
        // ‖x − x*‖/√n is at most what all are off.
        let ratio = off * (x.len() as f64).sqrt() / (square(x).sqrt() + 1e-3 * all);
        assert!(ratio <= tolerance, "{what}: {name} may be {ratio:e} off ({tolerance:e})");
        worst = worst.max(ratio);
    }
    worst
}

#[test]
fn a_deviation_in_any_tensor_and_a_nan_are_seen() {
    let named = |x: f64| vec![("a".to_owned(), vec![1.0; 100]), ("b".to_owned(), vec![x])];
    let stored = joined(&named(1.0));
    assert!(joined_within(1e-12, &named(1.0), &stored, "equal") < 1e-15);
    assert!(each_within(1e-12, &named(1.0), &stored, "equal") < 1e-15);
    for x in [1.001, f64::NAN] {
        let compare = || joined_within(1e-4, &named(x), &stored, "other");
        assert!(std::panic::catch_unwind(compare).is_err(), "{x}");
        let compare = || each_within(1e-4, &named(x), &stored, "other");
        assert!(std::panic::catch_unwind(compare).is_err(), "{x}");
    }
}
