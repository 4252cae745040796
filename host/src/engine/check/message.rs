//! What the checking process says to the one that started it: one JSON object per line.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::report::{FileFacts, Finding};

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "kebab-case")]
pub enum Message {
    /// The file is no plugin that can be loaded.
    Unusable {
        message: String,
    },
    /// The file has no such item, or parameters were given for several.
    Misused {
        message: String,
    },
    /// The file is loaded; the places of the items that will be checked.
    Loaded {
        file: FileFacts,
        chosen: Vec<usize>,
    },
    /// An item's turn.
    Begin {
        item: usize,
        params: Map<String, Value>,
        examples: Vec<String>,
    },
    /// What is tried next.
    Doing {
        check: String,
    },
    /// A hook runs now.
    Hook {
        hook: String,
    },
    Found {
        finding: Finding,
    },
    /// The item is done.
    End {
        item: usize,
    },
}

/// The way to the process that started this one.
///
/// It is a socket in the place of stdin: what a plugin prints on stdout or stderr cannot get
/// between the lines.
#[derive(Debug)]
pub struct Line(Mutex<State>);

#[derive(Debug)]
struct State {
    stream: UnixStream,
    /// The hook that was told last.
    hook: &'static str,
}

impl Line {
    pub fn new(stream: UnixStream) -> Self {
        Self(Mutex::new(State { stream, hook: "" }))
    }

    /// Says something. A process that has nobody to talk to is ended by its own watcher.
    pub fn say(&self, message: &Message) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = write(&mut state.stream, message);
    }

    /// Says what is tried next; its first hook is told anew.
    pub fn doing(&self, check: &str) {
        self.say(&Message::Doing { check: check.to_owned() });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).hook = "";
    }

    /// Says which hook runs now, unless it is the one that was told last: a thousand calls are one
    /// line.
    pub fn hook(&self, hook: &'static str) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.hook != hook {
            state.hook = hook;
            let _ = write(&mut state.stream, &Message::Hook { hook: hook.to_owned() });
        }
    }
}

fn write(stream: &mut UnixStream, message: &Message) -> io::Result<()> {
    let mut line = serde_json::to_string(message)?;
    line.push('\n');
    stream.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};

    use super::*;

    #[test]
    fn a_hook_is_told_once_per_check() {
        let (here, there) = UnixStream::pair().unwrap();
        let line = Line::new(there);
        for _ in 0..3 {
            line.hook("forward");
        }
        line.doing("gradient");
        line.hook("forward");
        drop(line);
        let lines: Vec<Message> = BufReader::new(here)
            .lines()
            .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
            .collect();
        let hook = Message::Hook { hook: "forward".to_owned() };
        let doing = Message::Doing { check: "gradient".to_owned() };
        assert_eq!(lines, [hook.clone(), doing, hook]);
    }
}
