//! The arguments of commands that read a config.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{CadenceArg, JobsArg, PluginFolders, Share, span};

/// A config and the run it belongs to.
#[derive(Debug, Clone, Args)]
pub struct ExperimentArgs {
    /// The experiment, a TOML file
    pub config: PathBuf,
    /// The run's folder [default: runs/<name>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub overriding: Overriding,
}

/// What replaces keys of the config.
#[derive(Debug, Clone, Default, Args)]
pub struct Overriding {
    /// Change a key of the config; VALUE is TOML (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The seed instead of the config's; several with commas
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub seed: Vec<u64>,
    /// Where to compute: auto, cpu, cuda or cuda:N
    #[arg(long)]
    pub device: Option<String>,
    #[command(flatten)]
    pub folders: PluginFolders,
}

/// An experiment, and which of its jobs to do.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub experiment: ExperimentArgs,
    /// Only the jobs whose folder, or one above it, matches: 'spend/all', '*/level-07'
    #[arg(long, value_name = "GLOB", value_parser = pattern)]
    pub only: Option<String>,
    /// Only this process's share of the jobs: 2/4 is the second of four
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Share>,
    /// How many trainings at once, each in a process with its share of the threads; auto measures
    /// what is fastest
    #[arg(long, value_name = "N|auto", default_value = "1")]
    pub jobs: JobsArg,
    /// Keep finished jobs that were made with another file of the same plugin; jobs that were only
    /// begun with one start over
    #[arg(long)]
    pub accept_plugins: bool,
    /// Save everything and end with exit code 3 before this time has passed: 55m, 1.5h, 90s
    #[arg(long, value_name = "TIME", value_parser = span)]
    pub stop_after: Option<Duration>,
    /// How often a training's state is written, which a crash then costs at most: auto (after
    /// epochs, as far as it takes below 1 % of the time), 10m, 2ep or 500it
    #[arg(long, value_name = "OFTEN", default_value = "auto")]
    pub checkpoint: CadenceArg,
    /// Try trainings that diverged again with other seeds, which is written down
    #[arg(long)]
    pub retry_diverged: bool,
    /// Print what happens as one JSON object per line instead of the table; docs/json.md has them
    #[arg(long)]
    pub json: bool,
    /// For the processes that `--jobs` starts: what they need comes on stdin
    #[arg(long, hide = true)]
    pub worker: bool,
}

fn pattern(text: &str) -> Result<String, String> {
    match text.is_empty() {
        true => Err("an empty pattern matches nothing; '*' matches everything".to_owned()),
        false => Ok(text.to_owned()),
    }
}
