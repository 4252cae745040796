//! The arguments of `jackpot eval`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Overriding;

/// Which weights, on which images.
#[derive(Debug, Clone, Args)]
pub struct EvalArgs {
    /// A run's folder, or a safetensors file of weights
    #[arg(value_name = "RUN|FILE")]
    pub target: PathBuf,
    /// The config that a file's weights belong to [default: that of the run it lies in]
    #[arg(long, value_name = "CONFIG")]
    pub config: Option<PathBuf>,
    /// Of a run: only this level
    #[arg(long, value_name = "K")]
    pub level: Option<usize>,
    /// Of a run: only this draw
    #[arg(long, value_name = "NAME")]
    pub draw: Option<String>,
    /// Of a run: only this recipe; of a file: the recipe of its network
    #[arg(long, value_name = "NAME")]
    pub recipe: Option<String>,
    /// Which of a job's weights: of the best validation accuracy, or after the last step
    #[arg(long, value_name = "WHICH", default_value = "best")]
    pub weights: StoredWeights,
    /// Which images
    #[arg(long, value_name = "SPLIT", default_value = "test")]
    pub split: EvalSplit,
    /// Write the network's outputs for these images (`logits`) to this safetensors file
    #[arg(long, value_name = "FILE")]
    pub logits: Option<PathBuf>,
    /// Write the network's inputs (`inputs`), normalised, to the same file
    #[arg(long, requires = "logits")]
    pub inputs: bool,
    #[command(flatten)]
    pub overriding: Overriding,
}

/// Which of a job's two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StoredWeights {
    Best,
    Last,
}

/// A part of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EvalSplit {
    Validation,
    Test,
}
