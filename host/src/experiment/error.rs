//! What can go wrong with an experiment as a whole.

use std::path::PathBuf;

use super::conflict::Conflicts;
use super::files::FileError;

/// An experiment that cannot start or go on. A failed job is none: the others go on, and the
/// [`Summary`](super::Summary) names it.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// Disk full, no permission and the like; says where.
    #[error(transparent)]
    File(#[from] FileError),
    /// Finished or begun jobs that the config no longer describes; nothing was run.
    #[error(transparent)]
    Conflicts(#[from] Box<Conflicts>),
    /// A name that cannot be a folder.
    #[error("the {what} name `{name}` {reason}; it names a folder of the run directory")]
    BadName { what: &'static str, name: String, reason: String },
    /// Two of one name would share a folder.
    #[error("two {what}s are named `{name}`; give each its own name")]
    SameName { what: &'static str, name: String },
    /// A recipe spends what nobody draws.
    #[error("recipe `{recipe}` spends the draw `{draw}`, which the config does not have")]
    UnknownDraw { recipe: String, draw: String },
    /// A recipe spends a level that the draw does not reach.
    #[error(
        "recipe `{recipe}` spends level {level} of the draw `{draw}`, whose last level is {last}"
    )]
    NoSuchLevel { recipe: String, draw: String, level: usize, last: usize },
    /// A file's hash is needed for the identity of a job, but nobody computed it.
    #[error("the content of {what} is unknown, so the jobs that use it cannot be identified")]
    MissingFact { what: String },
    /// `--only` and `--shard` left nothing.
    #[error("no job matches {selection}; jobs are named like {example}")]
    NothingSelected { selection: String, example: String },
    /// A file of the run directory that cannot be read back.
    #[error("{} is damaged: {reason}; remove it, and what it stands for is made again", path.display())]
    Damaged { path: PathBuf, reason: String },
    /// The directory is something else.
    #[error("{} is no run directory: {reason}", path.display())]
    NotARun { path: PathBuf, reason: String },
}
