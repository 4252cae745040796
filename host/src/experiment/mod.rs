//! An experiment as jobs: which trainings a config asks for, in which order, where each one's
//! files live, and which of them are finished.
//!
//! One job is one training. What it computes is the business of an [`Executor`]; this folder
//! knows no tensors. It goes from the config to results in these steps:
//!
//! - [`jobs`] lists the jobs of a config, each with what it needs first;
//! - [`identity`] describes everything that influences a job's result, and hashes it;
//! - [`RunDir`] is the run directory on disk, [`JobRecord`] one finished job in it;
//! - [`conflict`] finds finished and unfinished jobs that the config no longer describes;
//! - [`run`] does what is missing, sharing the work with other processes through [`Lease`]s;
//! - [`plan`] and [`status`] say how far a run is.

mod checkpoint;
mod commit;
mod concurrency;
pub mod conflict;
mod diff;
mod error;
mod event;
mod execute;
mod files;
mod host;
pub mod identity;
mod jobs;
mod key;
mod lease;
mod leftovers;
mod manifest;
mod overview;
mod plugins;
mod readiness;
mod record;
mod retry;
mod run;
mod rundir;
mod runner;
pub mod seal;
mod select;
mod show;
mod stop;
mod store;
pub mod sums;
mod timing;
mod training;
mod width;
mod work;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use concurrency::{Concurrency, Machine, Throughput, processes_of};
pub use conflict::{Conflict, Conflicts};
pub use diff::{Difference, What, differences};
pub use error::ExperimentError;
pub use event::{Event, Observer, Progress, Silent};
pub use execute::{ExecuteError, Executor, Inputs, Outcome, Start};
pub use files::FileError;
pub use identity::{Facts, Identity, NetworkPlugins, PluginFile};
pub use jobs::{Job, jobs};
pub use key::JobKey;
pub use lease::{Attempt, Holder, Lease};
pub use manifest::{Manifest, Started};
pub use overview::{JobState, JobView, Overview, plan, status};
pub use record::{JobRecord, JobStatus, PluginUse};
pub use run::{Experiment, Summary, failures, run, selected};
pub use rundir::RunDir;
pub use stop::{Idle, Stop};

pub use select::{Failures, Glob, Selection, Shard};
pub use width::width;
pub use work::Work;
