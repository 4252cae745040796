//! What may be typed: commands, arguments, options, and their help.
//!
//! A crate of its own, without libtorch, because two programs read the same line: the engine, which
//! does what it says, and the launcher of a package, which answers what needs no engine (help,
//! completions, a misspelt option) and starts the engine for all else. What an argument means to
//! the program (a config's overrides, a selection of jobs) is said in the engine.

mod bench;
mod cadence;
mod completions;
mod connect;
mod data;
mod device;
mod eval;
mod experiment;
mod export;
mod import;
mod jobs;
mod new_name;
mod plugin;
mod report;
mod share;
mod stored;
mod verify;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub use bench::BenchArgs;
pub use cadence::{CadenceArg, span};
pub use completions::completions;
pub use connect::ConnectArgs;
pub use data::{DataCommand, Dataset, Downloadable, GetArgs};
pub use device::{DeviceCheckArgs, DeviceCommand, PrecisionArg};
pub use eval::{EvalArgs, EvalSplit};
pub use experiment::{ExperimentArgs, Overriding, RunArgs};
pub use export::{ExportArgs, ExportFormat, LevelChoice};
pub use import::ImportArgs;
pub use jobs::JobsArg;
pub use new_name::NewName;
pub use plugin::{CheckArgs, KindArg, PluginCommand};
pub use report::ReportArgs;
pub use share::Share;
pub use stored::{StoredArgs, StoredWeights};
pub use verify::VerifyArgs;

const OVERVIEW: &str = "\
First steps:
  jackpot run configs/quickstart.toml     draw tickets, spend them, report
  jackpot plan my.toml                    what would be trained
  jackpot plugin list                     the tweaks and networks there are

Exit codes: 0 done; 1 something failed; 2 usage or config error; 3 stopped in time with
work left, everything saved; 130 killed by a second Ctrl-C.";

/// Draws lottery tickets (sparse sub-networks), spends them under tweaks, reports what helps.
#[derive(Debug, Parser)]
#[command(name = "jackpot", version, after_help = OVERVIEW, max_term_width = 100)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// What holds for every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct Common {
    /// Print only errors and results
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print more; -vv and -vvv still more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// How stderr is written: for people, or as one JSON object per line
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// Show no bars, only lines
    #[arg(long, global = true)]
    pub no_progress: bool,
}

/// How stderr is written. (No docs on the values: they would make every help page a long one.)
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Draw, spend and report: whatever is missing, nothing twice
    #[command(after_help = "\
Example: jackpot run configs/quickstart.toml --set train.epochs=3 --out runs/short

Running it again resumes. Any number of processes may work on one run; --jobs 4 starts four of
them. Ctrl-C saves and stops after the current step (exit code 3), and so does
--stop-after 55m before that time.")]
    Run(RunArgs),
    /// Draw only: find the tickets
    #[command(after_help = "Example: jackpot draw my.toml --only 'draw/imp/seed-42'")]
    Draw(RunArgs),
    /// Spend only: retrain tickets that are already drawn
    #[command(after_help = "Example: jackpot spend my.toml --only 'spend/all' --shard 1/4")]
    Spend(RunArgs),
    /// Show the jobs of a config: done, to do, in conflict; estimated time and disk
    #[command(after_help = "Example: jackpot plan my.toml --set 'seeds=[42, 43]'")]
    Plan(ExperimentArgs),
    /// Show how far a run is, with failed and running jobs
    #[command(after_help = "Example: jackpot status runs/quickstart")]
    Status {
        /// The run's folder
        run: PathBuf,
    },
    /// Print the comparison table; write report.html, results.csv and results.md
    #[command(after_help = "\
Examples: jackpot report runs/quickstart --baseline vanilla -o out
          jackpot report runs/a runs/b -o both --plots figures")]
    Report(ReportArgs),
    /// Measure the accuracy of stored weights on a dataset
    #[command(after_help = "\
Examples: jackpot eval runs/quickstart --recipe tweaks --level 2
          jackpot eval weights.safetensors --config my.toml --logits logits.safetensors")]
    Eval(EvalArgs),
    /// Write a trained network for other programs: safetensors, or ONNX
    #[command(after_help = "\
