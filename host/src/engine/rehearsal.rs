//! What can be known to fail before anything is trained.

use std::path::Path;

use jackpot_plugin_api::graph::Graph;
use jackpot_plugin_api::manifest::Kind;

use super::error::OpenError;
use super::graphs::Graphs;
use super::imported;
use super::session::Session;
use super::teacher::teacher;
use crate::config::{DrawConfig, Levels, ModelConfig, TrainConfig};
use crate::model::Network;
use crate::plugin::kinds::{Common, Score};
use crate::prune::level::keep_at;
use crate::prune::{PruneError, Scope};
use crate::train::{Cadence, Feed, TrainError, Training, TrainingSpec};

impl Session {
    /// Builds the network of a part of the config, tries every draw on it, and does one step of
    /// its training.
    pub(super) fn rehearse(
        &self,
        (graphs, feed): (&Graphs, &Feed),
        what: &str,
        model: &ModelConfig,
        train: &TrainConfig,
    ) -> Result<(), OpenError> {
        let mut training = self
            .built((graphs, feed), model, train)
            .map_err(|error| OpenError::of_part(what, error))?;
        for draw in &self.config.draws {
            let prunable = self
                .rehearse_draw(draw, &mut training.network)
                .map_err(|error| OpenError::of_part(format!("draw `{}`", draw.name), error))?;
            training.rehearse_update(&prunable).map_err(|error| OpenError::of_part(what, error))?;
        }
        training.rehearse().map_err(|error| OpenError::of_part(what, error))
    }

    /// A training as the config has it, of a recipe or of `[train]`, at its start; with the name by
    /// which errors call it.
    pub(super) fn training_of(
        &self,
        recipe: Option<&str>,
    ) -> Result<(String, Training<'_>), OpenError> {
        let (what, model, train) = self.training_named(recipe)?;
        let prepared = self.prepared()?;
        let training = self.built((&prepared.graphs, &prepared.feed), model, train);
        training.map_err(|error| OpenError::of_part(&*what, error)).map(|built| (what, built))
    }

    pub(super) fn built<'a>(
        &'a self,
        (graphs, feed): (&'a Graphs, &'a Feed),
        model: &ModelConfig,
        train: &'a TrainConfig,
    ) -> Result<Training<'a>, TrainError> {
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
            captures: self.captures,
            rewind_points: &[],
            into: nowhere,
            checkpoint: nowhere,
            cadence: Cadence::Auto,
        })?;
        training.teacher = teacher(self, (feed, graphs), train, None)?;
        check_teacher(&training)?;
        Ok(training)
    }

    /// Tries a draw on a network; gives the names of what it prunes.
    fn rehearse_draw(
        &self,
        draw: &DrawConfig,
        network: &mut Network,
    ) -> Result<Vec<String>, TrainError> {
        let (score, params) = (&draw.score.plugin, &draw.score.params);
        Score::new(self.registry.create(Kind::Score, score, params)?).rounds()?;
        check_levels(draw, network)?;
        check_files(draw, network)?;
        Ok(Scope::new(&draw.prunable).names(network)?)
    }
}

/// A loss that learns from a teacher has one.
fn check_teacher(training: &Training<'_>) -> Result<(), TrainError> {
    match &training.recipe.loss {
        Some(loss) if loss.item.needs_teacher()? && training.teacher.is_none() => {
            Err(TrainError::Setting(format!(
                "the loss `{}` learns from a teacher, and there is none: \
                 `teacher = \"dense\"` takes the draw's own dense network, \
                 `teacher = {{ weights = \"file.safetensors\" }}` one of a file",
                loss.item.name()
            )))
        }
        _ => Ok(()),
    }
}

/// What a draw takes from files fits the network.
fn check_files(draw: &DrawConfig, network: &mut Network) -> Result<(), TrainError> {
    if let Some(file) = &draw.weights {
        imported::weights(file, network, None)?;
    }
    if let Levels::Masks(files) = &draw.levels {
        let names = Scope::new(&draw.prunable).names(network)?;
        for file in files {
            imported::masks(file, network, &names, None)?;
        }
    }
    Ok(())
}

/// Every level of a draw keeps something.
fn check_levels(draw: &DrawConfig, network: &Network) -> Result<(), PruneError> {
    let names = Scope::new(&draw.prunable).names(network)?;
    let count = |name: &String| network.parameter(name).map_or(0, |p| p.tensor.numel() as u64);
    let total: u64 = names.iter().map(count).sum();
    match (1..=draw.levels.last()).find(|&level| keep_at(&draw.levels, level, total) == 0) {
        Some(level) => Err(PruneError::NothingLeft { level, total }),
        None => Ok(()),
    }
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
