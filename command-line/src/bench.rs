//! The arguments of `jackpot bench`.

use std::path::PathBuf;

use clap::Args;

use super::Overriding;

/// What to measure, and how.
#[derive(Debug, Clone, Args)]
pub struct BenchArgs {
    /// The experiment, a TOML file
    pub config: PathBuf,
    /// A recipe of the config [default: what [train] says]
    #[arg(long, value_name = "NAME")]
    pub recipe: Option<String>,
    /// Percent of the prunable weights of each layer that are pruned, at random places
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = percent)]
    pub sparsity: f64,
    /// The masks of a ticket instead: a file of masks, as a run keeps beside each level's weights
    #[arg(long, value_name = "FILE", conflicts_with = "sparsity")]
    pub masks: Option<PathBuf>,
    /// Steps of a round
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    pub steps: u64,
    /// Rounds
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    pub rounds: u64,
    /// Steps before the first round
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub warmup: u64,
    /// Time the network's outputs instead, in evaluation mode, on batches of N images
    #[arg(long, value_name = "N", value_parser = batch)]
    pub inference: Option<usize>,
    /// Begin a round at each line on stdin and end with stdin, for programs that take turns with
    /// another one; stdout then has a line of JSON for each round
    #[arg(long, conflicts_with = "rounds")]
    pub by_turns: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub overriding: Overriding,
}

fn percent(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if (0.0..100.0).contains(&value) => Ok(value),
        _ => Err("a percentage from 0 to below 100, such as 95.6".to_owned()),
    }
}

fn batch(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(value) if value > 0 => Ok(value),
        _ => Err("a number of images, 1 or more".to_owned()),
    }
}
