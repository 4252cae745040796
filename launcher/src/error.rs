//! What can go wrong before the engine runs, in words: what was looked at, and what to do.

use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

use jackpot_libtorch::Unfit;
use thiserror::Error;

/// Why the engine does not run.
#[derive(Debug, Error)]
pub enum Failure {
    #[error("this program cannot tell where it is: {0}")]
    Own(io::Error),
    #[error("cannot write to stdout: {0}")]
    Print(io::Error),
    #[error(
        "{} belongs to a package, but the package's {} is not there: install or unpack the \
         package again, and keep its folders together",
        launcher.display(), engine.display()
    )]
    NoEngine { engine: PathBuf, launcher: PathBuf },
    #[error("cannot start {}: {source}", engine.display())]
    Start { engine: PathBuf, source: io::Error },
    /// A variable names the folder, so nothing else is tried.
    #[error(
        "${name} is {}, which cannot be used: {}.\n\
         It has to name a folder with libtorch 2.11, which has lib/libtorch_cpu.so: the `torch` \
         folder of a Python environment, or an unpacked libtorch archive. Unset it to have \
         libtorch looked for elsewhere.",
        folder.display(), words(why)
    )]
    Variable { name: &'static str, folder: PathBuf, why: Unfit },
    #[error("{}", nowhere(looked, python))]
    Nowhere {
        looked: Vec<Looked>,
        /// The Python to install torch for.
        python: PathBuf,
    },
}

/// A place without a libtorch that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    Folder(PathBuf, Unfit),
    /// This Python says that it has no torch.
    NoTorch(PathBuf),
    /// This program does not answer as a Python does.
    NoPython(PathBuf),
}

fn words(why: &Unfit) -> String {
    match why {
        Unfit::Version(version) => format!("it is torch {version}, and 2.11 is needed"),
        other => other.to_string(),
    }
}

fn nowhere(looked: &[Looked], python: &Path) -> String {
    let mut text = "Jackpot needs libtorch 2.11, which comes with PyTorch, and found none:\n\
                    \n  $JACKPOT_LIBTORCH and $LIBTORCH are not set"
        .to_owned();
    for place in looked {
        let _ = match place {
            Looked::Folder(folder, why) => write!(text, "\n  {}: {}", folder.display(), words(why)),
            Looked::NoTorch(python) => write!(text, "\n  {}: it has no torch", python.display()),
            Looked::NoPython(python) => {
                write!(text, "\n  {}: there is no such program, or it fails", python.display())
            }
        };
    }
    let _ = write!(
        text,
        "\n\nInstall it for that Python:\n\n  {} -m pip install 'torch==2.11.*'\n\n\
         or name a folder that has it:\n\n  export JACKPOT_LIBTORCH=/path/to/torch",
        python.display()
    );
    text
}

#[cfg(test)]
mod tests {
    use jackpot_libtorch::Version;

    use super::*;

    #[test]
    fn a_search_in_vain_says_where_and_what_to_do() {
        let version = Version::parse("2.10.0+cu128").unwrap();
        let failure = Failure::Nowhere {
            looked: vec![
                Looked::Folder("/e/lib/torch".into(), Unfit::NotThere),
                Looked::Folder(
                    "/e/lib/python3.12/site-packages/torch".into(),
                    Unfit::Version(version),
                ),
                Looked::NoTorch("/e/bin/python3".into()),
                Looked::NoPython("python3".into()),
            ],
            python: "/e/bin/python3".into(),
        };
        let expected = "\
Jackpot needs libtorch 2.11, which comes with PyTorch, and found none:

  $JACKPOT_LIBTORCH and $LIBTORCH are not set
  /e/lib/torch: there is no such folder
  /e/lib/python3.12/site-packages/torch: it is torch 2.10.0+cu128, and 2.11 is needed
  /e/bin/python3: it has no torch
  python3: there is no such program, or it fails

Install it for that Python:

  /e/bin/python3 -m pip install 'torch==2.11.*'

or name a folder that has it:

  export JACKPOT_LIBTORCH=/path/to/torch";
        assert_eq!(failure.to_string(), expected);
    }

    #[test]
    fn a_variable_that_leads_nowhere_is_named() {
        let failure = Failure::Variable {
            name: "LIBTORCH",
            folder: "/opt/libtorch".into(),
            why: Unfit::Lacks("lib/libtorch_cpu.so"),
        };
        let expected = "\
$LIBTORCH is /opt/libtorch, which cannot be used: it has no lib/libtorch_cpu.so.
It has to name a folder with libtorch 2.11, which has lib/libtorch_cpu.so: the `torch` folder \
of a Python environment, or an unpacked libtorch archive. Unset it to have libtorch looked for \
elsewhere.";
        assert_eq!(failure.to_string(), expected);
    }
}
