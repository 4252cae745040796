//! The arguments of `jackpot verify`.

use std::path::PathBuf;

use clap::Args;

use super::PluginFolders;

/// Which run, and how thoroughly.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// The run's folder
    pub run: PathBuf,
    /// Leave out what needs the dataset: measuring the results of the stored weights again
    #[arg(long)]
    pub no_evaluate: bool,
    /// Print the verdict as JSON
    #[arg(long)]
    pub json: bool,
    /// Change a key of the run's config, such as data.root (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Where to measure: auto, cpu, cuda or cuda:N [default: as the run's config says]
    #[arg(long)]
    pub device: Option<String>,
    #[command(flatten)]
    pub folders: PluginFolders,
}
