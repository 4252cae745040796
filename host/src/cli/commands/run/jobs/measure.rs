//! `--jobs auto`: how many images per second so many processes train together.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::orders::{Orders, Task};
use super::workers::{SpawnError, spawn};
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::engine::Session;
use crate::engine::bench::{Bench, Pruned};
use crate::experiment::Throughput;
use crate::median::median;

/// Steps before the first round.
const WARMUP: u64 = 3;
/// How long a round is to take, and how many there are.
const ROUND: Duration = Duration::from_secs(1);
const ROUNDS: usize = 3;
const MOST_STEPS: f64 = 2000.0;

/// What a measuring process says when it is ready, and after each round.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    images: usize,
}

/// Does as many steps as each line asks for; the training is `[train]`'s, dense.
///
/// # Errors
/// What a training says.
pub fn answer(
    session: &Session,
    asked: &Receiver<String>,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let bench = Bench { recipe: None, pruned: Pruned::Evenly(0.0), warmup: WARMUP, steps: 0 };
    let next = |images| {
        let line = serde_json::to_string(&Answer { images }).ok()?;
        terminal.print(&format!("{line}\n")).ok()?;
        asked.recv().ok()?.parse().ok()
    };
    Ok(bench.asked(session, next)?)
}

/// What so many processes of so many threads do together; `None` if they cannot: there is not
/// memory enough, for example.
///
/// # Errors
/// The system gives no further process.
pub fn measure(processes: usize, threads: usize) -> Result<Option<Throughput>, SpawnError> {
    let orders = Orders { threads, task: Task::Measure };
    let all = (0..processes).map(|_| Measuring::start(&orders)).collect::<Result<Vec<_>, _>>()?;
    let images_per_second = rate(all);
    Ok(images_per_second.map(|rate| Throughput { processes, threads, images_per_second: rate }))
}

fn rate(mut all: Vec<Measuring>) -> Option<f64> {
    for one in &mut all {
        one.answer()?;
    }
    let mut round = |steps: u64| {
        let began = Instant::now();
        for one in &mut all {
            writeln!(one.stdin, "{steps}").ok()?;
        }
        let images = all.iter_mut().map(Measuring::answer).sum::<Option<usize>>()?;
        Some((images as f64, began.elapsed().as_secs_f64().max(1e-9)))
    };
    let (_, step) = round(1)?;
    let steps = (ROUND.as_secs_f64() / step).clamp(1.0, MOST_STEPS).round() as u64;
    let rates = (0..ROUNDS).map(|_| round(steps).map(|(images, seconds)| images / seconds));
    median(rates.collect::<Option<Vec<f64>>>()?)
}

/// A process that measures; it has nothing to save.
struct Measuring {
    child: Child,
    stdin: ChildStdin,
    stdout: Option<BufReader<ChildStdout>>,
}

impl Measuring {
    fn start(orders: &Orders) -> Result<Self, SpawnError> {
        let (mut child, stdin) = spawn(orders, false)?;
        let stdout = child.stdout.take().map(BufReader::new);
        Ok(Self { child, stdin, stdout })
    }

    fn answer(&mut self) -> Option<usize> {
        let mut line = String::new();
        self.stdout.as_mut()?.read_line(&mut line).ok()?;
        serde_json::from_str(&line).ok().map(|answer: Answer| answer.images)
    }
}

impl Drop for Measuring {
    fn drop(&mut self) {
        // Both fail for a process that has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
