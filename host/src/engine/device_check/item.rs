//! The rows of one item.

use jackpot_plugin_api::graph::Graph;
use jackpot_plugin_api::manifest::Kind;
use serde_json::Map;
use tch::Device;

use super::capture::refusal;
use super::compare::{Difference, difference, is_finite};
use super::quantity::unit;
use super::report::{Row, Status};
use super::trial::{Item, Tried, tried};
use crate::config::Precision;
use crate::engine::device::{self, precision_name};
use crate::engine::stage::{CLASSES, Stage};
use crate::model::graph::shapes::infer;
use crate::model::graph::source::{from_plugin, image_input, logits_output};
use crate::plugin::kinds::Architecture;
use crate::plugin::registry::split_reference;
use crate::plugin::{Found, Registry, example};
use crate::train::TrainError;

/// The seed of all that is tried.
const SEED: u64 = 1;
/// CIFAR's, MNIST's and Tiny-ImageNet's images: an architecture gets the first that it takes.
const SHAPES: [[usize; 3]; 3] = [[3, 32, 32], [1, 28, 28], [3, 64, 64]];

/// A device that is checked.
pub struct Checking {
    pub device: Device,
    /// Of the CPU.
    pub threads: usize,
    /// Lent to one stage after the other.
    pub registry: Registry,
}

impl Checking {
    /// One row for each precision.
    pub fn rows(&mut self, found: &Found, precisions: &[Precision]) -> Vec<Row> {
        let manifest = found.manifest();
        let row = |precision, status, reason, differences| Row {
            kind: manifest.kind.clone(),
            name: manifest.name.clone(),
            precision: precision_name(precision),
            status,
            reason,
            captured: None,
            not_captured: None,
            differences,
        };
        let skipped = |reason: &str| {
            let one =
                |&precision| row(precision, Status::Skipped, Some(reason.to_owned()), Vec::new());
            precisions.iter().map(one).collect()
        };
        let Some(kind) = Kind::from_name(&manifest.kind) else {
            return skipped("this Jackpot does not know the kind");
        };
        let params = example::values(manifest, &Map::new());
        let item = Item { kind, reference: reference(found), params };
        let known = self.tried(&item, Device::Cpu, Precision::F32, None).and_then(usable);
        let known = match known {
            Ok(known) => known,
            // The device cannot be blamed for it.
            Err(error) => return skipped(&format!("there is nothing to compare with: {error}")),
        };
        let mut rows = Vec::new();
        for &precision in precisions {
            let own = self.tried(&item, self.device, precision, Some(&known));
            let moved = self.moved(&item, &known, precision);
            let compared =
                own.and_then(|own| differences((&own, &known), moved?.as_deref(), precision));
            let refused = compared.and_then(|found| Ok((self.refusal(&item, precision)?, found)));
            rows.push(match refused {
                Ok((refused, differences)) => {
                    let is_ok = differences.iter().all(Difference::is_within);
                    let status = if is_ok { Status::Ok } else { Status::Failed };
                    let captured = refused.as_ref().map(Option::is_none);
                    let not_captured = refused.flatten();
                    Row { captured, not_captured, ..row(precision, status, None, differences) }
                }
                Err(error) => row(precision, Status::Failed, Some(error.to_string()), Vec::new()),
            });
        }
        rows
    }

    /// What an item gives on a device.
    fn tried(
        &mut self,
        item: &Item,
        device: Device,
        precision: Precision,
        reference: Option<&Tried>,
    ) -> Result<Tried, TrainError> {
        tried(&self.stage(item, device, precision)?, item, reference)
    }

    /// Why an item's steps on the device are not captured, if they are not. `None` of what is no
    /// part of a step.
    fn refusal(
        &mut self,
        item: &Item,
        precision: Precision,
    ) -> Result<Option<Option<String>>, TrainError> {
        if item.kind == Kind::Score {
            return Ok(None);
        }
        let stage = self.stage(item, self.device, precision)?.capturing();
        refusal(&stage, item).map(Some)
    }

    /// Where an item is tried.
    fn stage(
        &self,
        item: &Item,
        device: Device,
        precision: Precision,
    ) -> Result<Stage, TrainError> {
        let deterministic = device::deterministic(None, device);
        device::apply(device, precision, Some(self.threads), deterministic)
            .map_err(|error| TrainError::Setting(error.to_string()))?;
        let registry = self.registry.clone();
        let stage = match item.kind {
            Kind::Architecture => {
                let (shape, graph) = architecture(&registry, item)?;
                Stage::of_graph(registry, graph, shape, device, SEED)
            }
            _ => Stage::new(registry, device, SEED),
        };
        Ok(stage?.in_precision(precision))
    }

    /// What the reference gives from starts that are off by a rounding. `None` where the device
    /// and precision are the reference's own, which has to give the same bits.
    fn moved(
        &mut self,
        item: &Item,
        known: &Tried,
        precision: Precision,
    ) -> Result<Option<Vec<Tried>>, TrainError> {
        if self.device == Device::Cpu && precision == Precision::F32 {
            return Ok(None);
        }
        // One is enough of an architecture, which has many thousand activations.
        let count = if item.kind == Kind::Architecture { 1 } else { 4 };
        let mut one = |number| {
            let start = known.disturbed(unit(precision), number)?;
            self.tried(item, Device::Cpu, Precision::F32, Some(&start))
        };
        (0..count).map(&mut one).collect::<Result<_, _>>().map(Some)
    }
}

/// Each quantity against the reference's.
fn differences(
    (own, known): (&Tried, &Tried),
    moved: Option<&[Tried]>,
    precision: Precision,
) -> Result<Vec<Difference>, TrainError> {
    let mut all = Vec::new();
    for (index, (own, known)) in own.found.iter().zip(&known.found).enumerate() {
        let bound = moved.map_or(0.0, |_| own.quantity.bound(precision));
        let moved = moved.unwrap_or_default().iter().filter_map(|one| one.found.get(index));
        all.push(difference(own, known, &moved.collect::<Vec<_>>(), bound)?);
    }
    Ok(all)
}

/// The reference, if it can be one.
fn usable(known: Tried) -> Result<Tried, TrainError> {
    for found in &known.found {
        if !is_finite(found)? {
            let message = format!("its {} are not finite on the CPU", found.quantity.name());
            return Err(TrainError::Setting(message));
        }
    }
    Ok(known)
}

/// By file and name, so that another file's item of the same name does not matter.
fn reference(found: &Found) -> String {
    let name = &found.manifest().name;
    let exact = format!("{}:{name}", found.file.path.display());
    if split_reference(&exact).is_some() { exact } else { name.clone() }
}

/// The graph of an architecture for the first shape of images that it takes.
fn architecture(registry: &Registry, item: &Item) -> Result<([usize; 3], Graph), TrainError> {
    let instance = registry.create(item.kind, &item.reference, &item.params)?;
    let architecture = Architecture::new(instance);
    let built = |shape| -> Result<([usize; 3], Graph), TrainError> {
        let graph = from_plugin(&architecture, &image_input(shape), &logits_output(CLASSES))?;
        infer(&graph)?;
        Ok((shape, graph))
    };
    let [first, rest @ ..] = SHAPES;
    built(first).or_else(|error| rest.into_iter().find_map(|shape| built(shape).ok()).ok_or(error))
}
