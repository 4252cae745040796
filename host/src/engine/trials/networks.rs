//! The networks that a test has built.

use std::cell::OnceCell;
use std::collections::HashMap;

use jackpot_plugin_api::abi::{Fault, Named, Value, surface};
use jackpot_plugin_api::graph::{Graph, TensorSpec};
use jackpot_plugin_api::manifest::Kind;
use jackpot_plugin_api::model::Mode;
use tch::{Device, Kind as Dtype};

use super::setting::{Setting, item};
use super::words::{all_named, fault};
use crate::engine::plugin_folders;
use crate::model::graph::source::from_plugin;
use crate::model::{BuildOptions, Network};
use crate::plugin::Registry;
use crate::plugin::kinds::{Activation, Architecture, Skip};
use crate::plugin::remote::Given;
use crate::prune::{Masks, Scope};

/// A network with its masks.
pub struct Built {
    pub network: Network,
    pub masks: Masks,
    /// The names of the parameters that a draw would prune: all that may be.
    pub scope: Vec<String>,
}

/// Networks by number, and the installed plugins for those that name some.
#[derive(Default)]
pub struct Networks {
    built: HashMap<i64, Built>,
    next: i64,
    registry: OnceCell<Registry>,
}

impl Networks {
    /// Builds the network of a graph or of an architecture, with an activation or a skip in it.
    pub fn build(&mut self, given: &Given) -> Result<Vec<Named>, Fault> {
        let setting = Setting::of(given)?;
        let mut options = BuildOptions {
            activation: None,
            skip: None,
            registry: None,
            seed: setting.seed,
            device: Device::Cpu,
            start: setting.progress,
        };
        let mut architecture = None;
        if given.has("item") {
            match item(given)? {
                (Kind::Activation, item) => options.activation = Some(Activation::new(item)),
                (Kind::Skip, item) => options.skip = Some(Skip::new(item)),
                (Kind::Architecture, item) => architecture = Some(Architecture::new(item)),
                (kind, _) => return Err(format!("{kind} items are no part of a network").into()),
            }
        }
        let graph: Graph = match architecture {
            Some(item) => {
                let (input, output): (TensorSpec, TensorSpec) =
                    (given.json("input")?, given.json("output")?);
                from_plugin(&item, &input, &output).map_err(fault)?
            }
            None => surface::read("Graph", given.text("graph")?)
                .map_err(|error| format!("the graph: {error}"))?,
        };
        if graph.nodes.iter().any(|node| node.op.starts_with("plugin:")) || options.skip.is_some() {
            let found = || Registry::discover(&plugin_folders(&[]));
            options.registry = Some(self.registry.get_or_init(found));
        }
        let network = Network::build(&graph, options).map_err(fault)?;
        // A network of which nothing can be pruned has no masks.
        let scope = Scope::new(&["*".to_owned()]).names(&network).unwrap_or_default();
        let masks = Masks::dense(&network, &scope);
        let view = serde_json::to_string(network.view()).map_err(|error| error.to_string())?;
        self.next += 1;
        self.built.insert(self.next, Built { network, masks, scope });
        let number = Named::new("network", Value::Int(self.next));
        Ok(vec![number, Named::new("view", Value::Str(view.into()))])
    }

    /// The network of that number.
    pub fn get(&mut self, given: &Given) -> Result<&mut Built, Fault> {
        let number = given.int("network")?;
        let found = self.built.get_mut(&number);
        found.ok_or_else(|| format!("there is no network number {number}").into())
    }

    /// The test does not need it any more.
    pub fn forget(&mut self, given: &Given) -> Result<Vec<Named>, Fault> {
        self.built.remove(&given.int("network")?);
        Ok(Vec::new())
    }

    /// The outputs by name.
    pub fn forward(&mut self, given: &Given) -> Result<Vec<Named>, Fault> {
        let (setting, x) = (Setting::of(given)?, given.tensor("x")?);
        let built = self.get(given)?;
        built.network.set_progress(setting.progress).map_err(fault)?;
        let mode = if setting.training { Mode::Train } else { Mode::Eval };
        Ok(all_named(built.network.forward(&x, mode).map_err(fault)?))
    }

    /// The parameters themselves, which require gradients.
    pub fn parameters(&mut self, given: &Given) -> Result<Vec<Named>, Fault> {
        let parameters = self.get(given)?.network.parameters().iter();
        Ok(all_named(parameters.map(|p| (p.name.clone(), p.tensor.shallow_clone()))))
    }

    /// Replaces a weight, as an `init` may.
    pub fn set(&mut self, given: &Given) -> Result<Vec<Named>, Fault> {
        let built = self.get(given)?;
        built.access(0, |access| access.set(given.text("name")?, &given.tensor("value")?))?;
        Ok(Vec::new())
    }

    /// The masks.
    pub fn masks(&mut self, given: &Given) -> Result<Vec<Named>, Fault> {
        let masks = self.get(given)?.masks.iter();
        Ok(all_named(masks.map(|(name, mask)| (name.to_owned(), mask.copy()))))
    }

    /// Replaces a mask, and prunes the weights.
    pub fn set_mask(&mut self, given: &Given) -> Result<Vec<Named>, Fault> {
        let (name, mask) = (given.text("name")?.to_owned(), given.tensor("mask")?);
        let built = self.get(given)?;
        let mask = mask.f_to_kind(Dtype::Bool).map_err(fault)?;
        let masks = crate::train::update::checked(&built.masks, vec![(name, mask)])?;
        masks.apply(&built.network).map_err(fault)?;
        built.masks = masks;
        Ok(Vec::new())
    }
}
