//! The arguments of `jackpot data`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::config::DatasetChoice;

/// Datasets.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// List the datasets: format, what `root` names, where to get it
    #[command(after_help = "Example: jackpot data list")]
    List,
    /// Read a dataset wholly; print its sizes, classes, normalisation and hash
    #[command(after_help = "Example: jackpot data check data/cifar-100-binary")]
    Check {
        /// The folder or file, as `root` in [data] names it
        #[arg(required_unless_present = "dataset")]
        path: Option<PathBuf>,
        /// Which dataset it is [default: by the names of the files]
        #[arg(long, value_name = "NAME")]
        dataset: Option<Dataset>,
    },
}

/// A dataset, by the name that configs use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Dataset {
    Cifar10,
    Cifar100,
    Tensors,
    Synthetic,
}

impl From<Dataset> for DatasetChoice {
    fn from(dataset: Dataset) -> Self {
        match dataset {
            Dataset::Cifar10 => Self::Cifar10,
            Dataset::Cifar100 => Self::Cifar100,
            Dataset::Tensors => Self::Tensors,
            Dataset::Synthetic => Self::Synthetic,
        }
    }
}
