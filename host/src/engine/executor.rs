//! Does one job of an experiment.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::imported;
use super::output::finish;
use super::pruning::{Level, prune};
use super::session::{Prepared, Session};
use super::stored::START_MASK;
use super::teacher::teacher;
use crate::experiment::{
    Event, ExecuteError, Executor, FileError, Inputs, Job, Observer, Outcome, Progress, Start,
    Stop, Work,
};
use crate::model::ModelError;
use crate::model::state::{self, Extra, to_safetensors};
use crate::prune::shuffle::shuffled;
use crate::prune::{Masks, Scope};
use crate::torch::memory;
use crate::train::checkpoint::write;
use crate::train::{Cadence, Ended, Report, TrainError, Training, TrainingSpec, train, untrained};

/// A session's way to do jobs.
#[derive(Debug)]
pub struct JobExecutor<'a> {
    session: &'a Session,
    prepared: &'a Prepared,
    cadence: Cadence,
}

impl<'a> JobExecutor<'a> {
    pub(super) fn new(session: &'a Session, prepared: &'a Prepared) -> Self {
        Self { session, prepared, cadence: Cadence::Auto }
    }

    /// Writes a training's state so often.
    pub fn saving(self, cadence: Cadence) -> Self {
        Self { cadence, ..self }
    }

    fn work(
        &self,
        job: &Job,
        inputs: &Inputs,
        into: &Path,
        observer: &dyn Observer,
        stop: &Stop,
    ) -> Result<Outcome, TrainError> {
        let missing = |what: &str| TrainError::Setting(format!("the config has no {what}"));
        let work = Work::of(&self.session.config, &job.key).ok_or_else(|| missing("such job"))?;
        let graph = self.prepared.graphs.get(work.model).ok_or_else(|| missing("such network"))?;
        let rewind_points = match &inputs.start {
            Start::Dense { rewind_points } => rewind_points.as_slice(),
            _ => &[],
        };
        let seed = inputs.seed.unwrap_or(work.seed);
        // Up to the first step there is nothing that is not on the disk already.
        let idle = stop.idle();
        if stop.requested() {
            return Ok(Outcome::Stopped);
        }
        let mut training = Training::build(TrainingSpec {
            graph,
            train: work.train,
            registry: &self.session.registry,
            feed: &self.prepared.feed,
            seed,
            device: self.session.device,
            precision: self.session.precision,
            captures: self.session.captures,
            rewind_points,
            into,
            checkpoint: &inputs.checkpoint,
            cadence: self.cadence,
        })?;
        let names = Scope::new(&work.draw.prunable).names(&training.network)?;
        self.start(&work, inputs, &mut training, &names, into)?;
        training.choose_kernels(self.session.sparse)?;
        drop(idle);
        if !work.trains() {
            let finished = untrained(&training)?;
            let how = (self.session.precision, 0);
            return finish(&mut training, &finished, &names, how, into).map(Outcome::Done);
        }
        let parts = (&self.prepared.feed, &self.prepared.graphs);
        training.teacher = teacher(self.session, parts, work.train, inputs.teacher.as_deref())?;
        let mut report = |report: &Report| {
            observer.event(&Event::Progress { job: &job.key, progress: &progress(report) });
        };
        match train(&mut training, &mut report, &|margin| stop.within(margin))? {
            Ended::Stopped => Ok(Outcome::Stopped),
            Ended::Done(finished) => {
                let epochs = finished.given_up.unwrap_or(work.train.epochs);
                let how = (self.session.precision, epochs);
                finish(&mut training, &finished, &names, how, into).map(Outcome::Done)
            }
        }
    }

    /// Gives the network its mask and its first weights, in the order of the contract: what the
    /// graph says, then the ticket's weights, then the recipe's init.
    fn start(
        &self,
        work: &Work<'_>,
        inputs: &Inputs,
        training: &mut Training<'_>,
        names: &[String],
        into: &Path,
    ) -> Result<(), TrainError> {
        match &inputs.start {
            Start::Dense { .. } => {
                training.masks = Masks::dense(&training.network, names);
                if let Some(weights) = &work.draw.weights {
                    imported::weights(weights, &mut training.network, self.session.known(weights))?;
                }
                training.initialise(names)?;
                let state = to_safetensors(&training.network.stored_state())?;
                write(&into.join("init.safetensors"), &state)?;
            }
            Start::Prune { previous, weights } => {
                let level =
                    Level { draw: work.draw, level: work.level, previous, names, seed: work.seed };
                let (registry, feed) = (&self.session.registry, &self.prepared.feed);
                training.masks = prune(&level, training, registry, feed)?;
                load(training, weights)?;
            }
            Start::Import { mask, weights } => {
                training.masks =
                    imported::masks(mask, &training.network, names, self.session.known(mask))?;
                load(training, weights)?;
            }
            Start::Ticket { mask, weights } => {
                let own = Masks::read(&of_ticket(mask), &training.network)?;
                training.masks = shuffled(own, work.mask(), work.seed)?;
                match weights {
                    Some(weights) => load(training, weights)?,
                    None => {
                        training.network.reinitialise()?;
                        training.masks.apply(&training.network)?;
                    }
                }
                // A draw's own init has already made the ticket's weights.
                if weights.is_none() || work.train.init != self.session.config.train.init {
                    training.initialise(names)?;
                }
            }
        }
        if training.recipe.update.is_some() {
            write(&into.join(START_MASK), &to_safetensors(&training.masks.state())?)?;
        }
        Ok(())
    }
}

