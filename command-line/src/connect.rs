//! The arguments of `jackpot connect`.

use std::path::PathBuf;

use clap::Args;

use super::{PluginFolders, StoredWeights};

/// Which two networks of a run.
#[derive(Debug, Clone, Args)]
pub struct ConnectArgs {
    /// The run's folder
    pub run: PathBuf,
    /// The level of both
    #[arg(long, value_name = "K")]
    pub level: usize,
    /// The recipe of both [default: the draw's own trainings]
    #[arg(long, value_name = "NAME")]
    pub recipe: Option<String>,
    /// The draw of both [default: the run's only one]
    #[arg(long, value_name = "NAME")]
    pub draw: Option<String>,
    /// The seeds of the two
    #[arg(long, value_name = "A,B", value_delimiter = ',', num_args = 1, required = true)]
    pub seeds: Vec<u64>,
    /// How many networks are evaluated, the two among them
    #[arg(long, value_name = "N", default_value = "11", value_parser = clap::value_parser!(u16).range(2..=1001))]
    pub points: u16,
    /// Which of the jobs' weights: of the best validation accuracy, or after the last step
    #[arg(long, value_name = "WHICH", default_value = "last")]
    pub weights: StoredWeights,
    /// Where to write the path as FILE.csv and FILE.svg [default: named after the jobs, here]
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Change a key of the run's config, such as data.root (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Where to compute: auto, cpu, cuda or cuda:N [default: as the run's config says]
    #[arg(long)]
    pub device: Option<String>,
    #[command(flatten)]
    pub folders: PluginFolders,
}
