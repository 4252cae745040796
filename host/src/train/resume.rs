//! Where a training begins: at its first step, or at the newest state that an earlier process
//! left; and the states that it leaves itself.

use std::collections::BTreeMap;
use std::time::Instant;

use tch::Tensor;

use super::cadence::Pace;
use super::captured::Steps;
use super::checkpoint::{self, Found, Position, Saved};
use super::error::TrainError;
use super::fit::Loop;
use super::metrics::Metrics;
use super::optimizer::Optimizer;
use super::spec::TrainingSpec;
use super::sums::Sums;
use super::training::Training;
use crate::digest::sha256;
use crate::model::state::{Extra, State, to_safetensors};
use crate::prune::Masks;

impl<'t, 'a> Loop<'t, 'a> {
    /// Takes the newest whole state back, if there is one.
    pub(super) fn start(training: &'t mut Training<'a>) -> Result<Self, TrainError> {
        training.lay_out()?;
        let spec = training.spec;
        let found = checkpoint::newest(spec.checkpoint, |step| passed(&spec, step), spec.into)?;
        tell(&spec, &found)?;
        let optimizer = Optimizer::new(&spec.train.optimizer, training.network.parameters())?;
        let position = Position {
            step: 0,
            loss_sum: 0.0,
            correct: 0,
            images: 0,
            best: None,
            forwards: training.network.forwards(),
            rewind: BTreeMap::new(),
        };
        let weights = training.network.state();
        let bytes: usize =
            weights.values().map(|tensor| tensor.numel() * tensor.kind().elt_size_in_bytes()).sum();
        let saved_step = found.saved.as_ref().map(|saved| saved.position.step);
        let mut this = Self {
            // Of weights, momentum and the best weights.
            pace: Pace::new(spec.cadence, saved_step, 3 * bytes),
            sums: Sums::new(0.0, 0, 0, spec.device),
            steps: Steps::new(training)?,
            training,
            optimizer,
            metrics: Metrics::default(),
            step: 0,
            best: None,
            best_state: None,
            best_masks: None,
            rewind: BTreeMap::new(),
            slowest: super::fit::Slowest::default(),
        };
        match found.saved {
            Some(saved) => this.take_over(saved)?,
            None => this.stand_at(position)?,
        }
        Ok(this)
    }

    fn take_over(&mut self, saved: Saved) -> Result<(), TrainError> {
        let training = &mut *self.training;
        let folder = training.spec.checkpoint;
        let unfit = |message: String| TrainError::Checkpoint { path: folder.to_owned(), message };
        training.network.load(&saved.model, folder, Extra::Refused)?;
        let parameters = training.network.parameters();
        self.optimizer.load(parameters, &saved.optimizer).map_err(unfit)?;
        if training.recipe.update.is_some() {
            let masks = |state: Option<State>| {
                let state = state.ok_or_else(|| unfit("it lacks its masks".to_owned()))?;
                Ok::<_, TrainError>(Masks::from_state(state, folder, &training.network)?)
            };
            if saved.best.is_some() {
                self.best_masks = Some(masks(saved.best_masks)?);
            }
            training.masks = masks(saved.masks)?;
            training.remake_kernels()?;
        }
        self.best_state = saved.best;
        self.metrics = saved.metrics;
        tracing::info!("going on from step {}", saved.position.step);
        self.stand_at(saved.position)
    }

    fn stand_at(&mut self, position: Position) -> Result<(), TrainError> {
        let Position { step, loss_sum, correct, images, best, forwards, rewind } = position;
        self.training.network.set_forwards(forwards);
        self.sums = Sums::new(loss_sum, correct, images, self.training.spec.device);
        (self.step, self.best, self.rewind) = (step, best, rewind);
        // There may be no step any more that moves the knobs: the network of the last state is
        // evaluated and stored as it stands here.
        self.training.set_progress(self.training.spec.progress(step))
    }

