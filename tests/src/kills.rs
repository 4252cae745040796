//! Kills a run again and again, at random moments and at places named in the program, and goes on
//! with it each time; at the end its files have to be those of a run that nobody disturbed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use crate::config::Config;
use crate::install::install;
use crate::process::Running;
use crate::{Sandbox, data, files};

/// The places at which the program can be made to die, in the order in which a run passes them
/// for the first time.
const POINTS: [&str; 14] = [
    "lease-locked",
    "file-rename",
    "lease-taken",
    "checkpoint-begin",
    "batch",
    "checkpoint-half",
    "checkpoint-written",
    "checkpoint-renamed",
    "evaluation",
    "job-rename",
    "job-renamed",
    "pruning",
    "init",
    "report-rename",
];

/// Passes of a place before the deadly one, at most: a run has so many that this is soon.
const PASSES: u64 = 6;

/// A run in which everything is on: a rewound draw, and recipes with all kinds of tweaks, a
/// teacher, and masks that move.
pub fn config() -> Config {
    let all = "levels = [1]
activation = \"pswish\"
skip = { plugin = \"ghost-skip\", params = { fade = \"1ep\" } }
init = { plugin = \"lrsi\", params = { iterations = 2, batch_size = 16 } }
loss = \"label-smoothing\"
augmentation = [\"crop-flip\", \"mixup\"]";
    let kd = "levels = [1]\nteacher = \"dense\"\nloss = \"kd\"\noptimizer = \"adamw\"";
    let rigl = "levels = [1]
update = { plugin = \"rigl\", params = { every = \"2it\", stop = \"5it\" } }";
    Config::default()
        .train("lr_schedule = \"cosine\"\naugmentation = \"crop-flip\"")
        .draw("levels = 1\nrewind = \"2it\"")
        .spend("all", all)
        .spend("kd", kd)
        .spend("rigl", rigl)
}

/// What is compared of a run: every file, but for the times, and the config with its own path.
pub fn of_run(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = files::reproducible(run);
    found.remove("config.toml");
    found
}

/// Numbers that look random and are the same for the same seed (SplitMix64).
#[derive(Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// From 0 to below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }
}

/// What a campaign came to.
#[derive(Debug, Default)]
pub struct Tally {
    /// Processes that were killed.
    pub kills: u64,
    /// Of these, at each place.
    pub at: BTreeMap<&'static str, u64>,
    /// Of these, while another process worked on the same run.
    pub beside_another: u64,
    /// Runs that came to their end, and were compared.
    pub runs: u64,
}

impl Tally {
    fn of_both(mut self, other: Self) -> Self {
        self.kills += other.kills;
        self.beside_another += other.beside_another;
        self.runs += other.runs;
        for (point, count) in other.at {
            *self.at.entry(point).or_default() += count;
        }
        self
    }

    /// The places at which nothing died.
    pub fn spared(&self) -> BTreeSet<&'static str> {
        POINTS.into_iter().filter(|point| !self.at.contains_key(point)).collect()
    }
}

/// Kills that many processes, in two runs at a time; every run that ends has to equal
/// `undisturbed`. The first run passes every place once.
pub fn campaign(kills: u64, seed: u64, undisturbed: &BTreeMap<String, Vec<u8>>) -> Tally {
    thread::scope(|scope| {
        let halves = [kills / 2, kills - kills / 2];
        let threads: Vec<_> = halves
            .into_iter()
            .zip(0..)
            .map(|(kills, half)| {
                scope.spawn(move || {
                    let mut dice = Dice(seed + half);
                    let mut tally = Tally::default();
                    let mut points = if half == 0 { POINTS.to_vec() } else { Vec::new() };
                    while tally.kills < kills || !points.is_empty() {
                        one_run(&mut dice, &mut tally, kills, &mut points, undisturbed);
                    }
                    tally
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .reduce(Tally::of_both)
            .unwrap_or_default()
    })
}

/// The most kills in one run: then it is left to come to its end.
const OF_ONE_RUN: u64 = 30;

fn one_run(
    dice: &mut Dice,
    tally: &mut Tally,
    kills: u64,
    points: &mut Vec<&'static str>,
    undisturbed: &BTreeMap<String, Vec<u8>>,
) {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.config(&config());
    let before = tally.kills;
    loop {
        let enough = tally.kills >= kills || tally.kills - before >= OF_ONE_RUN;
        let ended = match (points.is_empty(), enough) {
            (true, true) => {
                start(&sandbox, dice, None).wait().expect(0);
                true
            }
            (false, _) => {
                let point = points.remove(0);
                let ended = at_point(&sandbox, tally, (point, 1));
                assert!(!ended, "the run ends before it comes to {point}");
                ended
            }
            (true, false) => match dice.below(4) {
                0 => {
                    let point = POINTS[dice.below(POINTS.len() as u64) as usize];
                    let passes = 1 + dice.below(PASSES);
                    at_point(&sandbox, tally, (point, passes))
                }
                1 => two(&sandbox, dice, tally),
                _ => at_random(&sandbox, dice, tally),
            },
        };
        if ended {
            break;
        }
    }
    tally.runs += 1;
    let found = of_run(&sandbox.at("runs/tiny"));
    if found != *undisturbed {
        keep(&sandbox);
    }
    files::assert_same(&found, undisturbed);
}

/// A run that went wrong stays, with what its processes were told, for whoever looks for the reason.
fn keep(sandbox: &Sandbox) {
    let kept = install().scratch.join(format!("kills-failed-{}", std::process::id()));
    files::copy(sandbox.path(), &kept);
    eprintln!("the run was kept: {}", kept.display());
}

/// A process that saves its state so often that some kill meets every moment of that.
fn start(sandbox: &Sandbox, dice: &mut Dice, point: Option<(&str, u64)>) -> Running {
    let often = ["1it", "2it", "1ep", "auto", "30s"][dice.below(5) as usize];
    process(sandbox, often, point.map(|(name, count)| format!("{name}:{count}")))
}

fn process(sandbox: &Sandbox, often: &str, point: Option<String>) -> Running {
    let program = sandbox.jackpot(&["run", "tiny.toml", "-q", "--checkpoint", often]);
    let (running, point) = match point {
        Some(point) => (program.env("JACKPOT_FAILPOINT", &point).start(), point),
        None => (program.start(), "-".to_owned()),
    };
    note(sandbox, &format!("start {} --checkpoint {often} at {point}", running.pid()));
    running
}

/// What was done with a run, and when, beside it.
fn note(sandbox: &Sandbox, what: &str) {
    let path = sandbox.at("kills.txt");
    let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    writeln!(file, "{:.3} {what}", now.as_secs_f64()).unwrap();
}

/// Whether the run is at its end; a kill is counted.
fn ended(sandbox: &Sandbox, running: Running, tally: &mut Tally) -> bool {
    let pid = running.pid();
    let ran = running.wait();
    note(sandbox, &format!("end {pid} with {}", ran.code));
    match ran.code {
        0 => true,
        137 => {
            tally.kills += 1;
            false
        }
        _ => panic!("neither killed nor done\n{ran}"),
    }
}

fn at_point(sandbox: &Sandbox, tally: &mut Tally, (point, passes): (&'static str, u64)) -> bool {
    // In every step a state: otherwise some places are rare.
    let often = if point.starts_with("checkpoint") { "1it" } else { "auto" };
    let running = process(sandbox, often, Some(format!("{point}:{passes}")));
    let ended = ended(sandbox, running, tally);
    if !ended {
        *tally.at.entry(point).or_default() += 1;
    }
    ended
}

/// A moment of a process that would need about two seconds.
fn moment(dice: &mut Dice) -> Duration {
    Duration::from_millis(300 + dice.below(2500))
}

fn at_random(sandbox: &Sandbox, dice: &mut Dice, tally: &mut Tally) -> bool {
    let mut running = start(sandbox, dice, None);
    thread::sleep(moment(dice));
    kill(&mut running);
    ended(sandbox, running, tally)
}

fn kill(running: &mut Running) {
    if !running.has_ended() {
        running.signal(libc::SIGKILL);
    }
}

/// Two processes share the run; one is killed, at a place or at some moment, and then the other.
fn two(sandbox: &Sandbox, dice: &mut Dice, tally: &mut Tally) -> bool {
    let point = POINTS[dice.below(POINTS.len() as u64) as usize];
    let planned = (dice.below(2) == 0).then_some((point, 1 + dice.below(PASSES)));
    let (mut first, mut second) = (start(sandbox, dice, planned), start(sandbox, dice, None));
    thread::sleep(moment(dice));
    kill(&mut first);
    let beside = !second.has_ended();
    let before = tally.kills;
    let first = ended(sandbox, first, tally);
    if beside {
        tally.beside_another += tally.kills - before;
    }
    thread::sleep(Duration::from_millis(dice.below(1500)));
    kill(&mut second);
    // One that was killed while the other ended may have left something behind.
    ended(sandbox, second, tally) && first
}
