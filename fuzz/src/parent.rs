//! Hands out ranges of inputs to children, collects what they find, and writes it down.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use jackpot_fuzz::mutate::input;
use jackpot_fuzz::targets::SHARES;
use jackpot_fuzz::trial::root;
use jackpot_fuzz::{TARGETS, Target};

use crate::Options;
use crate::child::HANGS;

/// Inputs of one child.
const RANGE: u64 = 100_000;
/// A target with so many findings is given up: they are mostly one.
const ENOUGH: usize = 20;

/// What came of a target.
#[derive(Debug, Default)]
struct Tally {
    executions: u64,
    taken: u64,
    memory: usize,
    faults: Vec<(u64, String)>,
}

/// How a child ended.
struct Ended {
    /// The last number that it had begun, if it says each.
    at: Option<u64>,
    whole: bool,
    code: String,
    hangs: bool,
}

pub fn run(options: &Options) -> ExitCode {
    if let Some((name, number)) = &options.input {
        let Some(target) = Target::find(name) else { return ExitCode::from(2) };
        let bytes = input(&(target.samples)(&root()), options.seed, *number);
        let _ = std::io::stdout().write_all(&bytes);
        return ExitCode::SUCCESS;
    }
    let wanted = |target: &&Target| options.target.as_ref().is_none_or(|it| it == target.name);
    let targets: Vec<&Target> = TARGETS.iter().filter(wanted).collect();
    let shares = if options.target.is_some() { 0 } else { SHARES };
    println!(
        "{:12} {:>11} {:>11} {:>9} {:>12}  findings",
        "target", "executions", "taken", "a second", "memory, most"
    );
    let (mut total, mut found) = (0, 0);
    for target in targets {
        let share =
            (options.executions * target.share).checked_div(shares).unwrap_or(options.executions);
        let begun = Instant::now();
        let tally = fuzz(target, options.seed, share);
        let speed = tally.executions as f64 / begun.elapsed().as_secs_f64();
        println!(
            "{:12} {:>11} {:>11} {speed:>9.0} {:>12}  {}",
            target.name,
            tally.executions,
            tally.taken,
            tally.memory,
            tally.faults.len()
        );
        for (number, words) in &tally.faults {
            println!("  {}: {words}", keep(target, options.seed, *number).display());
        }
        total += tally.executions;
        found += tally.faults.len();
    }
    println!("together     {total:>11} executions, {found} findings, seed {}", options.seed);
    if found == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn fuzz(target: &Target, seed: u64, executions: u64) -> Tally {
    let mut tally = Tally::default();
    let mut first = 0;
    while first < executions && tally.faults.len() < ENOUGH {
        let end = executions.min(first + RANGE);
        let ended = child(target, seed, first..end, false, &mut tally);
        first = match ended {
            Ended { whole: true, .. } => end,
            // It said where.
            Ended { hangs: true, .. } => tally.faults.last().map_or(end, |(number, _)| number + 1),
            Ended { code, .. } => {
                // Once more, and say each number: the last one is it.
                let mut again = Tally::default();
                match child(target, seed, first..end, true, &mut again).at {
                    Some(number) => {
                        tally.faults.push((number, format!("death: {code}")));
                        number + 1
                    }
                    None => end,
                }
            }
        };
        tally.executions = first;
    }
    tally
}

fn child(
    target: &Target,
    seed: u64,
    range: std::ops::Range<u64>,
    each: bool,
    tally: &mut Tally,
) -> Ended {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--target", target.name, "--seed", &seed.to_string(), "--child"]);
    command.args([range.start.to_string(), range.end.to_string()]);
    command.args(each.then_some("--each"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (mut at, mut whole) = (None, false);
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        let mut words = line.splitn(3, ' ');
        let what = words.next().unwrap_or_default();
        let number = words.next().and_then(|word| word.parse::<u64>().ok()).unwrap_or_default();
        let rest = words.next().unwrap_or_default();
        match what {
            "at" => at = Some(number),
            "fault" => tally.faults.push((number, rest.to_owned())),
            "done" => {
                whole = true;
                tally.taken += number;
                tally.memory = tally.memory.max(rest.parse().unwrap_or_default());
            }
            _ => {}
        }
    }
    let status = child.wait().unwrap();
    Ended { at, whole, code: status.to_string(), hangs: status.code() == Some(HANGS) }
}

/// Writes an input where it can be looked at.
fn keep(target: &Target, seed: u64, number: u64) -> PathBuf {
    let folder = root().join("target/fuzz");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{}-{seed}-{number}", target.name));
    fs::write(&path, input(&(target.samples)(&root()), seed, number)).unwrap();
    path
}
