//! A process that tries items, seen from outside: what it says, and how it ends.

use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::message::Message;
use super::request::Request;

/// How soon an end without a word is noticed.
const SLICE: Duration = Duration::from_millis(20);
/// How long the last words of a process that has ended may be on their way.
const LATE: Duration = Duration::from_millis(100);
/// Bytes that are remembered of a stream's beginning and end.
const REMEMBERED: usize = 2000;

/// The process; killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    said: Receiver<Message>,
    // Our end of the socket: the process ends when it is closed.
    _line: UnixStream,
    stdout: Arc<Mutex<Heard>>,
    stderr: Arc<Mutex<Heard>>,
}

/// What comes next.
#[derive(Debug)]
pub enum Event {
    Said(Message),
    Ended(ExitStatus),
    /// Nothing within the time limit; it still runs.
    Silence,
}

/// What a stream carried.
#[derive(Debug, Default)]
struct Heard {
    bytes: usize,
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Process {
    /// Starts this program once more.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn start(request: &Request) -> io::Result<Self> {
        let (here, there) = UnixStream::pair()?;
        let mut child = Command::new(std::env::current_exe()?)
            .args(["plugin", "check"])
            .arg(&request.file)
            .arg("--child")
            .arg(serde_json::to_string(request)?)
            .stdin(Stdio::from(OwnedFd::from(there)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (sender, said) = channel();
        let lines = BufReader::new(here.try_clone()?).lines();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let message = serde_json::from_str(&line);
                if message.is_ok_and(|message| sender.send(message).is_err()) {
                    break;
                }
            }
        });
        let (stdout, stderr) = (hear(child.stdout.take()), hear(child.stderr.take()));
        Ok(Self { child, said, _line: here, stdout, stderr })
    }

    /// What it says or does within that time.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn next(&mut self, limit: Duration) -> io::Result<Event> {
        let begun = Instant::now();
        loop {
            match self.said.recv_timeout(SLICE) {
                Ok(message) => return Ok(Event::Said(message)),
                // It may close its end and go on: only its end ends the wait.
                Err(RecvTimeoutError::Disconnected) => thread::sleep(SLICE),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Some(status) = self.child.try_wait()? {
                let late = self.said.recv_timeout(LATE);
                return Ok(late.map_or(Event::Ended(status), Event::Said));
            }
            if begun.elapsed() >= limit {
                return Ok(Event::Silence);
            }
        }
    }

    /// What it printed on stdout, where nothing belongs: how many bytes, and the first line.
    pub fn printed(&self) -> Option<(usize, String)> {
        let heard = self.stdout.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&heard.head);
        (heard.bytes > 0).then(|| (heard.bytes, shown(text.lines().next().unwrap_or_default())))
    }

    /// The last line on stderr.
    pub fn last_words(&self) -> Option<String> {
        // The stream ends with the process, but its reader may be a moment behind.
        thread::sleep(SLICE);
        let heard = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&heard.tail);
        text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(shown)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail for a process that has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// At most 160 characters.
fn shown(line: &str) -> String {
    line.chars().take(160).collect()
}

fn hear(stream: Option<impl Read + Send + 'static>) -> Arc<Mutex<Heard>> {
    let heard = Arc::new(Mutex::new(Heard::default()));
    let all = Arc::clone(&heard);
    thread::spawn(move || {
        let Some(mut stream) = stream else { return };
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            all.lock().unwrap_or_else(PoisonError::into_inner).take(&buffer[..count]);
        }
    });
    heard
}

impl Heard {
    fn take(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len();
        let room = REMEMBERED - self.head.len();
        self.head.extend(&bytes[..room.min(bytes.len())]);
        self.tail.extend(bytes);
        let surplus = self.tail.len().saturating_sub(REMEMBERED);
        self.tail.drain(..surplus);
    }
}

/// How a process ended, in words: `signal 6, SIGABRT`.
pub fn ending(status: ExitStatus) -> String {
    let name = |signal: i32| match signal {
        libc::SIGILL => ", SIGILL",
        libc::SIGABRT => ", SIGABRT",
        libc::SIGBUS => ", SIGBUS",
        libc::SIGFPE => ", SIGFPE",
        libc::SIGKILL => ", SIGKILL (out of memory?)",
        libc::SIGSEGV => ", SIGSEGV",
        _ => "",
    };
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("signal {signal}{}", name(signal)),
        (None, Some(code)) => format!("exit code {code}"),
        (None, None) => "nobody knows how".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_in_words() {
        let of = |raw| ending(ExitStatus::from_raw(raw));
        assert_eq!(of(6), "signal 6, SIGABRT");
        assert_eq!(of(7 << 8), "exit code 7");
        assert_eq!(of(10), "signal 10");
    }

    #[test]
    fn of_a_long_stream_both_ends_stay() {
        let mut heard = Heard::default();
        heard.take(b"first line\n");
        heard.take(&[b'x'; 3 * REMEMBERED]);
        heard.take(b"\nlast line\n");
        assert_eq!(heard.bytes, 3 * REMEMBERED + 22);
        assert!(heard.head.starts_with(b"first line\n") && heard.head.len() == REMEMBERED);
        assert!(heard.tail.ends_with(b"\nlast line\n") && heard.tail.len() == REMEMBERED);
    }
}
