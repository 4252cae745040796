//! What fuzzing once found, and a little fuzzing.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use jackpot_fuzz::count::Counting;
use jackpot_fuzz::mutate::input;
use jackpot_fuzz::trial::{root, trial};
use jackpot_fuzz::{TARGETS, Target};

#[global_allocator]
static COUNTING: Counting = Counting;

/// Files `regressions/TARGET/NAME`: each once made its reader panic, hang or take too much memory.
#[test]
fn what_was_found_once_is_survived() {
    for folder in fs::read_dir(root().join("fuzz/regressions")).unwrap().flatten() {
        let name = folder.file_name().into_string().unwrap();
        let Some(target) = Target::find(&name) else { continue };
        for entry in fs::read_dir(folder.path()).unwrap().flatten() {
            let bytes = fs::read(entry.path()).unwrap();
            let outcome = trial(target, &bytes);
            assert_eq!(outcome.fault, None, "{}", entry.path().display());
        }
    }
}

/// A few hundred fresh inputs each; `cargo xtask fuzz` does millions.
#[test]
fn readers_survive_spoilt_files() {
    for target in &TARGETS {
        let samples = (target.samples)(&root());
        for number in 0..300 {
            let outcome = trial(target, &input(&samples, 7, number));
            assert_eq!(outcome.fault, None, "{} number {number} of seed 7", target.name);
        }
    }
}

/// The counter counts, or the bounds above say nothing.
#[test]
fn memory_is_counted() {
    let (kept, peak) = jackpot_fuzz::count::peak(|| {
        drop(std::hint::black_box(vec![0_u8; 1 << 20]));
        std::hint::black_box(vec![1_u8; 1 << 16])
    });
    assert!((1 << 20..(1 << 20) + 4096).contains(&peak), "{peak}");
    assert_eq!(kept.len(), 1 << 16);
}
