//! Events for tests.

use crate::experiment::{Event, Holder, JobKey, Progress};
use crate::train::Results;

/// A recipe's job at a level.
pub fn job(level: usize) -> JobKey {
    JobKey::Spend { recipe: "all".into(), draw: "imp".into(), seed: 42, level }
}

/// After `step` of `steps`, in the second of ten epochs.
pub fn progress(step: u64, steps: u64) -> Progress {
    Progress {
        epoch: 2,
        epochs: 10,
        step,
        steps,
        loss: 1.2345,
        accuracy: Some(0.452),
        learning_rate: 0.1,
        images_per_second: 2310.4,
    }
}

/// A job that is done, with 62.31 %.
pub fn done(job: &JobKey, seconds: f64) -> Event<'_> {
    let results = Results {
        test_accuracy: 0.62314,
        test_accuracy_last: 0.61,
        validation_accuracy: None,
        test_loss: 1.1,
        best_epoch: 10,
        weights_kept: 64,
        weights_total: 100,
        weights_training: 70,
        flops: 1000,
        given_up: None,
        test_calibration_error: None,
        weights_exported: None,
        training_flops: None,
        precision: "f32".into(),
    };
    Event::Done { job, results: Box::leak(Box::new(results)), seconds }
}

/// A process elsewhere.
pub fn holder() -> Holder {
    let host = "other".to_owned();
    let (boot, machine) = (String::new(), String::new());
    Holder { host, boot, machine, pid: 7, since: u64::MAX, number: 1 }
}
