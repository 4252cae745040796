//! The names of a job's files, and what the weights in them are of.

use std::path::Path;

use jackpot_plugin_api::Duration;
use jackpot_plugin_api::ctx::Progress;

use crate::config::Sparse;
use crate::experiment::JobRecord;

/// The weights with the best validation accuracy: what is reported.
pub const BEST: &str = "best.safetensors";
/// The weights after the last step: what is pruned.
pub const LAST: &str = "model.safetensors";
/// The mask of the last weights; where masks do not move, of all.
pub const MASK: &str = "mask.safetensors";
/// Where masks move: that of before the first step (of a draw's level: its ticket).
pub const START_MASK: &str = "start-mask.safetensors";
/// Where masks move: that of the best weights.
pub const BEST_MASK: &str = "best-mask.safetensors";
/// What the mask of the reported weights leaves of each layer.
pub const LAYERS: &str = "layers.csv";
/// Of a draw, beside its levels.
pub const INIT: &str = "init.safetensors";
/// Of a draw, beside its levels.
pub const REWIND: &str = "rewind.safetensors";

/// The point of the training at which a job stored the weights in a file of that name; `None`: at
/// the end of a training that was not given up, or nobody knows.
pub fn point(record: &JobRecord, file: &str) -> Option<Duration> {
    let best = record.results.as_ref().map(|results| Duration::Epochs(results.best_epoch));
    match file {
        BEST => best,
        // Of a job that does not train.
        LAST if best == Some(Duration::Epochs(0)) => best,
        INIT => Some(Duration::Epochs(0)),
        REWIND => record.rewind,
        // The last weights: of the end, unless it gave up before.
        _ => record.results.as_ref().and_then(|results| results.given_up).map(Duration::Epochs),
    }
}

/// Which layers of a pruned job ran on sparse kernels. Jobs of before there were any say nothing.
pub fn sparse(record: &JobRecord) -> Sparse {
    let said = record.description.get("sparse").cloned();
    said.and_then(|said| serde_json::from_value(said).ok()).unwrap_or(Sparse::Never)
}

/// The step of the training at which the job in that folder stored the weights in a file of that
/// name. A folder without a readable record is taken for one of a whole training.
pub fn step(folder: &Path, file: &str, start: Progress) -> u64 {
    let record = JobRecord::read(&folder.join(JobRecord::FILE)).ok().flatten();
    let at = record.and_then(|record| point(&record, file));
    at.map_or(start.total_steps, |at| at.steps(start.steps_per_epoch).min(start.total_steps))
}

/// The SHA-256 of the graph file of a job's network, if it comes from one.
pub fn graph_sha256(record: &JobRecord) -> Option<String> {
    let hash = record.description.pointer("/model/architecture/graph_sha256")?;
    hash.as_str().map(str::to_owned)
}
