//! `jackpot run`, `draw` and `spend`.

mod jobs;
mod lines;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use self::jobs::{Asked, Workers};
use super::keep::Keeping;
use super::plan::{folder, prepare};
use super::report;
use crate::cli::args::RunArgs;
use crate::cli::asked::selection;
use crate::cli::failure::Failure;
use crate::cli::progress::{self, Both, Display, Json, Relay};
use crate::cli::signals::Listener;
use crate::cli::terminal::Terminal;
use crate::cli::words::plural;
use crate::config::Overrides;
use crate::engine::Session;
use crate::experiment::{self, Experiment, JobState, RunDir, Summary};
use crate::torch::settings::waiting::settle;

/// Which jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Both.
    Run,
    Draw,
    Spend,
}

/// Does what is missing of an experiment, and reports.
pub fn run(args: &RunArgs, verb: Verb, terminal: &Terminal) -> Result<(), Failure> {
    settle();
    if args.worker {
        return jobs::worker::run(args, verb, terminal);
    }
    let result = work(args, verb, terminal);
    match args.json {
        true => lines::end(result, terminal),
        false => result,
    }
}

fn work(args: &RunArgs, verb: Verb, terminal: &Terminal) -> Result<(), Failure> {
    let begun = Instant::now();
    // While the data are read and every recipe is tried, nothing is at hand to be saved.
    let (signals, idle) = Listener::start(args.stop_after, terminal)?;
    let mut session =
        Session::open(&args.experiment.config, &Overrides::from(&args.experiment.overriding))?;
    let folder = folder(&args.experiment, &session);
    let plan = jobs::decide(args.jobs, &session, &folder, terminal)?;
    session.use_threads(plan.threads)?;
    prepare(&mut session, terminal)?;
    let is_new = !folder.exists();
    let run = RunDir::create(&folder)?;
    terminal.say(&headline(&session, plan.processes, &folder)?);
    let mut display = progress::display(terminal, share(&run, &session)?);
    if args.json {
        lines::begin(&session.config.name, &folder, terminal)?;
        display = Arc::new(Both(display, Json::on_stdout(terminal)));
    }
    let relay = Arc::new(Relay::new(Arc::clone(&display)));
    if plan.processes > 1 {
        display = relay.clone();
    }
    signals.tell(told(terminal, &display));
    let command_line: Vec<String> =
        std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let facts = session.facts()?;
    let experiment = Experiment {
        run: &run,
        config: &session.config,
        config_text: &session.config_text,
        facts,
        command_line: &command_line,
    };
    let mut selection = selection(args, verb != Verb::Spend, verb != Verb::Draw);
    if plan.processes > 1 {
        selection.failures = Some(experiment::failures(&run, &session.config)?);
    }
    let executor = session.executor()?.saving(args.checkpoint.into());
    let executor = Keeping { executor, session: &session, facts, run: &run };
    let asked = Asked { run: &run, config: &session.config, facts, selection: &selection };
    let workers = Arc::new(Workers::default());
    drop(idle);
    if plan.processes > 1 {
        signals.wait_for(workers.clone());
    }
    let limit = args.stop_after.map(|limit| limit.saturating_sub(begun.elapsed()));
    let begin = asked.begin(&plan, &workers, limit, (&relay, terminal));
    let stop = &signals.stop;
    let done = begin.and_then(|()| {
        Ok(experiment::run(&experiment, &selection, &executor, display.as_ref(), stop)?)
    });
    workers.finish();
    display.close();
    if done.is_err() && is_new {
        // Removes it only if it is still empty, which it is if nothing could begin.
        let _ = std::fs::remove_dir(&folder);
    }
    let mut summary = done?;
    if plan.processes > 1 {
        asked.recount(&mut summary)?;
    }
    executor.mend()?;
    let reported = report::after_run(&run, !summary.stopped && !args.json, terminal);
    match conclude(&summary, &run) {
        Ok(()) => reported,
        Err(failure) => {
            // There is one exit code, but both are to be known.
            let _ = reported.inspect_err(|error| terminal.fail(error));
            Err(failure)
        }
    }
}

