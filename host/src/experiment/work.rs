//! What a job has to do, looked up in the config.

use super::key::JobKey;
use crate::config::{
    Config, DrawConfig, MaskControl, ModelConfig, Rewind, SpendConfig, StartWeights, Teacher,
    TrainConfig,
};

/// The resolved settings of one job.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// The network: the draw's own, or the recipe's.
    pub model: &'a ModelConfig,
    /// How it is trained: the draw's own way, or the recipe's.
    pub train: &'a TrainConfig,
    /// The draw that finds (or found) the ticket.
    pub draw: &'a DrawConfig,
    /// The recipe, for a spend.
    pub spend: Option<&'a SpendConfig>,
    /// The seed of this training.
    pub seed: u64,
    /// The seed that the ticket was drawn with; a draw's own.
    pub ticket_seed: u64,
    /// The level; 0 is dense.
    pub level: usize,
}

impl<'a> Work<'a> {
    /// What `key` stands for in `config`; `None` if the config has no such draw or recipe.
    pub fn of(config: &'a Config, key: &JobKey) -> Option<Self> {
        let draw = config.draws.iter().find(|draw| draw.name == key.draw())?;
        let spend = match key.recipe() {
            Some(name) => Some(config.spends.iter().find(|spend| spend.recipe == name)?),
            None => None,
        };
        Some(Self {
            model: spend.map_or(&config.model, |spend| &spend.model),
            train: spend.map_or(&config.train, |spend| &spend.train),
            draw,
            spend,
            seed: key.seed(),
            ticket_seed: spend.and_then(|spend| spend.ticket_seed).unwrap_or(key.seed()),
            level: key.level(),
        })
    }

    /// The draw job whose mask a spend uses; for a draw, the job itself.
    pub fn ticket(&self) -> JobKey {
        self.drawn(self.level)
    }

    /// The control that acts on the mask. The dense mask has nothing to shuffle.
    pub fn mask(&self) -> MaskControl {
        match self.spend {
            Some(spend) if self.level > 0 => spend.mask,
            _ => MaskControl::Own,
        }
    }

    /// The weights under the mask at the beginning.
    pub fn start(&self) -> StartWeights {
        self.spend.map_or(StartWeights::Rewind, |spend| spend.start)
    }

    /// Whether the job trains: drawing a ticket may be its pruning alone.
    pub fn trains(&self) -> bool {
        self.spend.is_some() || self.draw.trains(self.level)
    }

    /// The epochs of its training; 0 if it does not train.
    pub fn epochs(&self) -> u64 {
        if self.trains() { self.train.epochs } else { 0 }
    }

    /// The steps of an epoch of so many images.
    pub fn steps_per_epoch(&self, train_images: u64) -> u64 {
        train_images.div_ceil(self.train.batch_size.max(1) as u64).max(1)
    }

    /// The draw job whose weights and mask were pruned for the ticket; the dense network's for
    /// level 0 itself.
    pub fn parent(&self) -> JobKey {
        self.drawn(self.draw.parent(self.level).unwrap_or(0))
    }

    /// The draw job of the dense network.
    pub fn dense(&self) -> JobKey {
        self.drawn(0)
    }

    fn drawn(&self, level: usize) -> JobKey {
        JobKey::Draw { draw: self.draw.name.clone(), seed: self.ticket_seed, level }
    }

    /// The jobs whose files it reads.
    pub fn needs(&self) -> Vec<JobKey> {
        let mut needs = match (self.spend, self.draw.parent(self.level)) {
            (None, None) => return Vec::new(),
            (None, Some(_)) => vec![self.parent()],
            (Some(_), _) => vec![self.ticket()],
        };
        let trained = self.start() == StartWeights::Trained;
        let teacher = self.train.teacher == Some(Teacher::Dense);
        let also = [trained.then(|| self.parent()), teacher.then(|| self.dense())];
        for need in also.into_iter().flatten() {
            if !needs.contains(&need) {
                needs.push(need);
            }
        }
        needs
    }

    /// Where in the dense training the starting weights were saved. Level 0 is the dense network
    /// itself and starts at its initialisation, whatever the tickets rewind to.
    pub fn rewind(&self) -> Rewind {
        if self.level == 0 { Rewind::Init } else { self.draw.rewind }
    }
}
