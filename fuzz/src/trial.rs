//! One execution: an input, and whether its reader behaved.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::Target;
use crate::count::peak;

/// A reader that takes longer hangs. It is generous, since the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What a reader did wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    Panic(String),
    /// It took so many bytes of memory for so many bytes of input.
    Memory {
        taken: usize,
        bytes: usize,
    },
    Slow(Duration),
    /// The process ended by this signal, or with this code.
    Death(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panic(message) => write!(f, "panic: {message}"),
            Self::Memory { taken, bytes } => {
                write!(f, "memory: {taken} bytes for {bytes} bytes of input")
            }
            Self::Slow(time) => write!(f, "slow: {:.1} s", time.as_secs_f64()),
            Self::Death(how) => write!(f, "death: {how}"),
        }
    }
}

/// What came of one execution.
#[derive(Debug)]
pub struct Outcome {
    /// Whether the reader took the bytes.
    pub taken: bool,
    /// The most memory that it had at a time.
    pub memory: usize,
    pub fault: Option<Fault>,
}

/// Gives an input to a target.
pub fn trial(target: &Target, input: &[u8]) -> Outcome {
    let begun = Instant::now();
    let (result, memory) = peak(|| catch_unwind(AssertUnwindSafe(|| (target.read)(input))));
    let time = begun.elapsed();
    let fault = match &result {
        Err(panic) => Some(Fault::Panic(words(&**panic))),
        Ok(_) if memory > target.bound(input.len()) => {
            Some(Fault::Memory { taken: memory, bytes: input.len() })
        }
        Ok(_) if time > PATIENCE => Some(Fault::Slow(time)),
        Ok(_) => None,
    };
    Outcome { taken: result.unwrap_or(false), memory, fault }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("something");
    text.lines().next().unwrap_or_default().to_owned()
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
