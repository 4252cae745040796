//! One plain type per kind: typed calls, and the checks that a plugin's results need.

mod activation;
mod architecture;
mod augmentation;
mod common;
mod init;
mod loss;
mod lr_schedule;
mod score;
mod skip;
mod update;

pub use activation::Activation;
pub use architecture::Architecture;
pub use augmentation::{Augmentation, BatchTensors};
pub use common::{BEFORE, Common, declared, dtype_name};
pub use init::Init;
pub use loss::Loss;
pub use lr_schedule::LrSchedule;
pub use score::Score;
pub use skip::Skip;
pub use update::Update;
