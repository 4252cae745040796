//! `cargo xtask fuzz`: see the library.
//!
//! Executions are done by child processes, a range of numbers each, so that one that is killed is
//! noticed, found again by its number, and does not end the rest.

#![allow(clippy::unwrap_used, reason = "a tool for developers: what fails here is a bug")]

mod child;
mod parent;

use std::process::ExitCode;

use jackpot_fuzz::count::Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

const HELP: &str = "\
cargo xtask fuzz [--executions N] [--target NAME] [--seed N]

  --executions N   together, divided among the targets by their shares [default: 300000]
  --target NAME    only this one
  --seed N         other inputs [default: 1]
  --input NAME:N   write input N of a target to stdout

Inputs that a reader does not survive are written to target/fuzz/, and the exit code is 1.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match Options::read(&arguments) {
        Ok(options) if options.child.is_some() => child::run(&options),
        Ok(options) => parent::run(&options),
        Err(message) => {
            eprintln!("{message}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

/// What was asked for.
#[derive(Debug, Clone)]
struct Options {
    executions: u64,
    target: Option<String>,
    seed: u64,
    input: Option<(String, u64)>,
    /// In a child: the first number and the one after the last.
    child: Option<(u64, u64)>,
    /// In a child: say each number before it is tried.
    each: bool,
}

impl Options {
    fn read(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self {
            executions: 300_000,
            target: None,
            seed: 1,
            input: None,
            child: None,
            each: false,
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} wants a value"));
            let number =
                |text: &String| text.parse::<u64>().map_err(|_| format!("`{text}` is no number"));
            match word.as_str() {
                "--executions" => options.executions = number(value()?)?,
                "--seed" => options.seed = number(value()?)?,
                "--target" => options.target = Some(value()?.clone()),
                "--input" => {
                    let text = value()?;
                    let (name, place) = text.split_once(':').ok_or("--input wants NAME:N")?;
                    options.input = Some((name.to_owned(), number(&place.to_owned())?));
                }
                "--child" => options.child = Some((number(value()?)?, number(value()?)?)),
                "--each" => options.each = true,
                "-h" | "--help" => return Err("Throws spoilt files at Jackpot's readers.".into()),
                other => return Err(format!("`{other}` is not known")),
            }
        }
        Ok(options)
    }
}
