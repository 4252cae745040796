//! Results against the stored weights: they are measured again.

use std::collections::BTreeSet;

use jackpot_plugin_api::Duration;

use super::finding::{Check, Finding, Verdict};
use super::stored::Stored;
use crate::config::{ModelConfig, TrainConfig};
use crate::data::Watch;
use crate::engine::evaluate::{Evaluator, Part, Weights};
use crate::engine::stored::{BEST, LAST, graph_sha256, point};
use crate::engine::{OpenError, Session};
use crate::experiment::sums::INIT;
use crate::experiment::{JobRecord, JobStatus, Manifest, RunDir, Started, Work};
use crate::model::state::to_safetensors;
use crate::train::{Evaluation, Results};

/// On another machine, thread count or libtorch than the run's, results may differ by so much:
/// accuracies as shares of the images, losses relative to them.
pub const ACCURACY: f64 = 0.005;
/// See [`ACCURACY`].
pub const LOSS: f64 = 0.01;
/// See [`ACCURACY`]; an image may come into another bin.
const CALIBRATION: f64 = 0.01;

/// What is measured again.
struct Measuring<'a> {
    evaluator: Evaluator,
    run: &'a RunDir,
    /// Whether bits have to agree.
    exact: bool,
    verdict: Verdict,
}

/// Measures the results of every job again whose files are not among the `damaged` ones (relative
/// to the run), and makes the first weights of every draw again.
///
/// # Errors
/// The dataset cannot be read.
pub fn evaluate(
    run: &RunDir,
    session: Session,
    damaged: &BTreeSet<String>,
    watch: &dyn Watch,
) -> Result<Verdict, OpenError> {
    let config = session.config.clone();
    let here = session.started();
    let manifest = Manifest::read(run).unwrap_or_default();
    let other = |start: &&Started| !start.differences(&here).is_empty();
    let exact = !manifest.starts.is_empty() && !manifest.starts.iter().any(|it| other(&it));
    let evaluator = Evaluator::new(session, Some(run.clone()), watch)?;
    let mut measuring = Measuring { evaluator, run, exact, verdict: Verdict::default() };
    if !exact {
        measuring.verdict.notes.push(format!(
            "the run was made elsewhere or otherwise ({}), so results may differ by {ACCURACY} \
             (accuracy) and {:.0} % (loss)",
            words(&manifest, &here),
            100.0 * LOSS
        ));
    }
    let data = measuring.evaluator.dataset_sha256().to_owned();
    for record in run.records()?.iter().filter(|record| record.status == JobStatus::Done) {
        let Some(work) = Work::of(&config, &record.key) else { continue };
        let is_damaged = |name: &&str| damaged.contains(&format!("{}/{name}", record.key.path()));
        if [BEST, LAST].iter().any(is_damaged) {
            continue;
        }
        let then = record.description.pointer("/data/sha256").and_then(|hash| hash.as_str());
        if then != Some(&data) {
            let note = "the dataset is not the run's any more; nothing was measured again";
            measuring.verdict.notes.push(note.to_owned());
            break;
        }
        measuring.job(record, &work);
        let init = format!("{}/init.safetensors", record.key.series());
        let plain = work.spend.is_none() && work.level == 0 && !damaged.contains(&init);
        if plain && work.train.init.is_none() && work.draw.weights.is_none() {
            measuring.initial(record, &work);
        }
    }
    Ok(measuring.verdict)
}

fn words(manifest: &Manifest, here: &Started) -> String {
    let all = manifest.starts.iter().flat_map(|start| start.differences(here));
    let all: BTreeSet<String> =
        all.map(|(name, [then, now])| format!("{name}: {then} then, {now} now")).collect();
    match all.is_empty() {
        true => "its manifest does not say how".to_owned(),
        false => all.into_iter().collect::<Vec<_>>().join("; "),
    }
}

/// What of an evaluation is compared with what is stored.
type Pairs<'a> = &'a dyn Fn(&Evaluation) -> Vec<Pair>;

