//! The trained network whose outputs a recipe's loss sees.

use std::path::Path;

use super::graphs::Graphs;
use super::imported;
use super::session::Session;
use super::stored::{BEST, step};
use crate::config::{ModelConfig, Teacher, TrainConfig};
use crate::model::state::{self, Extra};
use crate::model::{BuildOptions, Network};
use crate::train::recipe::InNetwork;
use crate::train::{Cadence, Feed, TrainError, TrainingSpec};

/// The teacher of a recipe, if it has one: the dense network as it stood when its best weights were
/// stored, or a file's. `dense` is the folder of the dense network; without it (in a rehearsal) that
/// network is not trained.
pub fn teacher(
    session: &Session,
    (feed, graphs): (&Feed, &Graphs),
    train: &TrainConfig,
    dense: Option<&Path>,
) -> Result<Option<Network>, TrainError> {
    let own = &session.config;
    match &train.teacher {
        None => Ok(None),
        Some(Teacher::Dense) => {
            let mut network =
                build(session, (feed, graphs), &own.model, Some((&own.train, dense)))?;
            if let Some(folder) = dense {
                let path = folder.join(BEST);
                network.load(&state::read(&path)?, &path, Extra::Ignored)?;
            }
            Ok(Some(network))
        }
        Some(file @ Teacher::File { weights, .. }) => {
            let model = file.model();
            let mut network =
                build(session, (feed, graphs), model.as_ref().unwrap_or(&own.model), None)?;
            imported::weights(weights, &mut network, session.known(weights))?;
            Ok(Some(network))
        }
    }
}

/// A network with the knobs of a training's best weights; `trained` says with which tweaks, and in
/// which folder they are.
fn build(
    session: &Session,
    (feed, graphs): (&Feed, &Graphs),
    model: &ModelConfig,
    trained: Option<(&TrainConfig, Option<&Path>)>,
) -> Result<Network, TrainError> {
    let train = trained.map(|(train, _)| train);
    let missing = || TrainError::Setting("the teacher's network was not built".to_owned());
    let graph = graphs.get(model).ok_or_else(missing)?;
    let items = train.map(|train| InNetwork::new(&session.registry, train)).transpose()?;
    let InNetwork { activation, skip } = items.unwrap_or_default();
    let nowhere = Path::new("");
    let spec = TrainingSpec {
        graph,
        train: train.unwrap_or(&session.config.train),
        registry: &session.registry,
        feed,
        seed: session.config.seeds.first().copied().unwrap_or_default(),
        device: session.device,
        precision: session.precision,
        captures: false,
        rewind_points: &[],
        into: nowhere,
        checkpoint: nowhere,
        cadence: Cadence::Auto,
    };
    let mut network = Network::build(
        graph,
        BuildOptions {
            activation,
            skip,
            registry: Some(&session.registry),
            seed: spec.seed,
            device: session.device,
            start: spec.start(),
        },
    )?;
    let start = spec.start();
    let folder = trained.and_then(|(_, folder)| folder);
    let stands = folder.map_or(start.total_steps, |folder| step(folder, BEST, start));
    network.set_progress(spec.progress(stands))?;
    network.set_autocast(session.precision == crate::config::Precision::Bf16);
    Ok(network)
}
