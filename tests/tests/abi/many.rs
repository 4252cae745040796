//! Large files and many files.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jackpot_tests::config::Config;
use jackpot_tests::install::install;
use jackpot_tests::{Sandbox, data};
use serde_json::Value;

#[test]
fn a_file_of_fifty_items() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let folder = install().folder("many");
    let list = sandbox.jackpot(&["plugin", "list", "--json", "--plugin-dir"]).arg(&folder).run();
    let list: Value = serde_json::from_str(&list.expect(0).stdout).unwrap();
    let items = list["plugins"].as_array().unwrap().iter();
    assert_eq!(
        items.filter(|item| item["name"].as_str().unwrap().starts_with("p000-")).count(),
        50
    );
    // The first and the last are not mistaken for each other: x · 0 learns nothing, x · 49 does.
    let config = Config::default()
        .draw("levels = 0")
        .spend("first", "activation = \"p000-item-0\"\nepochs = 1")
        .spend("last", "activation = \"p000-item-49\"\nepochs = 1");
    sandbox.config(&config);
    sandbox.jackpot(&["run", "tiny.toml", "--plugin-dir"]).arg(&folder).run().expect(0);
    let state = |recipe: &str| {
        let job = format!("runs/tiny/spend/{recipe}/imp/seed-1/level-00/model.safetensors");
        jackpot_tests::tensors::read(&sandbox.at(&job))
    };
    assert_ne!(state("first")["linear.weight"], state("last")["linear.weight"]);
}

/// Wall time and the largest resident set of `plugin list` with that folder.
#[allow(clippy::zombie_processes, reason = "`wait4` waits for it, and says what it used")]
fn cost(sandbox: &Sandbox, folder: &str) -> (Duration, u64) {
    let begun = Instant::now();
    let mut command = Command::new(&install().binary);
    command.args(["plugin", "list", "--json", "--plugin-dir", folder]);
    command.current_dir(sandbox.path()).stdout(Stdio::null());
    let child = command.spawn().unwrap();
    let pid = libc::pid_t::try_from(child.id()).unwrap();
    // SAFETY: a usage is plain numbers, for which zeros are values.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    let mut status = 0;
    // SAFETY: the child is ours and not waited for elsewhere; the pointers are to locals.
    let waited = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
    assert_eq!((waited, status), (pid, 0));
    (begun.elapsed(), usage.ru_maxrss.cast_unsigned() * 1024)
}

#[test]
fn a_hundred_files_are_loaded_together() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let original = fs::read(install().plugin("many")).unwrap();
    fs::create_dir(sandbox.at("none")).unwrap();
    for number in 1..=100 {
        let mut bytes = original.clone();
        let name = format!("p{number:03}-");
        let places: Vec<_> =
            (0..bytes.len() - 5).filter(|&at| bytes[at..].starts_with(b"p000-")).collect();
        assert!(places.len() >= 50, "{}", places.len());
        for at in places {
            bytes[at..at + name.len()].copy_from_slice(name.as_bytes());
        }
        sandbox.write(&format!("own/lib{number:03}.so"), bytes);
    }
    let (alone, memory_alone) = cost(&sandbox, "none");
    let (all, memory_all) = cost(&sandbox, "own");
    let each = (all.saturating_sub(alone)) / 100;
    let memory_each = memory_all.saturating_sub(memory_alone) / 100;
    let size = original.len() as u64;
    println!("{each:?} and {memory_each} bytes for each file of {size} bytes");
    // A file is read, hashed and mapped; some are there twice for a moment.
    assert!(each < Duration::from_millis(100), "{each:?} for each file");
    assert!(memory_each < 4 * size + 1_000_000, "{memory_each} bytes for each of {size} bytes");
    // Each is itself.
    let config = Config::default()
        .draw("levels = 0")
        .spend("a", "activation = \"p001-item-7\"\nepochs = 1")
        .spend("b", "activation = \"p100-item-7\"\nepochs = 1");
    sandbox.config(&config);
    sandbox.jackpot(&["run", "tiny.toml", "--plugin-dir", "own"]).run().expect(0);
    let files = jackpot_tests::files::contents(&sandbox.at("runs/tiny/plugins"));
    let has = |name: &[u8]| files.values().any(|bytes| bytes.windows(5).any(|part| part == name));
    assert!(has(b"p001-") && has(b"p100-") && !has(b"p002-"));
}
