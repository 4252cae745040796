//! What can go wrong in a task, and the exit code that says so.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::setup::Problem;

#[derive(Debug)]
pub enum Failure {
    /// libtorch could not be made available.
    Setup(Problem),
    /// A program was started and did not succeed; it has said why itself.
    Program { line: String, code: Option<i32> },
    /// A program could not be started.
    Start { line: String, source: io::Error },
    /// A file operation of our own.
    Io { action: &'static str, path: PathBuf, source: io::Error },
    /// Anything else, in words.
    Other(String),
}

impl Failure {
    /// The exit code: a started program's own (2 usage, 3 stopped with work left), else 1.
    pub fn code(&self) -> u8 {
        match self {
            Failure::Program { code: Some(code), .. } => u8::try_from(*code).unwrap_or(1).max(1),
            _ => 1,
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Failure::Setup(problem)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Setup(problem) => write!(f, "{problem}"),
            Failure::Program { line, code: Some(code) } => {
                write!(f, "`{line}` ended with code {code}")
            }
            Failure::Program { line, code: None } => write!(f, "`{line}` was killed by a signal"),
            Failure::Start { line, source } => write!(f, "`{line}` cannot be started: {source}"),
            Failure::Io { action, path, source } => {
                write!(f, "cannot {action} {}: {source}", path.display())
            }
            Failure::Other(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_programs_code_is_passed_on_and_is_never_success() {
        let failure = |code| Failure::Program { line: "jackpot run".into(), code };
        assert_eq!(failure(Some(3)).code(), 3);
        assert_eq!(failure(Some(0)).code(), 1);
        assert_eq!(failure(Some(-1)).code(), 1);
        assert_eq!(failure(None).code(), 1);
        assert_eq!(failure(Some(3)).to_string(), "`jackpot run` ended with code 3");
    }
}
