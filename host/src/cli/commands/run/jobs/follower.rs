//! Follows one worker to its end: what it tells goes to the display, what it prints to stderr.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::cli::progress::{Heard, Relay};
use crate::cli::terminal::Terminal;
use crate::experiment::{Event, Observer};

/// Lines of stderr that are remembered of a worker that does not get to its jobs.
const REMEMBERED: usize = 12;

/// What it takes to follow a worker.
pub struct Follower {
    pub number: usize,
    pub child: Child,
    pub relay: Arc<Relay>,
    pub terminal: Terminal,
    /// Set when it has ended and all is told.
    pub has_ended: Arc<AtomicBool>,
}

/// The stderr of a worker. Up to its first event it says what this process has said already.
#[derive(Default)]
struct Printed {
    begun: AtomicBool,
    last: Mutex<VecDeque<String>>,
}

impl Follower {
    /// Until it has ended.
    pub fn follow(mut self) {
        let printed = Arc::new(Printed::default());
        let stderr = self.child.stderr.take().map(|stderr| {
            let (printed, terminal) = (Arc::clone(&printed), self.terminal.clone());
            thread::spawn(move || printed.hear(stderr, &terminal))
        });
        for line in lines(self.child.stdout.take()) {
            if let Some(heard) = Heard::read(&line) {
                if heard == Heard::Planned {
                    printed.begun.store(true, Ordering::SeqCst);
                }
                self.relay.hear(self.number, &heard);
            }
        }
        let status = self.child.wait();
        if let Some(stderr) = stderr {
            // If it died, its lines are lost and nothing else.
            let _ = stderr.join();
        }
        self.relay.ended(self.number);
        if let Ok(status) = status
            && let Some(message) = trouble(self.child.id(), status, &printed)
        {
            self.relay.event(&Event::Warning { message: &message });
        }
        self.has_ended.store(true, Ordering::SeqCst);
    }
}

impl Printed {
    fn hear(&self, stderr: impl Read, terminal: &Terminal) {
        for line in lines(Some(stderr)) {
            if self.begun.load(Ordering::SeqCst) {
                terminal.line(&line);
                continue;
            }
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            last.push_back(line);
            if last.len() > REMEMBERED {
                last.pop_front();
            }
        }
    }
}

fn lines(stream: Option<impl Read>) -> impl Iterator<Item = String> {
    let bytes = stream.map(|stream| BufReader::new(stream).split(b'\n'));
    let lines = bytes.into_iter().flatten().map_while(Result::ok);
    lines.map(|line| String::from_utf8_lossy(&line).into_owned())
}

/// What to say of a worker's end, if it is not as it should be. 0 and 3 are, and so is a Ctrl-C that
/// came before it listened.
fn trouble(pid: u32, status: ExitStatus, printed: &Printed) -> Option<String> {
    let is_asked = matches!(status.signal(), Some(libc::SIGINT | libc::SIGTERM));
    if is_asked || matches!(status.code(), Some(0 | 3)) {
        return None;
    }
    let mut message = format!(
        "the worker process {pid} ended early ({status}); its jobs are left to the other processes"
    );
    let last = printed.last.lock().unwrap_or_else(PoisonError::into_inner);
    if !printed.begun.load(Ordering::SeqCst) && !last.is_empty() {
        let last: Vec<&str> = last.iter().map(String::as_str).collect();
        message.push_str(&format!(". It said: {}", last.join("\n")));
    }
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_early_end_is_trouble() {
        let printed = Printed::default();
        printed.last.lock().unwrap().push_back("error: no memory".to_owned());
        let of = |raw| trouble(7, ExitStatus::from_raw(raw), &printed);
        assert_eq!([of(0), of(3 << 8), of(libc::SIGINT)], [None, None, None]);
        let text = of(1 << 8).unwrap();
        assert!(text.contains("process 7") && text.ends_with("error: no memory"), "{text}");
        printed.begun.store(true, Ordering::SeqCst);
        let text = of(9).unwrap();
        assert!(text.contains("signal: 9") && !text.contains("no memory"), "{text}");
    }
}
