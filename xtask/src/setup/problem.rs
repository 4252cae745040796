//! What can stop the set-up, and the one-screen message that says what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;

use jackpot_libtorch::Unfit;

use super::disk::readable;
use super::wheel::{OLDEST_PIP, PYTHONS, Set};

#[derive(Debug)]
pub enum Problem {
    Platform {
        found: String,
    },
    NoCompiler,
    CompilerUnnamed {
        name: &'static str,
    },
    CompilerWrong {
        value: String,
    },
    /// `$LIBTORCH` as the user set it.
    UserUnfit {
        path: PathBuf,
        why: Unfit,
    },
    /// `.libtorch/torch` is a real folder and of no use.
    FolderUnfit {
        why: Unfit,
    },
    NoPython,
    NoPip {
        python: PathBuf,
    },
    OldPip {
        python: PathBuf,
        pip: (u32, u32),
    },
    NoSpace {
        set: Set,
        free: u64,
    },
    /// It was there when asked, and used up meanwhile.
    SpaceRanOut {
        set: Set,
    },
    NoWheel {
        said: Vec<String>,
    },
    Network {
        said: Vec<String>,
    },
    Pip {
        code: Option<i32>,
        said: Vec<String>,
    },
    /// Pip was content, its result is not.
    Fetched {
        why: Unfit,
    },
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

/// Ends most messages: the way around every trouble with fetching.
const OWN: &str = "\
Or use a libtorch of your own: an unpacked libtorch 2.11 archive, or the `torch` folder of a
Python environment with torch 2.11:   export LIBTORCH=/path/to/it";

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Platform { found } => write!(
                f,
                "this platform is not supported: {found}\n\n\
                 Jackpot runs on Linux, x86-64, with glibc 2.28 or newer (for example Debian 10,\n\
                 Ubuntu 20.04, RHEL 8, and what came after them). A container with one of these works, too."
            ),
            Problem::NoCompiler => f.write_str(
                "there is no C++ compiler\n\n\
                 The bindings to libtorch are compiled on this machine. Install one:\n\
                 \x20 Debian, Ubuntu   sudo apt install g++\n\
                 \x20 Fedora, RHEL     sudo dnf install gcc-c++\n\
                 \x20 Arch             sudo pacman -S gcc",
            ),
            Problem::CompilerUnnamed { name } => write!(
                f,
                "there is no C++ compiler under the name `c++`\n\n\
                 There is `{name}`; name it for cargo's build scripts:   export CXX={name}"
            ),
            Problem::CompilerWrong { value } => write!(
                f,
                "the C++ compiler that $CXX names is not there: `{value}`\n\n\
                 Correct it, or `unset CXX` to use the system's `c++`."
            ),
            Problem::UserUnfit { path, why } => write!(
                f,
                "$LIBTORCH cannot be used: {why}\n\n\
                 LIBTORCH={}\n\
                 It must be the absolute path of a folder with libtorch 2.11: lib/libtorch_cpu.so,\n\
                 include/torch, and version.py or build-version.\n\
                 Correct it, or `unset LIBTORCH` to let `cargo xtask setup` find or fetch one.",
                path.display()
            ),
            Problem::FolderUnfit { why } => write!(
                f,
                "the folder .libtorch/torch cannot be used: {why}\n\n\
                 `cargo xtask setup` replaces its own files but did not put this folder there.\n\
                 Move it away, or remove the whole folder .libtorch, and run the set-up again."
            ),
            Problem::NoPython => write!(
                f,
                "there is no Python 3\n\n\
                 libtorch comes from Python's package index, so Python 3 and pip are needed once (any version):\n\
                 \x20 Debian, Ubuntu   sudo apt install python3 python3-pip\n\
                 \x20 Fedora, RHEL     sudo dnf install python3 python3-pip\n\
                 \x20 Arch             sudo pacman -S python python-pip\n\
                 {OWN}"
            ),
            Problem::NoPip { python } => write!(
                f,
                "Python has no pip ({python})\n\n\
                 libtorch comes from Python's package index, by pip. Install it with one of\n\
                 \x20 {python} -m ensurepip --user\n\
                 \x20 sudo apt install python3-pip        (Debian, Ubuntu)\n\
                 \x20 python3 -m venv .venv               (in this repository; it is found there)\n\
                 {OWN}",
                python = python.display()
            ),
            Problem::OldPip { python, pip } => write!(
                f,
                "pip {}.{} is too old, {}.{} is needed\n\n\
                 \x20 {python} -m pip install --user --upgrade pip\n\
                 or make an environment of this repository's own, where it is found:\n\
                 \x20 {python} -m venv .venv && .venv/bin/python -m pip install --upgrade pip\n\
                 {OWN}",
                pip.0,
                pip.1,
                OLDEST_PIP.0,
                OLDEST_PIP.1,
                python = python.display(),
            ),
            Problem::NoSpace { set, free } => write!(
                f,
                "not enough disk space for libtorch\n\n\
                 {} free under .libtorch/ in this repository, {} needed while installing.\n{}",
                readable(*free),
                readable(set.space()),
                Room(*set)
            ),
            Problem::SpaceRanOut { set } => write!(
                f,
                "the disk became full while libtorch was installed\n\n\
                 About {} must be free under .libtorch/ in this repository. What was begun is removed.\n\
                 If there is more, a quota may be the limit; pip's own cache also counts: `pip cache purge`.\n{}",
                readable(set.space()),
                Room(*set)
            ),
            Problem::NoWheel { said } => write!(
                f,
                "pip's index has no wheel of torch 2.11.0 for this platform\n\n{}\
                 Wheels exist for Linux x86-64 and CPython {}.{} to {}.{}; the Python that runs pip does not matter.\n\
                 If pip is configured for a mirror or a folder (`pip config list`), the wheel is missing there.\n\
                 {OWN}",
                Said(said),
                PYTHONS[0].0,
                PYTHONS[0].1,
                PYTHONS[PYTHONS.len() - 1].0,
                PYTHONS[PYTHONS.len() - 1].1,
            ),
            Problem::Network { said } => write!(
                f,
                "pip could not download libtorch\n\n{}\
                 Check the connection and run the same command again; nothing half-made is left.\n\
                 Behind a proxy, set https_proxy; for another index, PIP_INDEX_URL or `pip config`.\n\
                 {OWN}",
                Said(said)
            ),
            Problem::Pip { code, said } => {
                let how =
                    code.map_or("was killed".to_owned(), |code| format!("ended with code {code}"));
                write!(f, "pip {how} while installing libtorch\n\n{}{OWN}", Said(said))
            }
            Problem::Fetched { why } => write!(
                f,
                "what pip installed is not a usable libtorch: {why}\n\n\
                 The index may hold another build of torch 2.11.0.\n{OWN}"
            ),
            Problem::Io { action, path, source } => {
                write!(f, "cannot {action} {}: {source}", path.display())
            }
        }
    }
}

/// How to find room.
struct Room(Set);

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == Set::Cuda {
            writeln!(
                f,
                "The set for the CPU needs {} only:   cargo xtask setup --light",
                readable(Set::Light.space())
            )?;
        }
        f.write_str(
            "Make room, or make .libtorch a link to a folder on a larger disk:\n\
             \x20 mkdir /large/disk/libtorch && ln -s /large/disk/libtorch .libtorch\n",
        )?;
        f.write_str(OWN)
    }
}

/// Pip's last words, set off.
struct Said<'a>(&'a [String]);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.0 {
            writeln!(f, "  | {line}")?;
        }
        if self.0.is_empty() { Ok(()) } else { writeln!(f) }
    }
}