/// The mask of the ticket in the folder of a draw's level: where masks moved while it was trained,
/// the one that it began with.
fn of_ticket(mask: &Path) -> PathBuf {
    let start = mask.with_file_name(START_MASK);
    if start.is_file() { start } else { mask.to_owned() }
}

/// `where(mask, weight, +0.0)` by name.
fn load(training: &mut Training<'_>, weights: &Path) -> Result<(), TrainError> {
    training.network.load(&state::read(weights)?, weights, Extra::Ignored)?;
    Ok(training.masks.apply(&training.network)?)
}

fn progress(report: &Report) -> Progress {
    let at = report.progress;
    let steps_per_epoch = at.steps_per_epoch.max(1);
    Progress {
        epoch: at.step.saturating_sub(1) / steps_per_epoch + 1,
        epochs: at.total_steps / steps_per_epoch,
        step: at.step,
        steps: at.total_steps,
        loss: report.loss,
        accuracy: report.validation_accuracy,
        learning_rate: report.learning_rate,
        images_per_second: report.images_per_second,
    }
}

impl Executor for JobExecutor<'_> {
    fn execute(
        &self,
        job: &Job,
        inputs: &Inputs,
        into: &Path,
        observer: &dyn Observer,
        stop: &Stop,
    ) -> Result<Outcome, ExecuteError> {
        let outcome = self.work(job, inputs, into, observer, stop);
        // The training is gone; so that the next job begins with as little as this one did.
        memory::trim();
        outcome.map_err(|error| failure(error, &inputs.checkpoint))
    }
}

/// Tells apart what is the checkpoint's own fault: only that is a reason to give up its state.
fn failure(error: TrainError, checkpoint: &Path) -> ExecuteError {
    let text = error.to_string();
    let unusable = |path: &Path| {
        let path = path.starts_with(checkpoint);
        path.then(|| format!("{text}; remove the folder {} to start over", checkpoint.display()))
    };
    match error {
        TrainError::Checkpoint { .. } => ExecuteError::Checkpoint(text),
        TrainError::Diverged { .. } => ExecuteError::Diverged(text),
        TrainError::Model(ModelError::File { path, .. }) => match unusable(&path) {
            Some(message) => ExecuteError::Checkpoint(message),
            None => ExecuteError::Failed(text),
        },
        TrainError::File { path, source } => match (source.kind(), unusable(&path)) {
            // What a file of a state says if it is missing or torn; a disk says other things.
            (ErrorKind::NotFound | ErrorKind::InvalidData, Some(message)) => {
                ExecuteError::Checkpoint(message)
            }
            _ => ExecuteError::File(FileError::new("write", &path, source)),
        },
        _ => ExecuteError::Failed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_checkpoints_own_faults_are_its() {
        let folder = Path::new("/run/.level-00.checkpoint");
        let file = |path: &str, kind: ErrorKind| TrainError::File {
            path: path.into(),
            source: kind.into(),
        };
        let model = |path: &str| ModelError::File { path: path.into(), message: "torn".into() };
        let state = "/run/.level-00.checkpoint/step-000000000012.checkpoint";
        let own = [
            TrainError::Checkpoint { path: folder.into(), message: "no momentum".into() },
            model(state).into(),
            model("/run/.level-00.checkpoint").into(),
            file(state, ErrorKind::NotFound),
            file(state, ErrorKind::InvalidData),
        ];
        for error in own {
            let found = failure(error, folder);
            let text = found.to_string();
            assert!(matches!(found, ExecuteError::Checkpoint(_)), "{text}");
            assert!(text.contains("remove the folder") && text.contains("checkpoint"), "{text}");
        }
        let memory = TrainError::Torch(tch::TchError::Torch("CUDA out of memory".into()));
        for error in [memory, model("/run/level-00/mask.safetensors").into()] {
            assert!(matches!(failure(error, folder), ExecuteError::Failed(_)));
        }
        for error in [
            file(state, ErrorKind::StorageFull),
            file("/run/level-00/model.safetensors", ErrorKind::NotFound),
        ] {
            assert!(matches!(failure(error, folder), ExecuteError::File(_)));
        }
    }
}
