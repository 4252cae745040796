//! What can go wrong.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

#[derive(Debug, Error)]
pub enum Failure {
    #[error("cannot {action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    #[error("{} names no package", .0.display())]
    NoPackage(PathBuf),
    #[error("{file} is no whole ELF file: {why}")]
    Elf { file: String, why: String },
    #[error("{file} looks for libraries in `{folder}`: nothing of the build's folders may matter")]
    RunPath { file: String, folder: String },
    #[error("{file} has the name of a folder of this machine in it: {text}")]
    Strange { file: String, text: String },
    #[error(
        "{file} needs {library}, which is neither a part of every system nor of libtorch: link it \
         into the file"
    )]
    Library { file: String, library: String },
    #[error("{file} needs {symbol}, which no manylinux policy has")]
    TooNew { file: String, symbol: String },
    #[error("cargo's answer about the dependencies cannot be used: {0}")]
    Metadata(String),
    #[error("`{line}` {how}")]
    Program { line: String, how: String },
    #[error("{0}")]
    Other(String),
}

/// For `map_err`.
pub fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let path = path.to_owned();
    move |source| Failure::Io { action, path, source }
}
