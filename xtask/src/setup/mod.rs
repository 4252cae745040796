//! `cargo xtask setup`: makes libtorch available to cargo at `.libtorch/torch`.
//!
//! [`machine`] gathers the facts, [`plan`] decides, [`folder`] and [`fetch`] carry it out, and
//! [`problem`] has the words for what can go wrong.

mod disk;
mod fetch;
mod folder;
mod libtorch;
mod machine;
mod plan;
mod probe;
mod problem;
mod progress;
mod python;
mod verdict;
mod wheel;

#[cfg(test)]
mod tests;

pub use libtorch::Libtorch;
pub use problem::Problem;

use folder::Folder;
use machine::Machine;
use plan::Plan;

use crate::workspace::Workspace;

/// Which libtorch will do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Want {
    /// Any; one that is fetched is chosen to fit this machine.
    #[default]
    Fitting,
    /// One that can use an NVIDIA GPU.
    Cuda,
    /// Any; one that is fetched is the set for the CPU.
    Light,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    pub want: Want,
}

/// The task itself: says at the end what is used.
pub fn run(workspace: &Workspace, options: Options) -> Result<(), Problem> {
    let libtorch = ensure(workspace, options)?;
    eprintln!("setup: torch {} in {}", libtorch.version, libtorch.path.display());
    if workspace.user_libtorch.is_some() {
        eprintln!("setup: that is $LIBTORCH, which goes before .libtorch/torch");
    }
    Ok(())
}

/// Makes libtorch available; silent and quick if it already is.
pub fn ensure(workspace: &Workspace, options: Options) -> Result<Libtorch, Problem> {
    warn_of_overrides();
    let machine = Machine::gather(workspace, options.want);
    let plan = machine.plan(options.want)?;
    if let Plan::Ready(libtorch) | Plan::Own { libtorch, link: false } = &plan {
        show(&machine.notes(&plan));
        return Ok(libtorch.clone());
    }
    let folder = Folder::take(&workspace.libtorch_folder())?;
    // Another set-up may have done it all while this one waited.
    let machine = Machine::gather(workspace, options.want);
    let plan = machine.plan(options.want)?;
    show(&machine.notes(&plan));
    match plan {
        Plan::Ready(libtorch) | Plan::Own { libtorch, link: false } => Ok(libtorch),
        Plan::Own { libtorch, link: true } => {
            folder.link(&libtorch.path)?;
            eprintln!("setup: .libtorch/torch leads to $LIBTORCH, for cargo commands without it");
            Ok(libtorch)
        }
        Plan::Link { libtorch, python } => {
            folder.link(&libtorch.path)?;
            eprintln!(
                "setup: using the torch of {}: {}",
                python.display(),
                libtorch.path.display()
            );
            Ok(libtorch)
        }
        Plan::Fetch { python, version, set } => fetch::fetch(&folder, &python, version, set),
    }
}

fn show(notes: &[String]) {
    for note in notes {
        eprintln!("setup: note: {note}");
    }
}

/// Variables that make torch's bindings look elsewhere than in `$LIBTORCH`.
fn warn_of_overrides() {
    for name in ["LIBTORCH_USE_PYTORCH", "LIBTORCH_INCLUDE", "LIBTORCH_LIB", "LIBTORCH_STATIC"] {
        if std::env::var_os(name).is_some() {
            eprintln!("setup: note: ${name} is set and changes which libtorch is built against");
        }
    }
}