/// `quickstart: synthetic on cpu, f32, 2 threads; runs/quickstart`.
fn headline(session: &Session, processes: usize, folder: &Path) -> Result<String, Failure> {
    let facts = session.facts()?;
    let threads = match processes {
        1 => plural(session.threads, "thread"),
        more => experiment::processes_of(more, session.threads),
    };
    Ok(format!(
        "{}: {} on {}, {}, {threads}; {}",
        session.config.name,
        session.dataset()?,
        facts.device,
        facts.precision,
        folder.display()
    ))
}

/// The share of unfinished jobs that need a training, for the time left.
fn share(run: &RunDir, session: &Session) -> Result<f64, Failure> {
    let overview = experiment::plan(Some(run), &session.config, session.facts()?)?;
    let unfinished = overview.count(|state| !state.is_finished());
    let linked = overview.count(|state| matches!(state, JobState::WillLink(_)));
    Ok((unfinished - linked) as f64 / unfinished.max(1) as f64)
}

/// What the first Ctrl-C does beside asking to stop.
fn told(terminal: &Terminal, display: &Arc<dyn Display>) -> impl FnOnce() + Send + 'static {
    let (terminal, display) = (terminal.clone(), Arc::clone(display));
    move || {
        display.freeze();
        terminal.say("stopping after this step and saving (Ctrl-C again to quit at once)");
    }
}

/// What the run came to, as the exit code says it.
fn conclude(summary: &Summary, run: &RunDir) -> Result<(), Failure> {
    let (failed, blocked) = (summary.failed.len(), summary.blocked.len());
    if failed + blocked > 0 {
        let mut text = format!("{} failed", plural(failed, "job"));
        if blocked > 0 {
            text.push_str(&format!(", and {} could not be done", plural(blocked, "job")));
        }
        for (key, error) in summary.failed.iter().take(NAMED) {
            text.push_str(&format!("\n  {key}: {}", error.lines().next().unwrap_or_default()));
        }
        for (key, reason) in summary.blocked.iter().take(NAMED.saturating_sub(failed)) {
            text.push_str(&format!("\n  {key}: {reason}"));
        }
        let more = (failed + blocked).saturating_sub(NAMED);
        if more > 0 {
            text.push_str(&format!("\n  and {more} more: jackpot status {}", run.path().display()));
        }
        if summary.stopped {
            text.push_str(&format!("\n{}", left(summary)));
        }
        return Err(Failure::other(text));
    }
    match summary.stopped {
        true => Err(Failure::Stopped(left(summary))),
        false => Ok(()),
    }
}

/// At most this many jobs are named at the end; each was shown when it happened.
const NAMED: usize = 8;

fn left(summary: &Summary) -> String {
    let jobs = plural(summary.left, "job");
    format!("stopped with {jobs} left; the same command goes on from here")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn concluded(summary: &Summary) -> (u8, String) {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDir::create(folder.path()).unwrap();
        match conclude(summary, &run) {
            Ok(()) => (0, String::new()),
            Err(failure) => (failure.code(), failure.message()),
        }
    }

    fn jobs(count: usize) -> Vec<(experiment::JobKey, String)> {
        let key = |level| experiment::JobKey::Draw { draw: "imp".into(), seed: 1, level };
        (0..count).map(|level| (key(level), "no luck\nat all".to_owned())).collect()
    }

    #[test]
    fn exit_codes_follow_the_summary() {
        assert_eq!(concluded(&Summary { done: 3, ..Summary::default() }).0, 0);
        let stopped = Summary { stopped: true, left: 1, ..Summary::default() };
        let (code, text) = concluded(&stopped);
        assert_eq!(code, 3);
        assert_eq!(text, "stopped with 1 job left; the same command goes on from here");
        let (code, text) =
            concluded(&Summary { failed: jobs(2), blocked: jobs(1), ..Summary::default() });
        assert_eq!(code, 1);
        assert_eq!(
            text,
            "2 jobs failed, and 1 job could not be done\n  \
             draw imp seed 1 level 00: no luck\n  draw imp seed 1 level 01: no luck\n  \
             draw imp seed 1 level 00: no luck\nat all"
        );
        let many = Summary { failed: jobs(1), blocked: jobs(20), ..stopped };
        let (code, text) = concluded(&many);
        assert_eq!(code, 1);
        assert!(text.contains("and 13 more: jackpot status"), "{text}");
        assert!(text.ends_with("stopped with 1 job left; the same command goes on from here"));
    }
}