Examples: jackpot export runs/quickstart --recipe tweaks --level 2
          jackpot export runs/quickstart --recipe tweaks --level auto:1.0 --format onnx
          jackpot export runs/quickstart --recipe tweaks --level 2 --shrink -o small.safetensors

A safetensors export is three files: the weights under PyTorch's names, pruned ones zero;
the masks (.mask.safetensors); the graph (.graph.json), tweaks written out as operators.
docs/python/load_export.py loads them, and ONNX models, in Python.")]
    Export(ExportArgs),
    /// Take weights and masks of elsewhere: check them, write them as a draw's start or ticket
    #[command(after_help = "\
Examples: jackpot import checkpoint.safetensors --config my.toml
          jackpot import init.safetensors --mask mask.safetensors --config my.toml -o ticket

Weights have PyTorch's state-dict names; what torch.nn.utils.prune saves is understood. Prints
the [[draw]] to put into the config.")]
    Import(ImportArgs),
    /// Measure the error on the straight line between two trained networks
    #[command(after_help = "\
Example: jackpot connect runs/mine --level 3 --recipe vanilla --seeds 42,43

Prints the test error of networks on the line and the barrier: how far it is above the line
between the errors of the two, at the worst. Once with running statistics on the line, too,
and once with those of up to 5,000 training images. Writes a CSV file and a picture.")]
    Connect(ConnectArgs),
    /// Check a run: every stored bit, the masks, the counts, the results
    #[command(after_help = "\
Examples: jackpot verify runs/quickstart
          jackpot verify runs/quickstart --no-evaluate --json

Names the job, the file and the tensor of everything that is not as it should be; exit code 1
if there is anything. Changes nothing. A run is made anew, elsewhere, with
  jackpot run runs/quickstart/config.toml --out runs/again
and `jackpot report runs/quickstart runs/again` says whether the bits agree.")]
    Verify(VerifyArgs),
    /// Measure how fast a recipe trains here, and where the time of a step goes
    #[command(after_help = "\
Examples: jackpot bench configs/quickstart.toml
          jackpot bench my.toml --recipe tweaks --json
          jackpot bench my.toml --sparsity 95.6 --inference 1

Trains for a few rounds and writes nothing. Parts of a step are timed in a round of their own.")]
    Bench(BenchArgs),
    /// List plugins, describe one, begin a new one, or check a plugin file
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// List datasets, get one, or check one's files
    #[command(subcommand)]
    Data(DataCommand),
    /// Check that a device computes right
    #[command(subcommand)]
    Device(DeviceCommand),
    /// Check a config without running it, or print its JSON schema
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the completions of a shell: commands, options and their values
    #[command(after_help = "\
Examples: jackpot completions bash > ~/.local/share/bash-completion/completions/jackpot
          jackpot completions zsh > ~/.zfunc/_jackpot
          jackpot completions fish > ~/.config/fish/completions/jackpot.fish")]
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// Configs.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check a config and the plugins it names, and say in words what it asks for
    #[command(after_help = "\
Examples: jackpot config check my.toml
          jackpot config check my.toml --measure

Without --measure no data are read and nothing is computed. With it, every kind of training of
the config does a few steps, and the time and the disk that all of them take are estimated.")]
    Check {
        /// The config, a TOML file
        config: PathBuf,
        #[command(flatten)]
        overriding: Overriding,
        /// Print the config with every default written out
        #[arg(long)]
        print: bool,
        /// Estimate time and disk, by a few steps of every kind of training on this machine
        #[arg(long)]
        measure: bool,
    },
    /// Print a small experiment to begin with: no data to download, a few minutes on a CPU
    #[command(after_help = "\
Example: jackpot config example > quickstart.toml
         jackpot run quickstart.toml")]
    Example,
    /// Print the JSON schema of configs, with the parameters of the plugins that are found
    #[command(after_help = "Example: jackpot config schema > jackpot.schema.json")]
    Schema {
        #[command(flatten)]
        folders: PluginFolders,
    },
}

/// Where plugins are searched first.
#[derive(Debug, Clone, Default, Args)]
pub struct PluginFolders {
    /// A folder to search for plugins before all others (repeatable)
    #[arg(long, value_name = "DIR")]
    pub plugin_dir: Vec<PathBuf>,
}

#[cfg(test)]
mod documented;
#[cfg(test)]
mod tests;
