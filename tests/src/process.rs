//! Starting the program, and what comes of it.

use std::ffi::OsStr;
use std::fmt;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::install::install;

/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program with arguments, about to be started.
#[derive(Debug)]
pub struct Program(Command);

/// The program at work.
#[derive(Debug)]
pub struct Running {
    child: Child,
    streams: Option<[JoinHandle<String>; 2]>,
    command: String,
}

/// What a program left: its exit and what it printed.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The exit code; 128 and more: a signal.
    pub code: i32,
    /// All of stdout.
    pub stdout: String,
    /// All of stderr.
    pub stderr: String,
    command: String,
}

impl Program {
    /// The installed program, in an environment that says nothing of plugins, logs and locale.
    pub fn new() -> Self {
        Self::of(&install().binary)
    }

    /// Another copy of the program.
    pub fn of(binary: &Path) -> Self {
        let mut command = Command::new(binary);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("JACKPOT_") || name.starts_with("LC_") || name == "RUST_LOG" {
                command.env_remove(&*name);
            }
        }
        command.env("LANG", "C.UTF-8").env_remove("COLUMNS").stdin(Stdio::null());
        Self(command)
    }

    /// With one more argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.0.arg(arg);
        self
    }

    /// With more arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.0.args(args);
        self
    }

    /// With a variable set.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// With a file as stdin.
    pub fn stdin(mut self, file: &Path) -> Self {
        self.0.stdin(std::fs::File::open(file).unwrap());
        self
    }

    /// In that folder.
    pub fn current_dir(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// Starts it.
    pub fn start(mut self) -> Running {
        let command = format!("{:?}", self.0);
        self.0.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.0.spawn().unwrap();
        let streams = [drain(child.stdout.take().unwrap()), drain(child.stderr.take().unwrap())];
        Running { child, streams: Some(streams), command }
    }

    /// Starts it and waits for its end.
    pub fn run(self) -> Ran {
        self.start().wait()
    }
}

impl Default for Program {
    fn default() -> Self {
        Self::new()
    }
}

/// Sends a signal to a process that is there.
pub fn send(pid: u32, signal: i32) {
    let pid = libc::pid_t::try_from(pid).unwrap();
    // SAFETY: plain numbers.
    assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
}

/// The processes that this one has started and that have not ended.
pub fn children_of(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_child = |pid: &u32| {
        stat(*pid).is_some_and(|[state, its]| state != "Z" && its == parent.to_string())
    };
    pids.filter(is_child).collect()
}

/// The state of a process and its parent.
fn stat(pid: u32) -> Option<[String; 2]> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Behind the program's name, which may have anything in it but is in brackets.
    let mut words = text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned);
    Some([words.next()?, words.next()?])
}

/// Waits until none of these processes is left.
pub fn wait_for_the_end_of(pids: &[u32]) {
    let begun = Instant::now();
    let lives = |pid: &u32| stat(*pid).is_some_and(|[state, _]| state != "Z");
    while pids.iter().any(lives) {
        assert!(begun.elapsed() < Duration::from_secs(10), "{pids:?} do not end");
        thread::sleep(Duration::from_millis(5));
    }
}

fn drain(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

impl Running {
    /// Sends a signal.
    pub fn signal(&self, signal: i32) {
        // It was not waited for, so the number is still its own.
        send(self.child.id(), signal);
    }

    /// From now on it can write no file beyond that many bytes, as with a quota.
    pub fn limit_files(&self, bytes: u64) {
        let pid = libc::pid_t::try_from(self.child.id()).unwrap();
        let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
        // SAFETY: the pointers are a whole limit, which is only read, and none.
        let done = unsafe {
            libc::prlimit(pid, libc::RLIMIT_FSIZE, &raw const limit, std::ptr::null_mut())
        };
        assert_eq!(done, 0);
    }

    /// Waits until something holds that the program brings about; its end before that is a
    /// failure.
    pub fn wait_until(&mut self, what: &str, holds: impl Fn() -> bool) {
        let begun = Instant::now();
        while !holds() {
            let ended = self.child.try_wait().unwrap();
            if ended.is_some() || begun.elapsed() > PATIENCE {
                let _ = self.child.kill();
                panic!("never: {what}\n{}", self.collect());
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the first Ctrl-C no longer just ends it.
    pub fn wait_until_it_listens(&mut self) {
        let status = format!("/proc/{}/status", self.child.id());
        let interrupt = 1_u64 << (libc::SIGINT - 1);
        let listens = || {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
            caught.is_some_and(|mask| mask & interrupt != 0)
        };
        self.wait_until("it listens to signals", listens);
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Ran {
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            if begun.elapsed() > PATIENCE {
                let _ = self.child.kill();
                panic!("it does not end\n{}", self.collect());
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.collect()
    }

    fn collect(&mut self) -> Ran {
        let status: ExitStatus = self.child.wait().unwrap();
        let [stdout, stderr] = self.streams.take().unwrap().map(|thread| thread.join().unwrap());
        let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
        Ran { code, stdout, stderr, command: self.command.clone() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A failed test must not leave the program running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ran {
    /// Fails unless it ended with that code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// Fails unless stderr has each of these texts.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "stderr does not say {text:?}\n{self}");
        }
        self
    }

    /// Fails unless stderr is one screen at most: 24 lines of 100 columns, and no backtrace.
    #[track_caller]
    pub fn fits_on_a_screen(self) -> Self {
        let wide = self.stderr.lines().map(|line| line.chars().count().div_ceil(100).max(1));
        assert!(wide.sum::<usize>() <= 24, "more than a screen\n{self}");
        for word in ["panicked at src", "RUST_BACKTRACE", "stack backtrace"] {
            assert!(!self.stderr.contains(word), "{self}");
        }
        self
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, stdout, stderr, command } = self;
        write!(f, "{command}\nexit code {code}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}
