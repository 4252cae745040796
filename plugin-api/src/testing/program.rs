//! Finding and starting the installed program.

use std::ffi::OsString;
use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::{Failure, TestResult};
use crate::wire::{Hello, Message, PROTOCOL, read_frame};

/// Says where the program is.
const VARIABLE: &str = "JACKPOT";

/// A program that has said hello.
pub struct Program {
    pub path: PathBuf,
    pub child: Child,
    pub input: ChildStdin,
    pub output: BufReader<ChildStdout>,
    pub stderr: Stderr,
}

/// What the program writes to stderr, for when it ends too early.
#[derive(Clone, Default)]
pub struct Stderr(Arc<Mutex<Vec<u8>>>);

impl Stderr {
    fn collect(&self, mut stream: impl Read + Send + 'static) -> JoinHandle<()> {
        let all = self.0.clone();
        std::thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(count @ 1..) = stream.read(&mut some) {
                all.lock().unwrap_or_else(PoisonError::into_inner).extend(&some[..count]);
            }
        })
    }

    /// The last of it.
    pub fn text(&self) -> String {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&all);
        let lines: Vec<_> = text.trim().lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}

/// Starts `$JACKPOT`, else `jackpot` on the `PATH`, and waits for its first words.
///
/// # Errors
///
/// A program that is not there, cannot be started, or speaks another protocol: what to do.
pub fn start() -> TestResult<Program> {
    let path = path(std::env::var_os(VARIABLE), std::env::var_os("PATH"))?;
    let fail = |why: &dyn std::fmt::Display| Failure::new(format!("{}: {why}", path.display()));
    let mut command = Command::new(&path);
    command.args(["plugin", "serve"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child =
        command.spawn().map_err(|error| fail(&format!("cannot be started: {error}")))?;
    let (Some(input), Some(output), Some(errors)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(fail(&"it has no streams"));
    };
    let stderr = Stderr::default();
    let collecting = stderr.collect(errors);
    let mut output = BufReader::new(output);
    let first = read_frame(&mut output).ok().flatten();
    match first.and_then(|bytes| Message::decode(&bytes).ok()) {
        Some(Message::Hello(hello)) => understood(&hello).map_err(|why| fail(&why))?,
        _ => {
            let _ = child.kill();
            let _ = child.wait();
            let _ = collecting.join();
            return Err(fail(&no_hello(&stderr.text())));
        }
    }
    Ok(Program { path, child, input, output, stderr })
}

/// Whether both sides speak the same protocol.
fn understood(hello: &Hello) -> Result<(), String> {
    let (version, api) = (&hello.version, crate::VERSION);
    let which = format!("Jackpot {version} does not fit jackpot-plugin-api {api}");
    if hello.newest < PROTOCOL {
        Err(format!("{which} for tests: it is too old; update Jackpot"))
    } else if hello.oldest > PROTOCOL {
        Err(format!("{which} for tests: it is too new; update jackpot-plugin-api"))
    } else {
        Ok(())
    }
}

fn no_hello(stderr: &str) -> String {
    // An unknown subcommand is what a program says that does not serve tests yet.
    if stderr.contains("unrecognized subcommand") {
        return "this Jackpot does not serve tests (`jackpot plugin serve`): update it".to_owned();
    }
    let shown = if stderr.is_empty() { String::new() } else { format!("; it says:\n{stderr}") };
    format!("this is no Jackpot that serves tests (`jackpot plugin serve`){shown}")
}

/// Where the program is.
fn path(variable: Option<OsString>, search: Option<OsString>) -> TestResult<PathBuf> {
    if let Some(path) = variable.filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        return match path.is_file() {
            true => Ok(path),
            false => Err(Failure::new(format!(
                "${VARIABLE} is {}, and there is no such file: it is the path of the program `jackpot`",
                path.display()
            ))),
        };
    }
    let search = search.unwrap_or_default();
    let mut found = std::env::split_paths(&search).map(|folder| folder.join("jackpot"));
    found.find(|path| path.is_file()).ok_or_else(|| {
        Failure::new(format!(
            "a test on tensors needs the program `jackpot`, which is not on the PATH: install it, \
             or say where it is: {VARIABLE}=path/to/jackpot cargo test"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(oldest: u32, newest: u32) -> Hello {
        Hello { oldest, newest, version: "9.1.0".to_owned() }
    }

    #[test]
    fn other_protocols_are_told_apart() {
        assert_eq!(understood(&hello(PROTOCOL, PROTOCOL + 1)), Ok(()));
        let api = crate::VERSION;
        assert_eq!(
            understood(&hello(0, PROTOCOL - 1)).unwrap_err(),
            format!(
                "Jackpot 9.1.0 does not fit jackpot-plugin-api {api} for tests: it is too old; \
                 update Jackpot"
            )
        );
        let error = understood(&hello(PROTOCOL + 1, PROTOCOL + 2)).unwrap_err();
        assert!(error.ends_with("it is too new; update jackpot-plugin-api"), "{error}");
    }

    #[test]
    fn the_variable_goes_before_the_path() {
        let own = std::env::current_exe().unwrap();
        assert_eq!(path(Some(own.clone().into()), None), Ok(own));
        let error = path(Some("/nowhere/jackpot".into()), None).unwrap_err().to_string();
        assert!(error.starts_with("$JACKPOT is /nowhere/jackpot, and there is no"), "{error}");
        let error = path(None, Some("/nowhere".into())).unwrap_err().to_string();
        assert!(error.ends_with("JACKPOT=path/to/jackpot cargo test"), "{error}");
    }

    #[test]
    fn what_is_no_jackpot_shows_its_words() {
        assert!(no_hello("error: unrecognized subcommand 'serve'").ends_with("update it"));
        assert!(no_hello("no such option").ends_with("it says:\nno such option"));
    }
}