    /// Writes the weights if the training stands at a point to which tickets rewind.
    pub(super) fn save_rewind_point(&mut self) -> Result<(), TrainError> {
        let spec = self.training.spec;
        let steps_per_epoch = spec.steps_per_epoch();
        for point in spec.rewind_points {
            if point.steps(steps_per_epoch) == self.step {
                // Knobs stand where the training stands, as in one that is gone on with from here.
                self.training.set_progress(spec.progress(self.step))?;
                let bytes = to_safetensors(&self.training.stored())?;
                // Twice: a resumed training may have passed the point in an earlier process.
                let (name, hash) = (rewind_name(*point), sha256(&bytes));
                // A state counts on the file that it knows: it is not written over.
                if self.rewind.get(&name) != Some(&hash) {
                    checkpoint::write(&spec.checkpoint.join(&name), &bytes)?;
                }
                checkpoint::write(&spec.into.join(&name), &bytes)?;
                self.rewind.insert(name, hash);
            }
        }
        Ok(())
    }

    /// Writes the state if it is time.
    pub(super) fn save_if_due(&mut self) -> Result<(), TrainError> {
        let steps_per_epoch = self.training.spec.steps_per_epoch();
        match self.pace.is_due(self.step, steps_per_epoch, Instant::now()) {
            true => self.save(),
            false => Ok(()),
        }
    }

    /// Writes the state, unless it is worthless: a device that is only asked now may have diverged
    /// some steps ago.
    pub(super) fn save(&mut self) -> Result<(), TrainError> {
        self.check_sums()?;
        let began = Instant::now();
        let saved = Saved {
            position: Position {
                step: self.step,
                loss_sum: self.sums.loss(),
                correct: self.sums.correct(),
                images: self.sums.images(),
                best: self.best,
                forwards: self.training.network.forwards(),
                rewind: self.rewind.clone(),
            },
            model: self.training.network.state(),
            optimizer: self.optimizer.state(self.training.network.parameters()),
            best: self.best_state.as_ref().map(shared),
            masks: self.training.moving_masks().map(|masks| masks.state()),
            best_masks: self.best_masks.as_ref().map(Masks::state),
            metrics: self.metrics.clone(),
        };
        checkpoint::save(self.training.spec.checkpoint, &saved)?;
        self.pace.note(self.step, began.elapsed());
        tracing::debug!("the state of step {} took {:?}", self.step, self.pace.cost());
        Ok(())
    }
}

/// The same tensors once more.
fn shared(state: &State) -> State {
    state.iter().map(|(name, tensor)| (name.clone(), Tensor::shallow_clone(tensor))).collect()
}

/// The file of the weights at a point to which tickets rewind.
fn rewind_name(point: jackpot_plugin_api::Duration) -> String {
    format!("rewind-{point}.safetensors")
}

/// The files of the points that a training has passed after that many steps.
fn passed(spec: &TrainingSpec<'_>, step: u64) -> Vec<String> {
    let steps_per_epoch = spec.steps_per_epoch();
    let passed = spec.rewind_points.iter().filter(|point| point.steps(steps_per_epoch) <= step);
    passed.map(|point| rewind_name(*point)).collect()
}

/// Says which states cannot be gone on from. One that is whole and past a point of which it knew
/// nothing is not given up here.
fn tell(spec: &TrainingSpec<'_>, found: &Found) -> Result<(), TrainError> {
    if let (None, true, Some((path, why))) =
        (&found.saved, found.is_past_a_point, found.unusable.first())
    {
        return Err(TrainError::Checkpoint { path: path.clone(), message: why.clone() });
    }
    for (path, why) in &found.unusable {
        let instead = match &found.saved {
            Some(saved) => format!("going on from the one of step {}", saved.position.step),
            None => "starting over".to_owned(),
        };
        tracing::warn!("the state {} cannot be used: {why}; {instead}", path.display());
    }
    // A state that is damaged must not be found again, once newer ones are there.
    for (path, _) in &found.unusable {
        std::fs::remove_file(path)
            .map_err(|source| TrainError::File { path: path.clone(), source })?;
    }
    if found.saved.is_none() {
        tracing::debug!("{} has no state", spec.checkpoint.display());
    }
    Ok(())
}
