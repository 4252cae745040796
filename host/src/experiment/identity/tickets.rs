//! What led to a job: its own training, the ticket that it spends, the pruning that made it.

use serde_json::{Map, Value, json};

use super::canonical::canonical;
use super::describer::Describer;
use crate::config::{
    Config, DrawConfig, Levels, MaskControl, PruneAt, PruningSchedule, Rewind, StartWeights,
    Teacher, TrainConfig,
};
use crate::experiment::work::Work;

impl Describer<'_> {
    /// All that the config says of a job and that influences its result.
    pub fn settings(&mut self, config: &Config, work: &Work<'_>) -> Map<String, Value> {
        let mut whole = match work.spend {
            None => self.drawn(config, work.draw, work.ticket_seed, work.level),
            Some(_) => self.spent(config, work),
        };
        whole.insert("data".into(), self.data(&config.data));
        whole
    }

    /// The retraining of a ticket, with all that led to the ticket.
    fn spent(&mut self, config: &Config, work: &Work<'_>) -> Map<String, Value> {
        let mut spent = self.training(work.model, work.train, work.seed);
        let same = |found: &Map<String, Value>| {
            let own = |key: &str| canonical(found.get(key).cloned().unwrap_or_default());
            spent.iter().all(|(key, value)| canonical(value.clone()) == own(key))
        };
        let plain = work.mask() == MaskControl::Own && work.start() == StartWeights::Rewind;
        // The dense network under the plain protocol is the same training for every draw, for
        // those that do not train it, too.
        if plain && (work.level == 0 || work.draw.trains(work.level)) {
            let found = self.trained(config, work.draw, work.ticket_seed, work.level);
            if same(&found) {
                return found;
            }
        }
        let mut ticket = match work.level {
            0 if work.start() != StartWeights::Trained => {
                self.origin(config, work.draw, work.ticket_seed, false)
            }
            level => self.drawn(config, work.draw, work.ticket_seed, level),
        };
        if let Some(seed) = ticket.remove("seed") {
            ticket.insert("ticket_seed".into(), seed);
        }
        spent.insert("ticket".into(), Value::Object(ticket));
        spent.insert("mask".into(), json!(work.mask()));
        if work.start() != StartWeights::Rewind {
            spent.insert("start".into(), json!(work.start()));
        }
        if work.train.teacher == Some(Teacher::Dense) {
            let dense = self.trained(config, work.draw, work.ticket_seed, 0);
            spent.insert("teacher".into(), Value::Object(dense));
        }
        spent
    }

    /// A draw's level, with all that led to its mask.
    fn drawn(
        &mut self,
        config: &Config,
        draw: &DrawConfig,
        seed: u64,
        level: usize,
    ) -> Map<String, Value> {
        if draw.trains(level) {
            return self.trained(config, draw, seed, level);
        }
        let mut ticket = match draw.prune_at {
            PruneAt::Trained if !matches!(draw.levels, Levels::Masks(_)) => {
                self.trained(config, draw, seed, level)
            }
            _ => {
                let mut origin = self.origin(config, draw, seed, level > 0);
                origin.insert("draw".into(), self.pruning(draw, level));
                origin
            }
        };
        ticket.insert("trained".into(), json!(false));
        ticket
    }

    /// The training of a draw's level, or of the level that its pruning starts from.
    fn trained(
        &mut self,
        config: &Config,
        draw: &DrawConfig,
        seed: u64,
        level: usize,
    ) -> Map<String, Value> {
        let mut training = self.training(&config.model, &config.train, seed);
        training.insert("draw".into(), self.pruning(draw, level));
        training
    }

    /// The weights before any training. A score that sees them also sees the network's tweaks.
    fn origin(
        &mut self,
        config: &Config,
        draw: &DrawConfig,
        seed: u64,
        scored: bool,
    ) -> Map<String, Value> {
        let TrainConfig { activation, skip, init, .. } = &config.train;
        let mut origin = Map::from_iter([
            ("model".to_owned(), self.model(&config.model, skip.as_ref())),
            ("seed".to_owned(), json!(seed)),
            ("skip".to_owned(), self.optional("skip", skip.as_ref())),
            ("init".to_owned(), self.optional("init", init.as_ref())),
        ]);
        if scored || init.is_some() {
            origin.insert("activation".into(), self.optional("activation", activation.as_ref()));
        }
        origin.insert("draw".into(), self.pruning(draw, 0));
        origin
    }

    /// How the mask of a level is made.
    fn pruning(&mut self, draw: &DrawConfig, level: usize) -> Value {
        // Every field is named, so that a new one cannot be forgotten here.
        let DrawConfig { name: _, score, levels, rewind, prunable, schedule, prune_at, weights } =
            draw;
        // Which weights count as prunable is in the results of the dense training, too.
        let mut draw = Map::from_iter([("prunable".to_owned(), json!(prunable))]);
        if let Some(file) = weights {
            draw.insert("weights".into(), self.file("the weights", file));
        }
        if level == 0 {
            return Value::Object(draw);
        }
        if let Levels::Masks(files) = levels {
            let mask = files.get(level - 1).map(|file| self.file("the mask", file));
            draw.insert("masks".into(), json!(mask));
            return Value::Object(draw);
        }
        draw.insert("score".into(), self.plugin("score", score));
        let rewind = match rewind {
            Rewind::Init => json!("init"),
            Rewind::At(point) => json!(point),
        };
        draw.insert("rewind".into(), rewind);
        if *prune_at == PruneAt::Init {
            draw.insert("prune_at".into(), json!(prune_at));
        }
        let one_shot = *schedule == PruningSchedule::OneShot;
        if one_shot {
            draw.insert("schedule".into(), json!(schedule));
        }
        match levels {
            Levels::Fraction { count: _, fraction } => {
                draw.insert("fraction".into(), json!(fraction));
                draw.insert("level".into(), json!(level));
            }
            Levels::Keep(keep) => {
                let skip = if one_shot { level - 1 } else { 0 };
                let keep: Vec<_> = keep.iter().take(level).skip(skip).collect();
                draw.insert("keep".into(), json!(keep));
            }
            Levels::Masks(_) => {}
        }
        Value::Object(draw)
    }
}
