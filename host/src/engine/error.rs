//! Why an experiment cannot begin.

use std::path::PathBuf;

use thiserror::Error;

use crate::config::ConfigErrors;
use crate::data::DataError;
use crate::experiment::ExperimentError;
use crate::model::ModelError;
use crate::plugin::{LoadError, RegistryError};
use crate::train::TrainError;

/// An error found before anything is trained.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The config, with positions; and what to know of the plugins that were found.
    #[error("{errors}")]
    Config { errors: ConfigErrors, plugins: Option<String> },
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error(transparent)]
    Plugin(#[from] LoadError),
    /// All files that the config names and that are no plugins.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Plugins(Vec<LoadError>),
    #[error(transparent)]
    Data(#[from] DataError),
    /// A part of the config that cannot be trained: which, and why.
    #[error("{what}: {source}")]
    Rehearsal {
        what: String,
        #[source]
        source: Box<TrainError>,
    },
    #[error("{0}")]
    Device(String),
    /// The plugin file that weights were made with; says which, and what to do.
    #[error("{}: {message}", weights.display())]
    LostPlugin { weights: PathBuf, message: String },
    #[error("{}: {message}", path.display())]
    File { path: PathBuf, message: String },
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    #[error(transparent)]
    Model(#[from] ModelError),
}
