//! What `job.json` and `level-<kk>.failed.json` say, as far as a report needs it.
//!
//! Read leniently: fields that a report does not show may change without it noticing.

use std::path::Path;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::run::Status;
use crate::train::results::Results;

/// A whole result, or a failure.
#[derive(Debug)]
pub struct Record {
    pub status: Status,
    pub results: Option<Results>,
    /// The seed of the training, where it is not the job's own.
    pub trained_seed: Option<u64>,
}

impl Record {
    /// Reads the text of either file.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let job: Job = serde_json::from_str(text)?;
        let status = match (job.status.as_str(), job.linked_to) {
            ("failed", _) => Status::Failed(job.error.unwrap_or_default()),
            (_, Some(target)) => Status::Linked(target.folder()),
            (_, None) => Status::Done,
        };
        let results = job.results.map(Into::into);
        Ok(Self { status, results, trained_seed: job.trained_seed })
    }
}

/// The number in a folder's name, such as the 3 of `level-03`; `None` for any other name.
pub fn number(path: &Path, prefix: &str) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix(prefix)?.parse().ok()
}

#[derive(Deserialize)]
struct Job {
    #[serde(default)]
    status: String,
    linked_to: Option<Target>,
    results: Option<Stored>,
    error: Option<String>,
    trained_seed: Option<u64>,
}

/// The job that a linked one shares its training with.
#[derive(Deserialize)]
struct Target {
    recipe: Option<String>,
    draw: String,
    seed: u64,
    level: usize,
}

impl Target {
    /// Its folder inside the run.
    fn folder(&self) -> String {
        let home = match &self.recipe {
            Some(recipe) => format!("spend/{recipe}"),
            None => "draw".to_owned(),
        };
        format!("{home}/{}/seed-{}/level-{:02}", self.draw, self.seed, self.level)
    }
}

/// [`Results`], with numbers that JSON cannot write: NaN and infinities are strings or null.
#[derive(Deserialize)]
struct Stored {
    #[serde(deserialize_with = "float")]
    test_accuracy: f64,
    #[serde(deserialize_with = "float")]
    test_accuracy_last: f64,
    validation_accuracy: Option<f64>,
    #[serde(deserialize_with = "float")]
    test_loss: f64,
    best_epoch: u64,
    weights_kept: u64,
    weights_total: u64,
    weights_training: u64,
    flops: u64,
    #[serde(default)]
    given_up: Option<u64>,
    test_calibration_error: Option<f64>,
    weights_exported: Option<u64>,
    training_flops: Option<u64>,
    precision: String,
}

impl From<Stored> for Results {
    fn from(s: Stored) -> Self {
        Self {
            test_accuracy: s.test_accuracy,
            test_accuracy_last: s.test_accuracy_last,
            validation_accuracy: s.validation_accuracy,
            test_loss: s.test_loss,
            best_epoch: s.best_epoch,
            weights_kept: s.weights_kept,
            weights_total: s.weights_total,
            weights_training: s.weights_training,
            flops: s.flops,
            given_up: s.given_up,
            test_calibration_error: s.test_calibration_error,
            weights_exported: s.weights_exported,
            training_flops: s.training_flops,
            precision: s.precision,
        }
    }
}

fn float<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(f64::NAN),
        Value::Number(n) => Ok(n.as_f64().unwrap_or(f64::NAN)),
        Value::String(s) => s.parse().map_err(serde::de::Error::custom),
        other => Err(serde::de::Error::custom(format!("expected a number, found {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESULTS: &str = r#""results": {"test_accuracy": 0.5, "test_accuracy_last": 0.4,
        "validation_accuracy": null, "test_loss": null, "best_epoch": 3, "weights_kept": 8,
        "weights_total": 10, "weights_training": 12, "flops": 20, "precision": "f32",
        "something": "from a later version"}"#;

    #[test]
    fn a_diverged_loss_is_nan_and_unknown_fields_are_ignored() {
        let job = Record::parse(&format!(r#"{{"status": "done", "key": {{}}, {RESULTS}}}"#));
        let job = job.unwrap();
        assert_eq!(job.status, Status::Done);
        let results = job.results.unwrap();
        assert!(results.test_loss.is_nan());
        assert_eq!((results.test_accuracy, results.validation_accuracy), (0.5, None));
    }

    #[test]
    fn a_link_names_its_target() {
        let target = r#"{"kind": "draw", "draw": "imp", "seed": 7, "level": 3}"#;
        let text = format!(r#"{{"status": "linked", "linked_to": {target}, {RESULTS}}}"#);
        let job = Record::parse(&text).unwrap();
        assert_eq!(job.status, Status::Linked("draw/imp/seed-7/level-03".into()));
        let target = r#"{"kind": "spend", "recipe": "a", "draw": "b", "seed": 1, "level": 110}"#;
        let job = Record::parse(&format!(r#"{{"status": "linked", "linked_to": {target}}}"#));
        assert_eq!(job.unwrap().status, Status::Linked("spend/a/b/seed-1/level-110".into()));
    }

    #[test]
    fn a_failure_says_why() {
        let job = Record::parse(r#"{"status": "failed", "error": "loss is NaN", "attempts": 2}"#);
        assert_eq!(job.unwrap().status, Status::Failed("loss is NaN".into()));
    }

    #[test]
    fn wrong_types_are_errors() {
        assert!(Record::parse(r#"{"status": "done", "results": {"test_accuracy": []}}"#).is_err());
        assert!(Record::parse("[1").is_err());
    }

    #[test]
    fn folder_names_must_match_wholly() {
        assert_eq!(number(Path::new("a/level-03"), "level-"), Some(3));
        assert_eq!(number(Path::new("a/level-03.tmp"), "level-"), None);
        assert_eq!(number(Path::new("a/seed-3"), "level-"), None);
    }
}
