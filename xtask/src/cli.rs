//! Arguments to a [`Command`]. By hand: a parser crate would take longer to build than all of this one.

use std::fmt;

use crate::help::Topic;
use crate::setup::{Options, Want};
use crate::tasks::{dist, kill_test, lint};

/// What the user asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    Help(Option<Topic>),
    Setup(Options),
    Quickstart,
    /// `extra` goes to the test runner as it is.
    Test {
        extra: Vec<String>,
    },
    KillTest(kill_test::Options),
    Lint(lint::Options),
    Dist(dist::Options),
    Exports,
    Memcheck,
    Overhead,
    /// `options` go to the program as they are.
    Bench {
        options: Vec<String>,
    },
    /// `options` go to the program as they are.
    Fuzz {
        options: Vec<String>,
    },
}

/// An argument that is not understood.
#[derive(Debug, PartialEq, Eq)]
pub enum Usage {
    UnknownTask(String),
    UnknownArgument { task: Topic, argument: String },
    NoNumber { task: Topic, argument: String },
    NoExtra(Topic),
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Usage::UnknownTask(name) => write!(f, "there is no task `{name}`"),
            Usage::UnknownArgument { task, argument } => {
                write!(f, "`cargo xtask {}` does not know `{argument}`", task.name())
            }
            Usage::NoNumber { task, argument } => {
                write!(f, "`cargo xtask {}` needs a whole number after `{argument}`", task.name())
            }
            Usage::NoExtra(task) => {
                write!(f, "`cargo xtask {}` takes no arguments after `--`", task.name())
            }
        }
    }
}

/// Reads everything after `cargo xtask`.
pub fn parse(arguments: &[String]) -> Result<Command, Usage> {
    let Some((first, rest)) = arguments.split_first() else { return Ok(Command::Help(None)) };
    if matches!(first.as_str(), "-h" | "--help" | "help") {
        return Ok(Command::Help(rest.first().and_then(|name| Topic::from_name(name))));
    }
    let task = Topic::from_name(first).ok_or_else(|| Usage::UnknownTask(first.clone()))?;
    let dashes = rest.iter().position(|a| a == "--");
    let own = &rest[..dashes.unwrap_or(rest.len())];
    let extra = dashes.map_or(Vec::new(), |at| rest[at + 1..].to_vec());
    if own.iter().any(|a| a == "-h" || a == "--help") {
        return Ok(Command::Help(Some(task)));
    }
    if !extra.is_empty() && task != Topic::Test {
        return Err(Usage::NoExtra(task));
    }
    let unknown = |argument: &String| Usage::UnknownArgument { task, argument: argument.clone() };
    match task {
        Topic::Setup => own
            .iter()
            .try_fold(Options::default(), |_, argument| match argument.as_str() {
                "--cuda" => Ok(Options { want: Want::Cuda }),
                "--light" => Ok(Options { want: Want::Light }),
                _ => Err(unknown(argument)),
            })
            .map(Command::Setup),
        Topic::Dist => own
            .iter()
            .try_fold(dist::Options::default(), |_, argument| match argument.as_str() {
                "--check" => Ok(dist::Options { check: true }),
                _ => Err(unknown(argument)),
            })
            .map(Command::Dist),
        Topic::KillTest => kill_test_options(own).map(Command::KillTest),
        Topic::Fuzz => Ok(Command::Fuzz { options: own.to_vec() }),
        Topic::Bench => Ok(Command::Bench { options: own.to_vec() }),
        Topic::Lint => own
            .iter()
            .try_fold(lint::Options::default(), |mut options, argument| {
                match (argument.as_str(), lint::Step::from_name(argument)) {
                    ("--install", _) => options.install = true,
                    (_, Some(step)) => options.steps.push(step),
                    _ => return Err(unknown(argument)),
                }
                Ok(options)
            })
            .map(Command::Lint),
        _ => match (own.first(), task) {
            (Some(argument), _) => Err(unknown(argument)),
            (None, Topic::Quickstart) => Ok(Command::Quickstart),
            (None, Topic::Test) => Ok(Command::Test { extra }),
            (None, Topic::Memcheck) => Ok(Command::Memcheck),
            (None, Topic::Overhead) => Ok(Command::Overhead),
            (None, Topic::Exports) => Ok(Command::Exports),
            // Those with options of their own are read before.
            (None, _) => Ok(Command::Help(Some(task))),
        },
    }
}

