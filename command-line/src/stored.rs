//! Which stored weights a command is about.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Overriding;

/// Weights of a run's jobs, or of a file.
#[derive(Debug, Clone, Args)]
pub struct StoredArgs {
    /// A run's folder, or a safetensors file of weights
    #[arg(value_name = "RUN|FILE")]
    pub target: PathBuf,
    /// The config that a file's weights belong to [default: that of the run it lies in]
    #[arg(long, value_name = "CONFIG")]
    pub config: Option<PathBuf>,
    /// Of a run: only this draw
    #[arg(long, value_name = "NAME")]
    pub draw: Option<String>,
    /// Of a run: only this recipe; of a file: the recipe of its network
    #[arg(long, value_name = "NAME")]
    pub recipe: Option<String>,
    /// Which of a job's weights: of the best validation accuracy, or after the last step
    #[arg(long, value_name = "WHICH", default_value = "best")]
    pub weights: StoredWeights,
    #[command(flatten)]
    pub overriding: Overriding,
}

/// Which of a job's two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StoredWeights {
    Best,
    Last,
}
