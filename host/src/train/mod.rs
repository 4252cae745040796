//! One training: batches, loss, optimizer, schedule, evaluation, checkpoints. Does not know which
//! plugin is which, nor where a job's files finally lie.
//!
//! - [`spec`]: what a training needs;
//! - [`recipe`]: the plugins of a recipe, made once;
//! - [`training`]: network, recipe and masks together;
//! - [`fit`]: the loop over epochs and batches;
//! - [`step`]: one optimizer step; [`optimizer`], [`loss`], [`batches`] are its parts;
//! - [`captured`]: steps that are written down once and then replayed;
//! - [`measure`]: the same steps, to be timed; [`parts`]: the parts of one;
//! - [`evaluate`]: accuracy and loss of a network on a split; [`calibration`]: how sure it is;
//! - [`checkpoint`]: a training in the middle, on disk; [`cadence`]: how often it goes there;
//! - [`update`]: masks that move during a training;
//! - `order`: how weights lie in memory;
//! - [`kernels`]: which layers of pruned networks run on sparse kernels; [`places`]: their kept weights;
//! - [`access`]: the network as `init`, `score` and `update` plugins see it.

pub mod access;
pub mod batches;
pub mod cadence;
pub mod calibration;
pub mod captured;
pub mod checkpoint;
pub mod error;
pub mod evaluate;
pub mod fit;
pub mod kernels;
pub mod loss;
pub mod measure;
mod meter;
pub mod metrics;
pub mod optimizer;
mod order;
pub mod outcome;
pub mod parts;
pub mod places;
pub mod recipe;
pub mod results;
mod resume;
pub mod spec;
pub mod step;
mod sums;
pub mod training;
pub mod update;

pub use cadence::Cadence;
pub use error::TrainError;
pub use evaluate::Evaluation;
pub use fit::{train, untrained};
pub use outcome::{Ended, Finished, Report};
pub use recipe::Recipe;
pub use results::Results;
pub use spec::{Feed, TrainingSpec};
pub use training::Training;
