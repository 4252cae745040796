//! The one error type of the command line: a message for the user and an exit code.

use std::fmt::Display;

use crate::config::ConfigErrors;
use crate::data::DataError;
use crate::data::fetch::FetchError;
use crate::engine::OpenError;
use crate::experiment::ExperimentError;
use crate::plugin::RegistryError;
use crate::report::ReportError;

/// Why a command did not end well.
#[derive(Debug)]
pub enum Failure {
    /// Mistakes in the config, shown with line and caret; and what to know of the plugins.
    Config { errors: ConfigErrors, notes: Option<String> },
    /// What the command line or the config asks for cannot be.
    Usage(String),
    /// Anything else that went wrong.
    Other(String),
    /// Asked to stop; work is left and everything is saved.
    Stopped(String),
}

impl Failure {
    /// A wrong use.
    pub fn usage(message: impl Display) -> Self {
        Self::Usage(message.to_string())
    }

    /// Anything that went wrong.
    pub fn other(message: impl Display) -> Self {
        Self::Other(message.to_string())
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Other(_) => 1,
            Self::Config { .. } | Self::Usage(_) => 2,
            Self::Stopped(_) => 3,
        }
    }

    /// In plain words, without colours.
    pub fn message(&self) -> String {
        match self {
            Self::Config { errors, notes: None } => errors.to_string(),
            Self::Config { errors, notes: Some(notes) } => format!("{errors}\n{notes}"),
            Self::Usage(message) | Self::Other(message) | Self::Stopped(message) => message.clone(),
        }
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self::Config { errors, notes: None }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Config { errors, plugins } => Self::Config { errors, notes: plugins },
            OpenError::Registry(error) => error.into(),
            OpenError::Data(error) => error.into(),
            OpenError::Experiment(error) => error.into(),
            OpenError::Device(_) | OpenError::Impossible { .. } => Self::usage(error),
            OpenError::Plugin(_)
            | OpenError::Plugins(_)
            | OpenError::LostPlugin { .. }
            | OpenError::Rehearsal { .. }
            | OpenError::File { .. }
            | OpenError::Model(_)
            | OpenError::Export(_) => Self::other(error),
        }
    }
}

impl From<ExperimentError> for Failure {
    fn from(error: ExperimentError) -> Self {
        match error {
            ExperimentError::File(_)
            | ExperimentError::MissingFact { .. }
            | ExperimentError::Damaged { .. } => Self::other(error),
            ExperimentError::Conflicts(_)
            | ExperimentError::BadName { .. }
            | ExperimentError::SameName { .. }
            | ExperimentError::UnknownDraw { .. }
            | ExperimentError::NoSuchLevel { .. }
            | ExperimentError::NothingSelected { .. }
            | ExperimentError::NotARun { .. } => Self::usage(error),
        }
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::NotARun { .. } => Self::usage(error),
            ReportError::Read { .. } | ReportError::Write { .. } => Self::other(error),
        }
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Load(_) => Self::other(error),
            _ => Self::usage(error),
        }
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        match error {
            // What the config says, whatever the files hold.
            DataError::NoRoot { .. }
            | DataError::TwoValidations { .. }
            | DataError::Validation { .. }
            | DataError::ZeroLimit { .. }
            | DataError::Channels { .. }
            | DataError::Mean { .. }
            | DataError::Std { .. } => Self::usage(error),
            _ => Self::other(error),
        }
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Checksums { .. } | FetchError::NoFolder { .. } => Self::usage(error),
            _ => Self::other(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Overrides, load};

    #[test]
    fn exit_codes() {
        let config = load(std::path::Path::new("/nowhere/x.toml"), &Overrides::default());
        let selection = ExperimentError::NothingSelected {
            selection: "--only x".into(),
            example: "draw/imp/seed-1/level-00".into(),
        };
        let damaged = ExperimentError::Damaged { path: "job.json".into(), reason: "no".into() };
        let codes = [
            Failure::from(config.unwrap_err()).code(),
            Failure::from(selection).code(),
            Failure::from(damaged).code(),
            Failure::Stopped(String::new()).code(),
        ];
        assert_eq!(codes, [2, 2, 1, 3]);
    }
}
