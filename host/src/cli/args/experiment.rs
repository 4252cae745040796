//! The arguments of commands that read a config.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::PluginFolders;
use crate::config::Overrides;
use crate::experiment::{Glob, Selection, Shard};
use crate::train::cadence::{Cadence, span};

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

impl Overriding {
    /// As the config takes them.
    pub fn overrides(&self) -> Overrides {
        Overrides {
            set: self.set.clone(),
            seeds: (!self.seed.is_empty()).then(|| self.seed.clone()),
            device: self.device.clone(),
            plugin_dirs: self.folders.plugin_dir.clone(),
        }
    }
}

/// An experiment, and which of its jobs to do.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub experiment: ExperimentArgs,
    /// Only the jobs whose folder, or one above it, matches: 'spend/all', '*/level-07'
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    pub only: Option<Glob>,
    /// Only this process's share of the jobs: 2/4 is the second of four
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
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
    pub checkpoint: Cadence,
    /// Try trainings that diverged again with other seeds, which is written down
    #[arg(long)]
    pub retry_diverged: bool,
    /// Print what happens as one JSON object per line instead of the table; docs/json.md has them
    #[arg(long)]
    pub json: bool,
}

impl RunArgs {
    /// The jobs to do, of the draws and of the spends as asked.
    pub fn selection(&self, draw: bool, spend: bool) -> Selection {
        Selection {
            draw,
            spend,
            only: self.only.clone(),
            shard: self.shard,
            accept_changed_plugins: self.accept_plugins,
            retry_diverged: self.retry_diverged,
        }
    }
}

fn glob(pattern: &str) -> Result<Glob, String> {
    match pattern.is_empty() {
        true => Err("an empty pattern matches nothing; '*' matches everything".to_owned()),
        false => Ok(Glob::new(pattern)),
    }
}
