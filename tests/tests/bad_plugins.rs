//! Plugin files that are none, and files that change while they are in use.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use jackpot_tests::config::Config;
use jackpot_tests::install::{install, kept};
use jackpot_tests::messages::tells;
use jackpot_tests::{Ran, Sandbox, data, files};

/// A sandbox whose folder `own` has `libown.so` with these bytes.
fn with_file(bytes: impl AsRef<[u8]>) -> Sandbox {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.write("own/libown.so", bytes);
    sandbox
}

fn swish() -> Vec<u8> {
    fs::read(install().plugin("swish")).unwrap()
}

/// Names an item of the file in a config; fails unless that is refused, with nothing written and in
/// the words of that name.
#[track_caller]
fn refused(sandbox: &Sandbox, name: &str) {
    sandbox.config(&Config::default().train("activation = \"own/libown.so:swish\""));
    let ran = sandbox.jackpot(&["run", "tiny.toml"]).run().expect(1).fits_on_a_screen();
    assert!(!sandbox.at("runs").exists(), "something was written: {ran}");
    tells("files", name, &ran, &sandbox.relative(&ran.stderr));
}

/// A broken file in a searched folder matters to nobody who does not need it.
#[track_caller]
fn ignored(sandbox: &Sandbox) -> Ran {
    sandbox.config(&Config::default().train("activation = \"swish\"").draw("levels = 0"));
    sandbox.jackpot(&["run", "tiny.toml", "--plugin-dir", "own"]).run().expect(0)
}

#[test]
fn an_empty_file() {
    let sandbox = with_file("");
    refused(&sandbox, "empty");
    let ran = ignored(&sandbox);
    assert!(ran.stderr.contains("libown.so cannot be used as a plugin"), "a warning: {ran}");
}

#[test]
fn a_text_file() {
    let sandbox = with_file("#!/bin/sh\necho hello\n");
    refused(&sandbox, "text");
    ignored(&sandbox);
}

#[test]
fn a_file_that_is_not_there() {
    let sandbox = with_file("");
    fs::remove_file(sandbox.at("own/libown.so")).unwrap();
    refused(&sandbox, "missing");
    fs::create_dir(sandbox.at("own/libown.so")).unwrap();
    refused(&sandbox, "folder");
}

#[test]
fn a_file_cut_off_at_every_twentieth_of_its_length() {
    // The kept file, so that each cut says the same on every machine.
    let whole = fs::read(kept("1/libreference.so")).unwrap();
    for percent in (5..100).step_by(5) {
        let sandbox = with_file(&whole[..whole.len() * percent / 100]);
        refused(&sandbox, &format!("cut at {percent:02} %"));
    }
    for length in [4, 40, 64, 1000, whole.len() - 1] {
        let sandbox = with_file(&whole[..length]);
        refused(&sandbox, &format!("cut to {} bytes", length.min(1001)));
    }
    ignored(&with_file(&whole[..whole.len() / 2]));
}

#[test]
fn several_broken_files_are_all_named() {
    let sandbox = with_file("");
    sandbox.write("own/libtext.so", "hello");
    let config = Config::default().train("activation = \"own/libown.so:swish\"");
    sandbox.config(&config.spend("other", "loss = \"own/libtext.so:kd\""));
    let ran = sandbox.jackpot(&["run", "tiny.toml"]).run().expect(1).fits_on_a_screen();
    let expected = "\
error: ./own/libown.so cannot be used as a plugin: the file is empty; copy it again
./own/libtext.so cannot be used as a plugin: it is no ELF file (it begins with `hello`); a plugin \
                    is a shared library (`.so`)
";
    assert_eq!(sandbox.relative(&ran.stderr), expected);
}

#[test]
fn an_unrelated_library() {
    let sandbox = with_file(fs::read(install().plugin("unrelated")).unwrap());
    refused(&sandbox, "unrelated library");
    let ran = ignored(&sandbox);
    assert!(!ran.stderr.contains("libown.so"), "any library may lie there: {ran}");
}

#[test]
fn an_executable_and_other_machines_libraries() {
    refused(&with_file(fs::read("/proc/self/exe").unwrap()), "executable");
    refused(&with_file(fs::read(kept("foreign/libaarch64.so")).unwrap()), "aarch64");
    let changed = |place: usize, value: u8| {
        let mut bytes = swish();
        bytes[place] = value;
        with_file(bytes)
    };
    refused(&changed(18, 243), "RISC-V");
    refused(&changed(18, 22), "another machine");
    refused(&changed(4, 1), "32 bits");
    refused(&changed(16, 1), "object file");
}

#[test]
fn a_library_without_one_of_the_symbols() {
    let without = |symbol: &str| {
        let mut bytes = swish();
        replace(&mut bytes, symbol.as_bytes(), &symbol.replace('_', "-").into_bytes());
        with_file(bytes)
    };
    refused(&without("JACKPOT_PLUGIN_STAMP"), "no stamp");
    refused(&without("_1as_0lib_1header_0root_bmodule_bloader"), "no root");
}

