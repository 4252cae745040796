//! What a person sees of a run, in a real terminal: tmux. And what is written where colours, signs
//! beyond ASCII or the terminal itself are not to be had.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::File;
use std::io::Read;
use std::os::fd::{FromRawFd, OwnedFd};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use jackpot_tests::config::Config;
use jackpot_tests::install::install;
use jackpot_tests::tmux::Pane;
use jackpot_tests::{Sandbox, data};

/// Six trainings of half a second or more, and three that are linked.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let slow = "augmentation = { plugin = \"slow\", params = { milliseconds = 120 } }";
    let config = Config::default().train(slow).spend("vanilla", "");
    sandbox.config(&config.spend("with-a-rather-long-name", "activation = \"mish\""));
    sandbox
}

/// The program with arguments, as one types it.
fn typed(sandbox: &Sandbox, environment: &str, args: &str) -> String {
    let (folder, binary) = (sandbox.path().display(), install().binary.display());
    let plugins = install().folder("fixtures");
    let plugins = plugins.display();
    format!("cd {folder}; env {environment} {binary} {args} --plugin-dir {plugins}")
}

/// How many lines of a picture have a text.
fn count(picture: &str, text: &str) -> usize {
    picture.lines().filter(|line| line.contains(text)).count()
}

/// Every message of the run is there once.
#[track_caller]
fn whole(picture: &str) {
    for number in 1..=9 {
        assert_eq!(count(picture, &format!("[{number}/9]")), 1, "{picture}");
    }
    for line in ["9 jobs to do", "results.csv"] {
        assert_eq!(count(picture, line), 1, "{line}\n{picture}");
    }
}

#[test]
fn bars_leave_nothing_and_take_nothing_when_the_terminal_becomes_wider() {
    let sandbox = sandbox();
    let command = typed(&sandbox, "LANG=C.UTF-8", "run tiny.toml");
    let Some(pane) = Pane::open((50, 24), &command) else { return };
    pane.wait_for("jobs 1/9");
    for size in [(80, 24), (120, 40), (200, 60)] {
        pane.resize(size);
        thread::sleep(Duration::from_millis(600));
        let picture = pane.picture();
        assert!(count(&picture, "epoch ") <= 1, "{picture}");
    }
    let picture = pane.wait_for("over 0");
    whole(&picture);
    assert!(!picture.contains('━') && !picture.contains("epoch "), "{picture}");
}

/// tmux tells a program its new width a quarter of a second late. Bars that are drawn meanwhile are
/// broken and stay; but no message goes.
#[test]
fn bars_take_nothing_when_the_terminal_becomes_narrower() {
    let sandbox = sandbox();
    let command = typed(&sandbox, "LANG=C.UTF-8", "run tiny.toml");
    let Some(pane) = Pane::open((120, 60), &command) else { return };
    pane.wait_for("jobs 1/9");
    for size in [(60, 60), (30, 60)] {
        pane.resize(size);
        thread::sleep(Duration::from_millis(600));
    }
    pane.resize((100, 60));
    whole(&pane.wait_for("over 0"));
}

#[test]
fn no_color_has_no_colours_and_a_locale_without_utf_8_only_ascii() {
    let sandbox = sandbox();
    for (environment, out) in [("LANG=C NO_COLOR=1", "one"), ("LANG=C TERM=dumb", "two")] {
        let command = typed(&sandbox, environment, &format!("run tiny.toml --out runs/{out}"));
        let Some(pane) = Pane::open((80, 24), &command) else { return };
        let under_way = pane.wait_for("[1/9]");
        let over = pane.wait_for("over 0");
        for picture in [under_way, over] {
            assert!(!picture.contains('\x1b'), "{environment}\n{picture}");
            assert!(picture.is_ascii(), "{environment}\n{picture}");
        }
        let wrong = typed(&sandbox, environment, "run tiny.toml --set train.epochs=0");
        let pane = Pane::open((80, 24), &wrong).unwrap();
        let picture = pane.wait_for("over 2");
        assert!(picture.contains("out of range"), "{picture}");
        assert!(picture.is_ascii() && !picture.contains('\x1b'), "{environment}\n{picture}");
    }
}

/// Without a terminal nothing has escape sequences, whatever the environment says.
#[test]
fn no_output_that_goes_elsewhere_has_escape_sequences() {
    let sandbox = sandbox();
    sandbox.with_fixtures(&["run", "tiny.toml"]).run().expect(0);
    for args in [
        &["status", "runs/tiny"][..],
        &["report", "runs/tiny"],
        &["plan", "tiny.toml"],
        &["config", "check", "tiny.toml"],
        &["config", "check", "nothing.toml"],
        &["run", "tiny.toml", "--set", "train.epochs=0"],
        &["plugin", "list"],
        &["plugin", "info", "mish"],
        &["data", "list"],
        &["data", "check", "data.safetensors"],
        &["eval", "runs/tiny"],
        &["verify", "runs/tiny"],
        &["--help"],
        &["run", "--helq"],
    ] {
        let ran = sandbox.with_fixtures(args).env("TERM", "xterm-256color").run();
        assert!(!ran.stdout.contains('\x1b') && !ran.stderr.contains('\x1b'), "{ran}");
    }
}

/// A terminal: its own end, and the one for a program.
fn terminal() -> [OwnedFd; 2] {
    let (mut own, mut other) = (-1, -1);
    let (name, termios, size) = (std::ptr::null_mut(), std::ptr::null(), std::ptr::null());
    // SAFETY: the two numbers are written to; nothing else is handed over.
    let answer = unsafe { libc::openpty(&raw mut own, &raw mut other, name, termios, size) };
    assert_eq!(answer, 0);
    // Or the program would hold both ends, and its terminal could not be closed.
    // SAFETY: the number is that of an open file.
    assert_eq!(unsafe { libc::fcntl(own, libc::F_SETFD, libc::FD_CLOEXEC) }, 0);
    // SAFETY: both were just opened and belong to nobody.
    [own, other].map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })
}

#[test]
fn a_terminal_that_is_closed_stops_no_run() {
    let sandbox = sandbox();
    let [own, other] = terminal();
    let mut child = Command::new(&install().binary)
        .args(["run", "tiny.toml", "--plugin-dir"])
        .arg(install().folder("fixtures"))
        .current_dir(sandbox.path())
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .stdout(File::create(sandbox.at("table.txt")).unwrap())
        .stderr(other)
        .spawn()
        .unwrap();
    let first = sandbox.at("runs/tiny/draw/imp/seed-1/level-00/job.json");
    let mut shown = File::from(own);
    while !first.exists() {
        // What nobody reads would soon make it wait; bars come five times a second.
        assert!(shown.read(&mut [0; 4096]).unwrap() > 0, "it ended before");
    }
    drop(shown);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let table = std::fs::read_to_string(sandbox.at("table.txt")).unwrap();
    assert!(table.contains("with-a-rather-long-name"), "{table}");
}
