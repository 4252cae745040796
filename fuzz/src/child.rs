//! Tries a range of inputs and says on stdout what came of them.

use std::io::Write;
use std::process::{ExitCode, exit};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use jackpot_fuzz::Target;
use jackpot_fuzz::mutate::input;
use jackpot_fuzz::trial::{PATIENCE, root, trial};

use crate::Options;

/// The exit code after an input that never came to an end.
pub const HANGS: i32 = 9;

/// The number under way.
static AT: AtomicU64 = AtomicU64::new(0);

/// Lines: `fault NUMBER WORDS` for each that is found, and at the end
/// `done TAKEN MEMORY`, the largest memory of one execution.
pub fn run(options: &Options) -> ExitCode {
    let target = options.target.as_deref().and_then(Target::find);
    let (Some(target), Some((first, end))) = (target, options.child) else {
        return ExitCode::from(2);
    };
    // A panic is a finding, which is told in one line.
    std::panic::set_hook(Box::new(|_| {}));
    let samples = (target.samples)(&root());
    watch(first);
    let (mut taken, mut memory) = (0_u64, 0);
    for number in first..end {
        AT.store(number, Ordering::Relaxed);
        if options.each {
            say(&format!("at {number}"));
        }
        let outcome = trial(target, &input(&samples, options.seed, number));
        taken += u64::from(outcome.taken);
        memory = outcome.memory.max(memory);
        if let Some(fault) = outcome.fault {
            say(&format!("fault {number} {fault}"));
        }
    }
    say(&format!("done {taken} {memory}"));
    ExitCode::SUCCESS
}

fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// Ends the process if one input takes far too long.
fn watch(first: u64) {
    thread::spawn(move || {
        let (mut last, mut since) = (first, Instant::now());
        loop {
            thread::sleep(Duration::from_millis(500));
            let now = AT.load(Ordering::Relaxed);
            if now != last {
                (last, since) = (now, Instant::now());
            } else if since.elapsed() > 2 * PATIENCE {
                say(&format!("fault {now} hangs for {} s", since.elapsed().as_secs()));
                exit(HANGS);
            }
        }
    });
}
