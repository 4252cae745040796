//! The arguments of `jackpot import`.

use std::path::PathBuf;

use clap::Args;

use super::Overriding;

/// Which weights, for which network.
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// The weights, a safetensors file of a state dict; masks in it (`weight_mask`) are understood
    pub weights: PathBuf,
    /// The config whose [model] they are of
    #[arg(long, value_name = "CONFIG")]
    pub config: PathBuf,
    /// The masks, where they are in a file of their own: they make it a ticket
    #[arg(long, value_name = "FILE")]
    pub mask: Option<PathBuf>,
    /// The files to write, and the draw's name [default: the weights' name, with -start]
    #[arg(short = 'o', long = "output", value_name = "NAME")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub overriding: Overriding,
}
