//! The mask of a level, from the level before.

use std::path::Path;

use jackpot_plugin_api::manifest::Kind;

use super::stored::{LAST, step};
use crate::config::{DrawConfig, PruningSchedule};
use crate::failpoint::{Point, reach};
use crate::model::state::{self, Extra};
use crate::plugin::Registry;
use crate::plugin::kinds::{Common, Score};
use crate::prune::level::{keep_at, keep_count, round_count};
use crate::prune::select::highest;
use crate::prune::{Masks, PruneError};
use crate::torch::settings::without_tf32;
use crate::train::access::Access;
use crate::train::{Feed, TrainError, Training};

/// Where a level's mask comes from.
pub struct Level<'a> {
    pub draw: &'a DrawConfig,
    pub level: usize,
    /// The folder of the level that is pruned: the one before, or the dense one.
    pub previous: &'a Path,
    pub names: &'a [String],
    pub seed: u64,
}

/// Scores the weights of the level before (or the dense one) under its mask, and keeps the highest.
/// Leaves the network with those weights, at the start of its training.
pub fn prune(
    level: &Level<'_>,
    training: &mut Training<'_>,
    registry: &Registry,
    feed: &Feed,
) -> Result<Masks, TrainError> {
    let path = level.previous.join(LAST);
    training.network.load(&state::read(&path)?, &path, Extra::Ignored)?;
    // The network that is scored is the one that was stored: with its knobs, a faded skip gone.
    let start = training.start();
    training.set_progress(training.spec().progress(step(level.previous, LAST, start)))?;
    let mut masks = Masks::read(&level.previous.join("mask.safetensors"), &training.network)?;
    let reference = &level.draw.score;
    let score = Score::new(registry.create(Kind::Score, &reference.plugin, &reference.params)?);
    let remaining = masks.kept();
    let levels = &level.draw.levels;
    let target = match level.draw.schedule {
        PruningSchedule::Iterative => keep_count(levels, level.level, masks.total(), remaining),
        PruningSchedule::OneShot => keep_at(levels, level.level, masks.total()),
    };
    if target == 0 {
        return Err(PruneError::NothingLeft { level: level.level, total: masks.total() }.into());
    }
    let rounds = score.rounds()?;
    for round in 1..=rounds {
        reach(Point::Pruning);
        masks.apply(&training.network)?;
        let scores = {
            let access = Access::new(&training.network, &masks, feed, level.names, level.seed);
            let purpose = format!("score/{}/level{}/round{round}", score.name(), level.level);
            let device = training.network.device();
            let context = access.context(score.name(), &purpose, start, level.seed, device);
            without_tf32(|| score.score(&context).map_err(TrainError::from))?
        };
        let keep = round_count(remaining, target, round, rounds);
        masks = highest(&masks, level.names, &scores, keep).map_err(|error| error.of(&score))?;
    }
    training.set_progress(start)?;
    Ok(masks)
}
