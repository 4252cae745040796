//! The arguments of `jackpot device`.

use clap::{Args, Subcommand, ValueEnum};

use super::PluginFolders;

/// Devices.
#[derive(Debug, Subcommand)]
pub enum DeviceCommand {
    /// Check that a device computes what the CPU does in f32: a training step of every item
    #[command(after_help = "\
Examples: jackpot device check
          jackpot device check --device cuda:1 --precision f32,tf32,bf16
          jackpot device check --only 'activation/*' --only loss/kd --json

Both sides begin with the same weights, images and random numbers. Each row has the largest
error of an item, as a share of what is allowed. On the CPU f32 has to give the same bits.
Exit codes: 0 nothing failed; 1 something did; 2 usage, or no such device.")]
    Check(DeviceCheckArgs),
}

/// What to check.
#[derive(Debug, Args)]
pub struct DeviceCheckArgs {
    /// Which: auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    pub device: String,
    /// In which precisions, with commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "f32,bf16")]
    pub precision: Vec<PrecisionArg>,
    /// Only the items whose kind/name matches: 'architecture/*', loss/kd (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub only: Vec<String>,
    /// Threads of the CPU [default: as many as there are cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Print JSON: every quantity of every item
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub folders: PluginFolders,
}

/// A precision. (No docs on the values: they would make the help page a long one.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PrecisionArg {
    F32,
    Tf32,
    Bf16,
}
