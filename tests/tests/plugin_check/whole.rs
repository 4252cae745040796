//! Usage, the text, and all plugins that come along.

use std::sync::Mutex;
use std::thread;

use jackpot_tests::install::{first_party, install};
use jackpot_tests::{Program, Sandbox};
use serde_json::Value;

use crate::found::{check, found};

#[test]
fn usage_and_files_that_are_no_plugins() {
    check(&["--item", "nobody"]).run().expect(2).says(&["has no such item; it has: architecture "]);
    check(&["--params", "{ how = 'nan' }"]).run().expect(2).says(&["choose it with --item"]);
    check(&["--params", "how = nan"]).run().expect(2).says(&["write a TOML table"]);
    check(&["--timeout", "0"]).run().expect(2).says(&["--timeout 0: give seconds"]);
    let sandbox = Sandbox::new();
    sandbox.write("empty.so", "");
    let ran = sandbox.jackpot(&["plugin", "check", "empty.so"]).run().expect(1);
    assert!(ran.stdout.contains("error    file  the file is empty; copy it again"), "{ran}");
    let none = sandbox.jackpot(&["plugin", "check", "gone.so"]).run().expect(1);
    assert!(none.stdout.contains("it cannot be read"), "{none}");
    let wrong = found("activation", "learned-slope", "{ start = 7 }", &[]);
    wrong.says("error", "create", "parameter `start`: 7 is out of range");
}

#[test]
fn the_text_is_short_and_fits_on_80_columns() {
    let ran = check(&["--item", "soft-gate"]).env("COLUMNS", "80").run().expect(0);
    assert!(ran.stdout.contains("activation soft-gate with end = 4.0\n"), "{ran}");
    assert!(ran.stdout.contains("  ok       knobs     `beta` goes from 1 to 4\n"), "{ran}");
    assert!(ran.stdout.ends_with("\n1 item: nothing is wrong\n"), "{ran}");
    assert!(ran.stdout.lines().count() <= 24, "{ran}");
    let wide = |line: &&str| line.chars().count() > 80 && !line.contains(".so: ");
    assert_eq!(ran.stdout.lines().find(wide), None, "{ran}");
    assert_eq!(ran.stderr, "");
}

/// What makes a check of some plugins shorter.
fn less(plugin: &str) -> &'static [&'static str] {
    match plugin {
        // Its nine networks differ in depth and width alone.
        "resnet" => &["--item", "resnet8"],
        "lrsi" => &["--params", "{ iterations = 5 }"],
        "grasp" | "snip" => &["--params", "{ samples_per_class = 1 }"],
        _ => &[],
    }
}

#[test]
fn every_plugin_that_comes_along_passes() {
    let files = Mutex::new(first_party().iter());
    let work = || {
        loop {
            let Some(name) = files.lock().unwrap().next() else { return };
            let file = install().plugin(name);
            let program = Program::new().args(["plugin", "check", "--json"]).arg(file);
            let ran = program.args(less(name)).run();
            assert_eq!(ran.code, 0, "{ran}");
            let json: Value = serde_json::from_str(&ran.stdout).unwrap();
            assert_eq!(json["warnings"], 0, "{name}: {json:#}");
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
}