impl Measuring<'_> {
    fn job(&mut self, record: &JobRecord, work: &Work<'_>) {
        let Some(results) = &record.results else { return };
        let (model, train) = (work.model, work.train);
        let states: [(&str, Part, Pairs<'_>); 3] = [
            (BEST, Part::Test, &|found| reported(results, found)),
            (BEST, Part::Validation, &|found| validation(results, found)),
            (LAST, Part::Test, &|found| {
                vec![Pair::accuracy("test_accuracy_last", results.test_accuracy_last, found)]
            }),
        ];
        for (name, part, pairs) in states {
            if part == Part::Validation && results.validation_accuracy.is_none() {
                continue;
            }
            let found = self.weights(record, name, (model, train), |evaluator, weights| {
                evaluator.evaluate(weights, part)
            });
            let Some(found) = found else { return };
            self.verdict.evaluated += 1;
            for pair in pairs(&found.evaluation) {
                let message = pair.disagrees(self.exact);
                let wrong = |message| Finding::of_job(Check::Result, &record.key, name, message);
                self.verdict.findings.extend(message.map(wrong));
            }
        }
    }

    /// A draw's first weights are a function of its network and the seed of its dense training.
    fn initial(&mut self, record: &JobRecord, work: &Work<'_>) {
        let path = self.run.init(&work.draw.name, work.ticket_seed);
        let stored = std::fs::read(path).ok().and_then(|bytes| Stored::parse(bytes).ok());
        let Some(stored) = stored else { return };
        // With its own seed it may have diverged.
        let seed = record.trained_seed.unwrap_or(work.seed);
        let made = self.weights(record, LAST, (work.model, work.train), |evaluator, weights| {
            evaluator.initial(weights, seed)
        });
        let made = made.and_then(|state| to_safetensors(&state).ok());
        let Some(made) = made.and_then(|bytes| Stored::parse(bytes).ok()) else { return };
        for (tensor, _) in made.iter().filter(|(name, bits)| stored.get(name) != Some(*bits)) {
            let message = format!("is not what seed {seed} gives");
            let found = Finding::of_job(Check::Start, &record.key, INIT, message);
            self.verdict.findings.push(found.in_tensor(tensor));
        }
    }

    /// Does something with a job's weights; a failure is a finding.
    fn weights<T>(
        &mut self,
        record: &JobRecord,
        name: &str,
        (model, train): (&ModelConfig, &TrainConfig),
        what: impl FnOnce(&mut Evaluator, &Weights<'_>) -> Result<T, OpenError>,
    ) -> Option<T> {
        let path = self.run.folder(&record.key).join(name);
        let graph = graph_sha256(record);
        let untrained = record.results.as_ref().is_some_and(|results| results.best_epoch == 0);
        let weights = Weights {
            path: &path,
            model,
            train,
            at: if untrained { Some(Duration::Epochs(0)) } else { point(record, name) },
            plugins: &record.plugins,
            graph_sha256: graph.as_deref(),
        };
        match what(&mut self.evaluator, &weights) {
            Ok(found) => Some(found),
            Err(error) => {
                let message = format!("cannot be measured again: {error}");
                let found = Finding::of_job(Check::Result, &record.key, name, message);
                self.verdict.findings.push(found);
                None
            }
        }
    }
}

/// A stored number and the one that was measured now.
struct Pair {
    name: &'static str,
    stored: f64,
    now: f64,
    tolerance: f64,
}

impl Pair {
    fn accuracy(name: &'static str, stored: f64, found: &Evaluation) -> Self {
        Self { name, stored, now: found.accuracy, tolerance: ACCURACY }
    }

    fn disagrees(&self, exact: bool) -> Option<String> {
        let Self { name, stored, now, tolerance } = self;
        // A loss that is not finite is stored as such.
        let same = stored.to_bits() == now.to_bits() || (stored.is_nan() && !now.is_finite());
        let near = !exact && (stored - now).abs() <= *tolerance;
        (!same && !near).then(|| format!("has a {name} of {now}; job.json says {stored}"))
    }
}

fn reported(results: &Results, found: &Evaluation) -> Vec<Pair> {
    let tolerance = LOSS * results.test_loss.abs();
    let loss = Pair { name: "test_loss", stored: results.test_loss, now: found.loss, tolerance };
    // Runs of before it was measured have none, and what is not finite is not stored.
    let calibration = results.test_calibration_error.map(|stored| Pair {
        name: "test_calibration_error",
        stored,
        now: found.calibration_error,
        tolerance: CALIBRATION,
    });
    let accuracy = Pair::accuracy("test_accuracy", results.test_accuracy, found);
    [accuracy, loss].into_iter().chain(calibration).collect()
}

fn validation(results: &Results, found: &Evaluation) -> Vec<Pair> {
    let stored = results.validation_accuracy;
    stored.map(|stored| Pair::accuracy("validation_accuracy", stored, found)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elsewhere_a_little_may_differ_and_here_nothing() {
        let pair = |stored, now| Pair { name: "test_loss", stored, now, tolerance: 0.01 };
        assert_eq!(pair(1.0, 1.0).disagrees(true), None);
        assert_eq!(pair(f64::NAN, f64::INFINITY).disagrees(true), None);
        let text = pair(1.0, 1.005).disagrees(true).unwrap();
        assert_eq!(text, "has a test_loss of 1.005; job.json says 1");
        assert_eq!(pair(1.0, 1.005).disagrees(false), None);
        assert!(pair(1.0, 1.02).disagrees(false).is_some());
        assert!(pair(1.0, f64::NAN).disagrees(false).is_some());
    }
}
