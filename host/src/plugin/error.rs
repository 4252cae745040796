//! What can go wrong with plugins.

use std::path::PathBuf;

use jackpot_plugin_api::error::ErrorKind;
use jackpot_plugin_api::manifest::Kind;
use thiserror::Error;

/// A file that is not a usable plugin.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{} cannot be used as a plugin: {problem}", path.display())]
pub struct LoadError {
    pub path: PathBuf,
    pub problem: LoadProblem,
}

/// Why it is not.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LoadProblem {
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    #[error("the file is empty; copy it again")]
    Empty,
    #[error("it is no ELF file (it begins with {0}); a plugin is a shared library (`.so`)")]
    NotElf(String),
    #[error("it is an ELF file of another kind ({0}); a plugin is a 64-bit shared library")]
    WrongType(String),
    #[error("it was built for {found}, this host runs on {expected}; build it for {expected}")]
    WrongMachine { found: String, expected: &'static str },
    #[error("the file is cut off: {0}; copy it again")]
    Truncated(String),
    #[error(
        "it is a shared library, but no Jackpot plugin: it does not export `{0}` \
         (does its crate call `export_plugin!`?)"
    )]
    NoPlugin(&'static str),
    #[error(
        "it was built for plugin ABI {found} (jackpot-plugin-api {api}), this host has ABI {host}; \
         {}", if *found > *host { "update Jackpot" } else { "rebuild the plugin with this Jackpot's jackpot-plugin-api" }
    )]
    OtherAbi { found: u32, api: String, host: u32 },
    #[error(
        "its version stamp cannot be read (`{0}`); build it again with this Jackpot's \
         jackpot-plugin-api"
    )]
    Stamp(String),
    #[error("the system's loader refuses it: {0}")]
    Refused(String),
    #[error(
        "its types do not match this host's ({0}); rebuild it with this Jackpot's jackpot-plugin-api"
    )]
    Layout(String),
    #[error("its manifest is not valid: {0}")]
    Manifest(String),
}

impl LoadProblem {
    /// With the file.
    pub fn of(self, path: impl Into<PathBuf>) -> LoadError {
        LoadError { path: path.into(), problem: self }
    }

    /// Whether the file is simply something else, which only matters where somebody named it.
    pub fn is_other_library(&self) -> bool {
        matches!(self, Self::NoPlugin(_))
    }
}

/// An item that cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RegistryError {
    #[error("no {kind} plugin `{name}` was found{nearest}\n{searched}")]
    Unknown { kind: Kind, name: String, nearest: String, searched: String },
    #[error(
        "{kind} `{name}` is in two different files:\n  {first}\n  {second}\n\
         Name one of them in the config: plugin = \"{first}:{name}\""
    )]
    Twice { kind: Kind, name: String, first: String, second: String },
    #[error("{item}: {message}")]
    Create { item: String, message: String },
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// A hook that failed, or gave something that it must not give.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("plugin {item} ({file}), hook `{hook}`: {message}")]
pub struct HookError {
    pub kind: ErrorKind,
    /// `activation swish`.
    pub item: String,
    /// The file's name.
    pub file: String,
    pub hook: String,
    pub message: String,
}
