//! The decision: from what the machine has to what is done about libtorch.

use std::path::PathBuf;

use super::Want;
use super::libtorch::Libtorch;
use super::machine::{Machine, Managed};
use super::probe::{Compiler, Driver, Libc};
use super::problem::Problem;
use super::wheel::{OLDEST_PIP, Set};

/// The oldest glibc that torch's wheels run on.
const OLDEST_GLIBC: (u32, u32) = (2, 28);

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// `.libtorch/torch` is good.
    Ready(Libtorch),
    /// The user's own; `link`: point `.libtorch/torch` there, so that cargo finds it without `$LIBTORCH`, too.
    Own { libtorch: Libtorch, link: bool },
    /// Point `.libtorch/torch` at a Python environment's torch.
    Link { libtorch: Libtorch, python: PathBuf },
    /// Let pip fetch it.
    Fetch { python: PathBuf, version: (u32, u32), set: Set },
}

impl Machine {
    pub fn plan(&self, want: Want) -> Result<Plan, Problem> {
        self.check_platform()?;
        self.check_compiler()?;
        if let Some((path, inspected)) = &self.from_user {
            return match inspected {
                Ok(libtorch) => Ok(Plan::Own {
                    libtorch: libtorch.clone(),
                    link: matches!(self.managed, Managed::Absent | Managed::StaleLink(_)),
                }),
                Err(why) => Err(Problem::UserUnfit { path: path.clone(), why: why.clone() }),
            };
        }
        match &self.managed {
            Managed::Good(libtorch) if want != Want::Cuda || libtorch.cuda => {
                return Ok(Plan::Ready(libtorch.clone()));
            }
            Managed::UnfitFolder(why) => return Err(Problem::FolderUnfit { why: why.clone() }),
            _ => {}
        }
        let usable = |libtorch: &&Libtorch| want != Want::Cuda || libtorch.cuda;
        let mut torches = self.pythons.iter().zip(&self.torches);
        if let Some((python, libtorch)) = torches.find_map(|(python, torch)| {
            torch.as_ref().ok().filter(usable).map(|libtorch| (python, libtorch.clone()))
        }) {
            return Ok(Plan::Link { libtorch, python: python.command.clone() });
        }
        self.plan_fetch(match want {
            Want::Cuda => Set::Cuda,
            Want::Fitting if self.driver.runs_cuda() => Set::Cuda,
            Want::Fitting | Want::Light => Set::Light,
        })
    }

    fn check_platform(&self) -> Result<(), Problem> {
        let old = |version: &(u32, u32)| *version < OLDEST_GLIBC;
        let libc = match self.libc {
            Libc::Other => "a C library other than glibc".to_owned(),
            Libc::Glibc(Some(version)) if old(&version) => {
                format!("glibc {}.{}", version.0, version.1)
            }
            Libc::Glibc(_) if self.os == "linux" && self.architecture == "x86_64" => return Ok(()),
            Libc::Glibc(_) => String::new(),
        };
        let found = [self.os.as_str(), self.architecture.as_str(), libc.as_str()].join(" ");
        Err(Problem::Platform { found: found.trim().to_owned() })
    }

    fn check_compiler(&self) -> Result<(), Problem> {
        match &self.compiler {
            Compiler::Found => Ok(()),
            Compiler::Unnamed(name) => Err(Problem::CompilerUnnamed { name }),
            Compiler::WrongCxx(value) => Err(Problem::CompilerWrong { value: value.clone() }),
            Compiler::Missing => Err(Problem::NoCompiler),
        }
    }

    fn plan_fetch(&self, set: Set) -> Result<Plan, Problem> {
        let fits = |pip: (u32, u32)| pip >= OLDEST_PIP;
        let Some(python) = self.pythons.iter().find(|p| p.pip.is_some_and(fits)) else {
            return Err(match self.pythons.iter().find_map(|p| Some((p, p.pip?))) {
                Some((python, pip)) => Problem::OldPip { python: python.command.clone(), pip },
                None => match self.pythons.first() {
                    Some(python) => Problem::NoPip { python: python.command.clone() },
                    None => Problem::NoPython,
                },
            });
        };
        if let Some(free) = self.free.filter(|free| *free < set.space()) {
            return Err(Problem::NoSpace { set, free });
        }
        Ok(Plan::Fetch { python: python.command.clone(), version: python.version, set })
    }

    /// Things the user may want to know beside the plan.
    pub fn notes(&self, plan: &Plan) -> Vec<String> {
        let mut notes = Vec::new();
        for (python, torch) in self.pythons.iter().zip(&self.torches) {
            if let (Some(path), Err(why)) = (&python.torch, torch) {
                notes.push(format!("{} is left aside: {why}", path.display()));
            }
        }
        let (libtorch, fetched) = match plan {
            Plan::Ready(l) | Plan::Own { libtorch: l, .. } | Plan::Link { libtorch: l, .. } => {
                (Some(l), None)
            }
            Plan::Fetch { set, .. } => (None, Some(*set)),
        };
        match self.driver {
            Driver::Version(major) if fetched == Some(Set::Light) && !self.driver.runs_cuda() => {
                notes.push(format!(
                    "NVIDIA driver {major} is older than 580, which torch 2.11's CUDA 13 needs: \
                     fetching the set for the CPU"
                ));
            }
            driver if driver.runs_cuda() && libtorch.is_some_and(|l| !l.cuda) => {
                notes.push(
                    "there is an NVIDIA driver, but this libtorch cannot use it; \
                     `cargo xtask setup --cuda` changes that"
                        .to_owned(),
                );
            }
            _ => {}
        }
        notes
    }
}
