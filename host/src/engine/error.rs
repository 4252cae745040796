//! Why an experiment cannot begin.

use std::path::PathBuf;

use jackpot_plugin_api::error::ErrorKind;
use thiserror::Error;

use crate::config::ConfigErrors;
use crate::data::DataError;
use crate::experiment::ExperimentError;
use crate::export::ExportError;
use crate::model::ModelError;
use crate::plugin::{LoadError, RegistryError};
use crate::prune::PruneError;
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
    /// A part of the config asks for what cannot be: which, and why.
    #[error("{what}: {source}")]
    Impossible {
        what: String,
        #[source]
        source: Box<TrainError>,
    },
    /// A part of the config that cannot be trained, by no fault of the config: which, and why.
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
    /// Stored weights whose network cannot be exported.
    #[error(transparent)]
    Export(#[from] ExportError),
}

impl OpenError {
    /// What the trial of a part of the config came upon.
    pub(super) fn of_part(what: impl Into<String>, error: TrainError) -> Self {
        let (what, source) = (what.into(), Box::new(error));
        if source.hook().is_some_and(|error| error.kind == ErrorKind::Refused) {
            return Self::Impossible { what, source };
        }
        match *source {
            TrainError::Setting(_)
            | TrainError::Registry(_)
            | TrainError::Prune(
                PruneError::NothingPrunable { .. }
                | PruneError::NothingLeft { .. }
                | PruneError::MaskFile { .. },
            )
            | TrainError::Model(
                ModelError::Graph { .. }
                | ModelError::Edits { .. }
                | ModelError::File { .. }
                | ModelError::Registry(_),
            ) => Self::Impossible { what, source },
            _ => Self::Rehearsal { what, source },
        }
    }
}
