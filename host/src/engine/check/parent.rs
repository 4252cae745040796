//! Follows the processes that try the items: a crash or a hang of a plugin is a finding, and the
//! items that are left get a fresh process.

use std::io;
use std::time::Duration;

use thiserror::Error;

use super::message::Message;
use super::process::{Event, Process, ending};
use super::report::{Finding, ItemReport, Level, Report};
use super::request::Request;

/// How long a process may take at least to start and to load the file, whatever the limit for
/// hooks.
const STARTING: Duration = Duration::from_secs(60);

/// Why nothing was checked.
#[derive(Debug, Error)]
pub enum CheckError {
    /// What is asked for cannot be.
    #[error("{0}")]
    Misused(String),
    #[error("the process that tries the plugin: {0}")]
    Process(#[from] io::Error),
}

/// Checks a file. No hook may be silent for longer than `limit`; `begun` hears of each item.
///
/// # Errors
///
/// A request that cannot be; a system that starts no process. What is wrong with the plugin is in
/// the report.
pub fn check(
    request: &Request,
    limit: Duration,
    begun: &mut dyn FnMut(&str),
) -> Result<Report, CheckError> {
    let report = Report { file: None, items: Vec::new(), findings: Vec::new() };
    let mut follower = Follower { report, limit, begun, left: Vec::new(), at: At::default() };
    let mut request = request.clone();
    loop {
        let left = follower.left.len();
        follower.follow(&mut Process::start(&request)?)?;
        let is_stuck = request.left.is_some() && follower.left.len() == left;
        if follower.left.is_empty() || is_stuck {
            return Ok(follower.report);
        }
        request.left = Some(follower.left.clone());
    }
}

struct Follower<'a> {
    report: Report,
    limit: Duration,
    begun: &'a mut dyn FnMut(&str),
    /// The places of the items that are not done.
    left: Vec<usize>,
    at: At,
}

/// Where the process is.
#[derive(Debug, Default)]
struct At {
    is_loaded: bool,
    item: Option<usize>,
    check: String,
    hook: Option<String>,
}

impl Follower<'_> {
    /// Follows a process to its end.
    fn follow(&mut self, process: &mut Process) -> Result<(), CheckError> {
        self.at = At::default();
        loop {
            let limit = self.limit_now();
            match process.next(limit)? {
                Event::Said(message) => self.said(message)?,
                Event::Ended(status) if status.success() && self.is_done() => break,
                Event::Ended(status) => {
                    let words = process.last_words();
                    let words = words.map(|line| format!("; its last words: {line}"));
                    let (place, end) = (self.at.place(), ending(status));
                    self.broke(format!(
                        "{place} ended the process: {end}{}",
                        words.unwrap_or_default()
                    ));
                    break;
                }
                Event::Silence => {
                    let (place, limit) = (self.at.place(), limit.as_secs_f64());
                    self.broke(format!("{place} did not return within {limit} s"));
                    break;
                }
            }
        }
        if let Some((bytes, first)) = process.printed() {
            let message = format!(
                "it prints on stdout, which belongs to Jackpot's results ({bytes} bytes, first: \
                 {first}); `ctx.info` writes to the log"
            );
            self.of_file(Finding::new(Level::Warning, "stdout", message));
        }
        Ok(())
    }

    /// No hook runs yet while a process starts, and while it makes the stage.
    fn limit_now(&self) -> Duration {
        if self.at.hook.is_some() { self.limit } else { self.limit.max(STARTING) }
    }

    /// Whether a process has said all that it had to say.
    fn is_done(&self) -> bool {
        let said = self.at.is_loaded || !self.report.findings.is_empty();
        said && self.at.item.is_none() && self.left.is_empty()
    }

    fn said(&mut self, message: Message) -> Result<(), CheckError> {
        match message {
            Message::Unusable { message } => {
                self.of_file(Finding::new(Level::Error, "file", message));
            }
            Message::Misused { message } => return Err(CheckError::Misused(message)),
            Message::Loaded { file, chosen } => {
                self.at.is_loaded = true;
                self.left = chosen;
                self.report.file = Some(file);
            }
            Message::Begin { item, params, examples } => {
                self.at = At { is_loaded: true, item: Some(item), ..At::default() };
                let manifest = self.report.file.as_ref().and_then(|file| file.items.get(item));
                let (kind, name) = manifest
                    .map(|manifest| (manifest.kind.clone(), manifest.name.clone()))
                    .unwrap_or_default();
                (self.begun)(&format!("{kind} {name}"));
                let findings = Vec::new();
                self.report.items.push(ItemReport { kind, name, params, examples, findings });
            }
            Message::Doing { check } => (self.at.check, self.at.hook) = (check, None),
            Message::Hook { hook } => self.at.hook = Some(hook),
            Message::Found { finding } => self.found(finding),
            Message::End { item } => {
                self.left.retain(|&left| left != item);
                self.at.item = None;
            }
        }
        Ok(())
    }

    /// The process is lost, by the fault of the item whose turn it was.
    fn broke(&mut self, message: String) {
        if let Some(item) = self.at.item {
            self.left.retain(|&left| left != item);
        }
        self.found(Finding::new(Level::Error, "process", message));
    }

    fn found(&mut self, finding: Finding) {
        match (self.at.item, self.report.items.last_mut()) {
            (Some(_), Some(item)) => item.findings.push(finding),
            _ => self.of_file(finding),
        }
    }

    /// Each process may find the same about the file.
    fn of_file(&mut self, finding: Finding) {
        if !self.report.findings.iter().any(|known| known.check == finding.check) {
            self.report.findings.push(finding);
        }
    }
}

impl At {
    fn place(&self) -> String {
        match (&self.hook, self.item) {
            (Some(hook), _) => format!("hook `{hook}`"),
            (None, Some(_)) => format!("the check `{}`", self.check),
            (None, None) if self.is_loaded => "what the file does by itself".to_owned(),
            (None, None) => "loading the file".to_owned(),
        }
    }
}
