//! `--jobs`: how many processes train at once, and with how many threads each.
//!
//! Processes share a run by its leases, whoever starts them; so this one starts further ones of the
//! same program, [`worker`]s, and does jobs itself as it would alone.

mod begin;
mod follower;
mod measure;
mod orders;
pub mod worker;
mod workers;

use std::path::Path;

pub use begin::Asked;
pub use workers::Workers;

use crate::cli::args::JobsArg;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::engine::Session;
use crate::experiment::{Concurrency, Machine, RunDir, Throughput, processes_of, width};

/// Beyond so many processes a GPU is full.
const MOST_ON_GPU: usize = 4;

/// What was decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub processes: usize,
    /// Of each process.
    pub threads: usize,
    /// What is to be kept with the run.
    pub measured: Option<Concurrency>,
}

impl Plan {
    fn of(processes: usize, session: &Session) -> Self {
        Self { processes, threads: session.threads_of(processes), measured: None }
    }
}

/// Decides how many processes with how many threads do the jobs of a session whose run is, or will
/// be, in `folder`.
///
/// # Errors
/// The system gives no process to measure with; a record of an earlier choice that cannot be read.
pub fn decide(
    asked: JobsArg,
    session: &Session,
    folder: &Path,
    terminal: &Terminal,
) -> Result<Plan, Failure> {
    if let JobsArg::Count(count) = asked {
        return Ok(Plan::of(count.get(), session));
    }
    let widest = width(&session.config)?;
    if widest < 2 {
        terminal.say("--jobs auto: one process, since no two of these trainings can run at once");
        return Ok(Plan::of(1, session));
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let machine = Machine::here(cores, &session.started().device);
    let before = match RunDir::find(folder)? {
        Some(run) => Concurrency::find(&run, &machine, session.config.threads)?,
        None => None,
    };
    if let Some(choice) = before {
        terminal.say(&format!("--jobs auto: {choice}"));
        let Concurrency { processes, threads, .. } = choice;
        return Ok(Plan { processes, threads, measured: None });
    }
    let busy = terminal.busy("measuring how many trainings at once are fastest");
    let measured = tried(session, cores, widest)?;
    drop(busy);
    let Some(choice) = Concurrency::fastest(machine, measured) else {
        terminal.say("--jobs auto: one process, since nothing could be measured");
        return Ok(Plan::of(1, session));
    };
    terminal.say(&figures(&choice));
    let (processes, threads) = (choice.processes, choice.threads);
    Ok(Plan { processes, threads, measured: Some(choice) })
}

/// Measures powers of two, as long as more processes are faster.
fn tried(session: &Session, cores: usize, widest: usize) -> Result<Vec<Throughput>, Failure> {
    let most = match session.device.is_cuda() {
        true => MOST_ON_GPU,
        false => cores / session.config.threads.unwrap_or(1),
    };
    let mut measured: Vec<Throughput> = Vec::new();
    for processes in (0..).map(|power| 1_usize << power) {
        if processes > 1 && processes > most.min(widest) {
            break;
        }
        let Some(next) = measure::measure(processes, session.threads_of(processes))? else { break };
        let before = measured.last().map(|before| before.images_per_second);
        measured.push(next);
        if before.is_some_and(|before| next.images_per_second < before) {
            break;
        }
    }
    Ok(measured)
}

/// What was measured and chosen, in a line.
fn figures(choice: &Concurrency) -> String {
    let all: Vec<String> = choice.measured.iter().map(Throughput::to_string).collect();
    let taken = processes_of(choice.processes, choice.threads);
    format!("--jobs auto: {}; taking {taken}", all.join(", "))
}