fn kill_test_options(own: &[String]) -> Result<kill_test::Options, Usage> {
    let task = Topic::KillTest;
    let mut options = kill_test::Options::default();
    let mut own = own.iter();
    while let Some(argument) = own.next() {
        let number = own.next().and_then(|number| number.parse().ok());
        let number = number.ok_or_else(|| Usage::NoNumber { task, argument: argument.clone() });
        match argument.as_str() {
            "--kills" => options.kills = number?,
            "--seed" => options.seed = number?,
            _ => return Err(Usage::UnknownArgument { task, argument: argument.clone() }),
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, Usage> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn every_task_is_reached_by_its_name() {
        assert_eq!(parsed("setup"), Ok(Command::Setup(Options::default())));
        assert_eq!(parsed("quickstart"), Ok(Command::Quickstart));
        assert_eq!(parsed("test"), Ok(Command::Test { extra: vec![] }));
        assert_eq!(parsed("dist"), Ok(Command::Dist(dist::Options::default())));
        assert_eq!(parsed("dist --check"), Ok(Command::Dist(dist::Options { check: true })));
        assert_eq!(parsed("memcheck"), Ok(Command::Memcheck));
        assert_eq!(parsed("overhead"), Ok(Command::Overhead));
        assert_eq!(parsed("exports"), Ok(Command::Exports));
        let options = vec!["--executions".to_owned(), "9".to_owned()];
        assert_eq!(parsed("fuzz --executions 9"), Ok(Command::Fuzz { options }));
        let options = vec!["--pairs".to_owned(), "7".to_owned()];
        assert_eq!(parsed("bench --pairs 7"), Ok(Command::Bench { options }));
        assert_eq!(parsed("lint"), Ok(Command::Lint(lint::Options::default())));
    }

    #[test]
    fn nothing_and_help_print_help() {
        assert_eq!(parsed(""), Ok(Command::Help(None)));
        assert_eq!(parsed("--help"), Ok(Command::Help(None)));
        assert_eq!(parsed("help lint"), Ok(Command::Help(Some(Topic::Lint))));
        assert_eq!(parsed("setup --help"), Ok(Command::Help(Some(Topic::Setup))));
    }

    #[test]
    fn what_follows_the_dashes_is_passed_on_unread() {
        let expected = vec!["-E".to_owned(), "test(mask)".to_owned(), "--help".to_owned()];
        assert_eq!(parsed("test -- -E test(mask) --help"), Ok(Command::Test { extra: expected }));
        assert_eq!(parsed("dist -- x"), Err(Usage::NoExtra(Topic::Dist)));
    }

    #[test]
    fn flags_and_steps_are_read() {
        assert_eq!(parsed("setup --cuda"), Ok(Command::Setup(Options { want: Want::Cuda })));
        let lint = lint::Options { steps: vec![lint::Step::Fmt, lint::Step::Deny], install: true };
        assert_eq!(parsed("lint fmt --install deny"), Ok(Command::Lint(lint)));
    }

    #[test]
    fn numbers_of_the_kill_test_are_read() {
        let options = |kills, seed| Ok(Command::KillTest(kill_test::Options { kills, seed }));
        assert_eq!(parsed("kill-test"), options(500, 1));
        assert_eq!(parsed("kill-test --seed 7 --kills 60"), options(60, 7));
        let (task, argument) = (Topic::KillTest, "--kills".to_owned());
        assert_eq!(parsed("kill-test --kills many"), Err(Usage::NoNumber { task, argument }));
        let argument = "--kill".to_owned();
        assert_eq!(parsed("kill-test --kill 1"), Err(Usage::UnknownArgument { task, argument }));
    }

    #[test]
    fn what_is_not_known_is_an_error_that_names_it() {
        assert_eq!(parsed("tset"), Err(Usage::UnknownTask("tset".into())));
        let error = parsed("test mask").expect_err("a filter without dashes");
        assert_eq!(error.to_string(), "`cargo xtask test` does not know `mask`");
        assert!(parsed("lint frob").is_err());
    }
}
