//! What can be known to fail before anything is trained.

use std::path::Path;

use jackpot_plugin_api::graph::Graph;
use jackpot_plugin_api::manifest::Kind;

use super::graphs::Graphs;
use super::session::Session;
use crate::config::{DrawConfig, ModelConfig, TrainConfig};
use crate::model::Network;
use crate::plugin::kinds::Score;
use crate::prune::level::keep_count;
use crate::prune::{PruneError, Scope};
use crate::train::{Feed, TrainError, Training, TrainingSpec};

impl Session {
    /// Builds a network with a recipe and does one step of its training.
    pub(super) fn rehearse(
        &self,
        graphs: &Graphs,
        feed: &Feed,
        model: &ModelConfig,
        train: &TrainConfig,
    ) -> Result<(), TrainError> {
        let missing = || TrainError::Setting("its network was not built".to_owned());
        let graph = graphs.get(model).ok_or_else(missing)?;
        let drawn = graphs.get(&self.config.model).ok_or_else(missing)?;
        fits_ticket(graph, drawn)?;
        let nowhere = Path::new("");
        let mut training = Training::build(TrainingSpec {
            graph,
            train,
            registry: &self.registry,
            feed,
            seed: self.config.seeds.first().copied().unwrap_or_default(),
            device: self.device,
            precision: self.precision,
            rewind_points: &[],
            into: nowhere,
            checkpoint: nowhere,
        })?;
        for draw in &self.config.draws {
            let (score, params) = (&draw.score.plugin, &draw.score.params);
            Score::new(self.registry.create(Kind::Score, score, params)?).rounds()?;
            check_levels(draw, &training.network)?;
        }
        training.rehearse()
    }
}

/// Every level of a draw keeps something.
fn check_levels(draw: &DrawConfig, network: &Network) -> Result<(), PruneError> {
    let names = Scope::new(&draw.prunable).names(network)?;
    let count = |name: &String| network.parameter(name).map_or(0, |p| p.tensor.numel() as u64);
    let total: u64 = names.iter().map(count).sum();
    let mut left = total;
    for level in 1..=draw.levels.last() {
        left = keep_count(&draw.levels, level, total, left);
        if left == 0 {
            return Err(PruneError::NothingLeft { level, total });
        }
    }
    Ok(())
}

/// A ticket is weights and masks by name: the recipe's network must have just the parameters of
/// the network that the ticket is drawn with.
fn fits_ticket(own: &Graph, drawn: &Graph) -> Result<(), TrainError> {
    let shape = |graph: &Graph, name: &str| {
        graph.parameters.iter().find(|p| p.name == name).map(|p| format!("{:?}", p.shape))
    };
    let names = own.parameters.iter().chain(&drawn.parameters).map(|p| &p.name);
    for name in names {
        let [here, there] = [own, drawn].map(|graph| shape(graph, name));
        if here != there {
            let [here, there] = [here, there].map(|shape| match shape {
                Some(shape) => format!("has the shape {shape}"),
                None => "does not exist".to_owned(),
            });
            return Err(TrainError::Setting(format!(
                "its network does not fit the tickets: `{name}` {here} in it, and {there} in the \
                 network of [model], which they are drawn with"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::graph::check::tests::small;

    #[test]
    fn a_network_with_other_parameters_cannot_spend_a_ticket() {
        let (own, mut drawn) = (small(), small());
        fits_ticket(&own, &drawn).unwrap();
        drawn.parameters[0].shape = vec![4, 2, 3, 3];
        let text = fits_ticket(&own, &drawn).unwrap_err().to_string();
        assert!(
            text.contains(
                "`conv1.weight` has the shape [3, 2, 3, 3] in it, and has the shape [4, 2, 3, 3]"
            ),
            "{text}"
        );
        drawn.parameters.remove(0);
        let text = fits_ticket(&own, &drawn).unwrap_err().to_string();
        assert!(text.contains("and does not exist in the network of [model]"), "{text}");
    }
}
