//! The arguments of `jackpot eval`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::StoredArgs;

/// Which weights, on which images.
#[derive(Debug, Clone, Args)]
pub struct EvalArgs {
    #[command(flatten)]
    pub stored: StoredArgs,
    /// Of a run: only this level
    #[arg(long, value_name = "K")]
    pub level: Option<usize>,
    /// Which images
    #[arg(long, value_name = "SPLIT", default_value = "test")]
    pub split: EvalSplit,
    /// Write the network's outputs for these images (`logits`) to this safetensors file
    #[arg(long, value_name = "FILE")]
    pub logits: Option<PathBuf>,
    /// Write the network's inputs (`inputs`), normalised, to the same file
    #[arg(long, requires = "logits")]
    pub inputs: bool,
}

/// A part of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EvalSplit {
    Validation,
    Test,
}
