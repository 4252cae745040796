//! A pruned network's layers on sparse kernels.

use std::collections::BTreeSet;

use jackpot_plugin_api::graph::GraphView;
use jackpot_plugin_api::model::Mode;
use tch::{Device, Kind, Tensor};

use super::error::ModelError;
use super::network::Network;
use super::run::Plan;
use super::run::sparse::{Candidate, Facts, Kernels, MaskOf, Times, measure};
use crate::torch::grad::GradMode;

impl Network {
    /// The layers that kernels could compute under these masks: convolutions and linear layers;
    /// none where nothing is pruned.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn sparse_layers(&self, mask_of: &MaskOf<'_>) -> Result<Vec<Candidate>, ModelError> {
        self.facts(&self.view, &self.plan).candidates(mask_of)
    }

    /// How long those layers take, dense and on kernels.
    ///
    /// # Errors
    ///
    /// What libtorch or a kernel says.
    pub fn measure_layers(
        &self,
        layers: &[Candidate],
        mask_of: &MaskOf<'_>,
        batch: usize,
    ) -> Result<Vec<Times>, ModelError> {
        measure(layers, mask_of, batch)
    }

    /// Computes the layers whose weights have these names on kernels made for these masks; none:
    /// dense. To be called again whenever a mask changes.
    ///
    /// # Errors
    ///
    /// A mask or shape that the kernels do not have.
    pub fn use_kernels(
        &mut self,
        names: &BTreeSet<String>,
        mask_of: &MaskOf<'_>,
    ) -> Result<(), ModelError> {
        if names.is_empty() {
            self.kernels = None;
            return Ok(());
        }
        let whole = self.facts(&self.view, &self.plan);
        let base = self.base.as_ref().map(|(view, plan)| self.facts(view, plan));
        let before = self.kernels.as_ref();
        self.kernels = Some(Kernels::new(&whole, base.as_ref(), names, mask_of, before)?);
        Ok(())
    }

    /// Whether kernels compute this forward pass. They know f32 on the CPU; the gradient of an
    /// evaluation they do not.
    pub(super) fn can_use_kernels(&self, input: &Tensor, mode: Mode) -> bool {
        let is_plain = input.kind() == Kind::Float && input.device() == Device::Cpu;
        is_plain && !self.autocast && (mode == Mode::Train || !GradMode::is_enabled())
    }

    fn facts<'a>(&'a self, view: &'a GraphView, plan: &'a Plan) -> Facts<'a> {
        Facts {
            plan,
            shapes: &view.shapes,
            inputs: view.graph.inputs.iter().map(|input| input.name.as_str()).collect(),
            parameters: self
                .parameters
                .iter()
                .map(|p| (p.name.as_str(), p.tensor.size()))
                .collect(),
        }
    }
}
