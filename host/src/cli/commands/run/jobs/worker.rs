//! A worker: one of the processes that `--jobs` starts. It does jobs as any process on the run does,
//! but is silent: its events go to stdout, for who started it.

use std::io::{self, BufRead, BufReader, Stdin};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::super::super::keep::Keeping;
use super::super::super::plan::{folder, prepare};
use super::super::Verb;
use super::measure;
use super::orders::{Orders, STOP, Task};
use crate::cli::args::RunArgs;
use crate::cli::asked::selection;
use crate::cli::failure::Failure;
use crate::cli::progress::{Json, Stages};
use crate::cli::signals::{KILLED, Listener, end_now};
use crate::cli::terminal::Terminal;
use crate::config::Overrides;
use crate::engine::Session;
use crate::experiment::{self, Experiment, RunDir, Selection, Stop};

/// Does what the orders on stdin say.
///
/// # Errors
/// Whatever keeps it from working at all; failed jobs are the business of who started it.
pub fn run(args: &RunArgs, verb: Verb, terminal: &Terminal) -> Result<(), Failure> {
    let terminal = Terminal { quiet: true, animated: false, ..terminal.clone() };
    let mut stdin = BufReader::new(io::stdin());
    let orders = read(&mut stdin)?;
    let (signals, idle) = Listener::of_worker(orders.task.limit())?;
    let (lines, asked) = channel();
    follow(stdin, signals.stop.clone(), lines)?;
    let mut session =
        Session::open(&args.experiment.config, &Overrides::from(&args.experiment.overriding))?;
    session.use_threads(orders.threads)?;
    if orders.task == Task::Measure {
        return measured(&mut session, &asked, &terminal);
    }
    prepare(&mut session, &terminal)?;
    let run = RunDir::create(&folder(&args.experiment, &session))?;
    let facts = session.facts()?;
    let experiment = Experiment {
        run: &run,
        config: &session.config,
        config_text: &session.config_text,
        facts,
        command_line: &[],
    };
    let selection = Selection {
        failures: Some(orders.task.failures()),
        ..selection(args, verb != Verb::Spend, verb != Verb::Draw)
    };
    let executor = session.executor()?.saving(args.checkpoint.into());
    let executor = Keeping { executor, session: &session, facts, run: &run };
    drop(idle);
    let observer = Json::on_stdout(&terminal);
    experiment::run(&experiment, &selection, &executor, &observer, &signals.stop)?;
    Ok(())
}

fn measured(
    session: &mut Session,
    asked: &Receiver<String>,
    terminal: &Terminal,
) -> Result<(), Failure> {
    session.prepare_to_measure(&Stages::new(terminal))?;
    measure::answer(session, asked, terminal)
}

fn read(stdin: &mut BufReader<Stdin>) -> Result<Orders, Failure> {
    let mut line = String::new();
    let read = stdin.read_line(&mut line).ok().and_then(|_| serde_json::from_str(&line).ok());
    read.ok_or_else(|| {
        Failure::usage("`--worker` is for the processes that `--jobs` starts; leave it out")
    })
}

/// Hears what comes on stdin. At its end whoever started this process is gone, and so is everyone
/// who would wait for it.
fn follow(stdin: BufReader<Stdin>, stop: Stop, lines: Sender<String>) -> Result<(), Failure> {
    let hear = move || {
        for line in stdin.lines().map_while(Result::ok) {
            if line != STOP {
                // Nobody waits for lines in a worker that does jobs.
                let _ = lines.send(line);
                continue;
            }
            stop.request();
            if stop.is_idle() {
                end_now(Failure::Stopped(String::new()).code().into());
            }
        }
        end_now(KILLED)
    };
    let thread = thread::Builder::new().name("orders".to_owned()).spawn(hear);
    thread.map(|_| ()).map_err(|error| Failure::other(format!("cannot hear orders: {error}")))
}
