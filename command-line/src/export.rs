//! The arguments of `jackpot export`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};

use super::StoredArgs;

/// Which network, and as what.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    pub stored: StoredArgs,
    /// Of a run: this level; or auto:POINTS, the sparsest whose validation accuracy is at most so
    /// many points below that of level 0
    #[arg(long, value_name = "K|auto:POINTS")]
    pub level: Option<LevelChoice>,
    /// The form: weights, masks and graph, for PyTorch and Jackpot; or a model for ONNX runtimes
    #[arg(long, value_name = "FORMAT", default_value = "safetensors")]
    pub format: ExportFormat,
    /// The masks of a file's weights, a safetensors file [default: those beside it, in a run]
    #[arg(long, value_name = "FILE")]
    pub mask: Option<PathBuf>,
    /// Leave out dead channels; print bytes, multiply-adds and times before and after
    #[arg(long)]
    pub shrink: bool,
    /// The file to write [default: named after the run and the job, here]
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// A form of export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    Safetensors,
    Onnx,
}

/// A level, or how to choose one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LevelChoice {
    One(usize),
    /// How many points of validation accuracy may be lost.
    Auto(f64),
}

impl FromStr for LevelChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = || "a level is a number such as 7, or auto:POINTS such as auto:1.0".to_owned();
        let points = match text.strip_prefix("auto:") {
            Some(points) => points,
            None => return text.parse().map(Self::One).map_err(|_| wanted()),
        };
        let points = points.parse().ok().filter(|points: &f64| (0.0..=100.0).contains(points));
        points.map(Self::Auto).ok_or_else(wanted)
    }
}