/// Writes over every place where the bytes are; fails if there is none.
#[track_caller]
fn replace(bytes: &mut [u8], old: &[u8], new: &[u8]) {
    assert_eq!(old.len(), new.len());
    let places: Vec<_> = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(old)).collect();
    assert!(!places.is_empty());
    for place in places {
        bytes[place..place + new.len()].copy_from_slice(new);
    }
}

/// The plugin `swish` with another version stamp.
fn stamped(abi: &str, api: &str) -> Sandbox {
    let mut bytes = swish();
    let old = b"jackpot-plugin abi=1 api=0.1.0\0\0\0\0\0\0\0\0";
    let mut new = format!("jackpot-plugin abi={abi} api={api}").into_bytes();
    new.resize(old.len(), 0);
    replace(&mut bytes, old, &new);
    with_file(bytes)
}

#[test]
fn other_abis() {
    refused(&stamped("0", "0.0.9"), "older ABI");
    refused(&stamped("2", "0.9.0"), "newer ABI");
    refused(&stamped("117", "31.4.15"), "far newer ABI");
    refused(&stamped("one", "0.1.0"), "unreadable ABI");
}

#[test]
fn a_file_that_says_nothing_or_one_name_twice() {
    refused(&with_file(fs::read(install().plugin("doubled")).unwrap()), "a name twice");
    refused(&with_file(fs::read(install().plugin("speechless")).unwrap()), "no manifest");
}

#[test]
fn an_item_that_the_file_does_not_have() {
    let sandbox = with_file(swish());
    sandbox.config(&Config::default().train("activation = \"own/libown.so:swsh\""));
    let ran = sandbox.jackpot(&["run", "tiny.toml"]).run().fits_on_a_screen();
    // Where the lines break depends on where the test runs.
    ran.expect(2).says(&["there is no activation named `swsh` in ", "did you mean `swish`?"]);
    // It is there, and of another kind.
    sandbox.config(&Config::default().train("loss = \"own/libown.so:swish\""));
    let ran = sandbox.jackpot(&["run", "tiny.toml"]).run().fits_on_a_screen();
    ran.expect(2).says(&["`swish` is no loss", "its kind is activation"]);
}

#[test]
fn a_file_that_is_overwritten_during_a_run() {
    // One byte more than the fixtures' own file, so that it is this one that is loaded.
    let original = [fs::read(install().plugin("fixtures")).unwrap(), vec![0]].concat();
    let sandbox = with_file(&original);
    let slow = "{ plugin = \"own/libown.so:slow\", params = { milliseconds = 100 } }";
    let config = Config::default()
        .train(&format!("augmentation = {slow}\nactivation = \"own/libown.so:learned-slope\""))
        .draw("levels = 1");
    sandbox.config(&config);
    let running = sandbox.start(&[]);
    // In place, so that a mapped file would change under the program's feet.
    let file = fs::OpenOptions::new().write(true).open(sandbox.at("own/libown.so")).unwrap();
    std::io::Write::write_all(&mut &file, &vec![0xff; original.len()]).unwrap();
    file.set_len(1000).unwrap();
    running.wait().expect(0);
    let kept = files::contents(&sandbox.at("runs/tiny/plugins"));
    assert!(kept.values().any(|bytes| *bytes == original), "the run has the file it used");
}

#[test]
fn two_files_with_one_name() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let twin = install().folder("twin");
    let twin = twin.to_str().unwrap();
    let config = Config::default().draw("levels = 0");
    sandbox.config(&config.clone().train("activation = \"safe-log\""));
    let ran = sandbox.with_fixtures(&["run", "tiny.toml", "--plugin-dir", twin]).run();
    let ran = ran.expect(2).fits_on_a_screen();
    let [first, second] = ["twin", "fixtures"]
        .map(|name| install().plugin(name).canonicalize().unwrap().to_str().unwrap().to_owned());
    let expected = format!(
        "error: activation `safe-log` is in two different files:\n  {first}\n  {second}\n\
         Name one of them in the config: plugin = \"{first}:safe-log\"\n"
    );
    assert_eq!(ran.stderr, expected);
    assert!(!sandbox.at("runs").exists());
    // Named, either can be used; and whoever needs neither is not asked.
    for name in ["twin", "fixtures"] {
        let file = install().plugin(name);
        let line = format!("activation = \"{}:safe-log\"", file.display());
        sandbox.config(&config.clone().train(&line));
        let out = format!("runs/{name}");
        let args = ["run", "tiny.toml", "--plugin-dir", twin, "--out", &out];
        sandbox.with_fixtures(&args).run().expect(0);
    }
    let model = |name: &str| {
        fs::read(sandbox.at(&format!("runs/{name}/draw/imp/seed-1/level-00/model.safetensors")))
    };
    assert_ne!(model("twin").unwrap(), model("fixtures").unwrap(), "each is the one named");
    sandbox.config(&config);
    sandbox.with_fixtures(&["run", "tiny.toml", "--plugin-dir", twin]).run().expect(0);
}

#[test]
fn identical_files_are_one() {
    let sandbox = with_file(swish());
    ignored(&sandbox);
    let line = "activation = \"own/libown.so:swish\"";
    sandbox.config(&Config::default().train(line).draw("levels = 0"));
    let ran = sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    ran.says(&["all done"]);
}
