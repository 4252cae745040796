//! Plugin files that are none, and files that change while they are in use.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use jackpot_tests::config::Config;
use jackpot_tests::install::install;
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

/// Names an item of the file in a config; fails unless that is refused with nothing written.
#[track_caller]
fn refused(sandbox: &Sandbox) -> String {
    sandbox.config(&Config::default().train("activation = \"own/libown.so:swish\""));
    let ran = sandbox.jackpot(&["run", "tiny.toml"]).run().expect(1).fits_on_a_screen();
    assert!(!sandbox.at("runs").exists(), "something was written: {ran}");
    sandbox.relative(&ran.stderr)
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
    let expected = "error: ./own/libown.so cannot be used as a plugin: the file is empty; copy it \
                    again\n";
    assert_eq!(refused(&sandbox), expected);
    let ran = ignored(&sandbox);
    assert!(ran.stderr.contains("libown.so cannot be used as a plugin"), "a warning: {ran}");
}

#[test]
fn a_text_file() {
    let sandbox = with_file("#!/bin/sh\necho hello\n");
    let expected = "error: ./own/libown.so cannot be used as a plugin: it is no ELF file (it \
                    begins with `#!/bin/sh.echo h`); a plugin is a shared library (`.so`)\n";
    assert_eq!(refused(&sandbox), expected);
    ignored(&sandbox);
}

#[test]
fn a_truncated_file_at_ten_cut_points() {
    let whole = swish();
    let cuts = (1..=10).map(|tenth| whole.len() * tenth / 11);
    for length in cuts.chain([4, 40, 64, 1000, whole.len() - 1]) {
        let sandbox = with_file(&whole[..length]);
        let text = refused(&sandbox);
        let start = "error: ./own/libown.so cannot be used as a plugin: ";
        assert!(text.starts_with(start) && text.contains("cop"), "{length} bytes: {text}");
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
    let text = refused(&sandbox);
    let expected = "error: ./own/libown.so cannot be used as a plugin: it is a shared library, but \
                    no Jackpot plugin: it does not export ";
    assert!(text.starts_with(expected) && text.contains("export_plugin!"), "{text}");
    let ran = ignored(&sandbox);
    assert!(!ran.stderr.contains("libown.so"), "any library may lie there: {ran}");
}

#[test]
fn an_executable_and_another_machines_library() {
    let text = refused(&with_file(fs::read("/proc/self/exe").unwrap()));
    assert!(text.contains("it does not export"), "{text}");
    let mut other = swish();
    other[18] = 183;
    let text = refused(&with_file(other));
    let expected = "it was built for aarch64, this host runs on x86-64; build it for x86-64";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn another_abi() {
    let mut bytes = swish();
    let stamp = b"jackpot-plugin abi=1 api=";
    let places: Vec<_> =
        (0..bytes.len() - 64).filter(|&at| bytes[at..].starts_with(stamp)).collect();
    assert!(!places.is_empty());
    for place in places {
        bytes[place + stamp.len() - 6] = b'7';
    }
    let expected = "error: ./own/libown.so cannot be used as a plugin: it was built for plugin ABI \
                    7 (jackpot-plugin-api 0.1.0), this host has ABI 1; update Jackpot\n";
    assert_eq!(refused(&with_file(bytes)), expected);
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
