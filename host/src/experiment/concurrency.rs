//! `concurrency.json`: how many trainings at once were measured to be fastest. It is kept, so that
//! a run that is gone on with has the same number of threads, on which bits depend.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::error::ExperimentError;
use super::files;
use super::host;
use super::lease::Lease;
use super::record::pretty;
use super::rundir::RunDir;

/// What was chosen on a machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Concurrency {
    #[serde(flatten)]
    pub machine: Machine,
    /// In UTC.
    pub date: String,
    /// Processes, each with one training at a time.
    pub processes: usize,
    /// Of each process.
    pub threads: usize,
    /// What was tried.
    pub measured: Vec<Throughput>,
}

/// Where a choice holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor, as it calls itself.
    pub cpu: String,
    /// The CPU threads that there are.
    pub cores: usize,
    pub device: String,
}

/// What so many processes did together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Throughput {
    pub processes: usize,
    /// Of each process.
    pub threads: usize,
    /// Of all processes.
    pub images_per_second: f64,
}

impl fmt::Display for Throughput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = processes_of(self.processes, self.threads);
        write!(f, "{:.0} images/s with {what}", self.images_per_second)
    }
}

impl fmt::Display for Concurrency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, as measured {}", processes_of(self.processes, self.threads), self.date)
    }
}

/// `2 processes of 1 thread`.
pub fn processes_of(count: usize, threads: usize) -> String {
    let [more, each] = [count, threads].map(|count| count != 1);
    let (more, each) = (if more { "es" } else { "" }, if each { "s" } else { "" });
    format!("{count} process{more} of {threads} thread{each}")
}

/// Fewer processes stay unless more of them gain at least this much.
const GAIN: f64 = 1.05;

impl Machine {
    /// This one.
    pub fn here(cores: usize, device: &str) -> Self {
        Self { cpu: host::cpu(), cores, device: device.to_owned() }
    }
}

impl Concurrency {
    /// The fastest of what was measured, fewest processes first; `None` of nothing.
    pub fn fastest(machine: Machine, measured: Vec<Throughput>) -> Option<Self> {
        let faster = |best: Throughput, next: Throughput| {
            let gain = next.images_per_second >= GAIN * best.images_per_second;
            if gain { next } else { best }
        };
        let Throughput { processes, threads, .. } = measured.iter().copied().reduce(faster)?;
        Some(Self { machine, date: host::now(), processes, threads, measured })
    }

    fn path(run: &RunDir) -> PathBuf {
        run.path().join("concurrency.json")
    }

    /// All choices of a run, the oldest first.
    ///
    /// # Errors
    /// Unreadable, or no list of choices.
    pub fn all(run: &RunDir) -> Result<Vec<Self>, ExperimentError> {
        let path = Self::path(run);
        let Some(bytes) = files::read(&path)? else { return Ok(Vec::new()) };
        serde_json::from_slice(&bytes)
            .map_err(|error| ExperimentError::Damaged { path, reason: error.to_string() })
    }

    /// The latest choice of a run that holds on a machine, with so many threads if they are fixed.
    ///
    /// # Errors
    /// As of [`Concurrency::all`].
    pub fn find(
        run: &RunDir,
        machine: &Machine,
        threads: Option<usize>,
    ) -> Result<Option<Self>, ExperimentError> {
        let holds = |it: &Self| it.machine == *machine && threads.is_none_or(|n| n == it.threads);
        Ok(Self::all(run)?.into_iter().rev().find(holds))
    }

    /// Adds it to a run's.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn keep(&self, run: &RunDir) -> Result<(), ExperimentError> {
        let _lease = Lease::of_run(run)?;
        let mut all = Self::all(run)?;
        all.push(self.clone());
        Ok(files::write(&Self::path(run), &pretty(&all))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::testing::run_dir;

    fn chosen(rates: &[f64]) -> Option<usize> {
        let measured = rates.iter().zip(0..).map(|(rate, power)| Throughput {
            processes: 1 << power,
            threads: 8 >> power,
            images_per_second: *rate,
        });
        let machine = Machine::here(8, "cpu");
        Concurrency::fastest(machine, measured.collect()).map(|it| it.processes)
    }

    #[test]
    fn more_processes_have_to_be_clearly_faster() {
        assert_eq!(chosen(&[]), None);
        assert_eq!(chosen(&[100.0]), Some(1));
        assert_eq!(chosen(&[100.0, 104.0]), Some(1));
        assert_eq!(chosen(&[100.0, 106.0, 110.0]), Some(2));
        assert_eq!(chosen(&[100.0, 150.0, 200.0, 150.0]), Some(4));
        assert_eq!(chosen(&[100.0, 90.0, 105.0]), Some(4));
    }

    #[test]
    fn a_choice_in_words() {
        let measured = [(1, 2, 512.3), (2, 1, 730.9)].map(|(processes, threads, rate)| {
            Throughput { processes, threads, images_per_second: rate }
        });
        assert_eq!(measured[0].to_string(), "512 images/s with 1 process of 2 threads");
        let choice = Concurrency::fastest(Machine::here(2, "cpu"), measured.to_vec()).unwrap();
        let date = &choice.date;
        assert_eq!(choice.to_string(), format!("2 processes of 1 thread, as measured {date}"));
    }

    #[test]
    fn a_choice_holds_on_its_machine_alone() {
        let (_folder, run) = run_dir();
        let machine = Machine::here(8, "cpu");
        let find = |machine: &Machine, threads| Concurrency::find(&run, machine, threads).unwrap();
        assert_eq!(find(&machine, None), None);
        let measured = vec![Throughput { processes: 2, threads: 4, images_per_second: 12.5 }];
        let choice = Concurrency::fastest(machine.clone(), measured.clone()).unwrap();
        choice.keep(&run).unwrap();
        let other = Machine { cores: 4, ..machine.clone() };
        Concurrency::fastest(other, measured).unwrap().keep(&run).unwrap();
        assert_eq!(find(&machine, None), Some(choice.clone()));
        assert_eq!(find(&machine, Some(4)), Some(choice));
        assert_eq!(find(&machine, Some(1)), None);
        assert_eq!(find(&Machine::here(8, "cuda:0"), None), None);
        assert_eq!(Concurrency::all(&run).unwrap().len(), 2);
        std::fs::write(Concurrency::path(&run), "{").unwrap();
        let error = Concurrency::all(&run).unwrap_err().to_string();
        assert!(error.contains("concurrency.json is damaged"), "{error}");
    }
}
