//! The arguments of `jackpot report`.

use std::path::PathBuf;

use clap::Args;

/// Which runs, and what is written.
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// The runs' folders; each gets a table of its own, two of one experiment are compared bit by
    /// bit, and others are shown side by side: paired where data and seeds are the same
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Where to write the files [default: the run's folder]; of several runs, into one folder each,
    /// and the comparison into this one
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The recipe that the others are compared with [default: vanilla, else the first]
    #[arg(long, value_name = "RECIPE")]
    pub baseline: Option<String>,
    /// Write the pictures as SVG and PNG files into this folder, too
    #[arg(long, value_name = "DIR")]
    pub plots: Option<PathBuf>,
    /// Write the courses of all trainings into this folder, as event files for TensorBoard
    #[arg(long, value_name = "DIR")]
    pub tensorboard: Option<PathBuf>,
}
