//! What happens to files while nobody looks: damaged states, folders that moved or may not be
//! written, a config that was edited half-way. The right outcome or one clear error, and nothing
//! lost.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jackpot_tests::config::Config;
use jackpot_tests::install::install;
use jackpot_tests::shared::shared;
use jackpot_tests::{Program, Ran, Sandbox, data, files};

/// A draw that rewinds to a point of its dense training, and one recipe.
fn config() -> Config {
    Config::default()
        .draw("levels = 1\nrewind = \"2it\"")
        .spend("mish", "levels = [1]\nactivation = \"mish\"")
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.config(&config());
    sandbox
}

fn of_run(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = files::reproducible(run);
    found.remove("config.toml");
    found
}

fn undisturbed() -> BTreeMap<String, Vec<u8>> {
    let folder = shared("faults-undisturbed", |sandbox| {
        data::tensors(sandbox);
        sandbox.config(&config());
        sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    });
    of_run(&folder.join("runs/tiny"))
}

fn run(sandbox: &Sandbox) -> Program {
    sandbox.jackpot(&["run", "tiny.toml"])
}

/// A run that died at a place after so many passes, with a state after every step.
fn died(point: &str) -> Sandbox {
    let sandbox = sandbox();
    let program = run(&sandbox).args(["--checkpoint", "1it"]);
    assert_eq!(program.env("JACKPOT_FAILPOINT", point).run().code, 137);
    sandbox
}

const STATES: &str = "runs/tiny/draw/imp/seed-1/.level-00.checkpoint";

/// The states of the first job, oldest first.
fn states(sandbox: &Sandbox) -> Vec<PathBuf> {
    let entries = fs::read_dir(sandbox.at(STATES)).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> =
        entries.filter(|path| path.to_str().unwrap().contains("/step-")).collect();
    found.sort();
    found
}

fn flip(path: &Path, place: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[place] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

/// Goes on to the end, whose bytes have to be right.
fn goes_on(sandbox: &Sandbox) -> Ran {
    let ran = run(sandbox).run().expect(0);
    files::assert_same(&of_run(&sandbox.at("runs/tiny")), &undisturbed());
    ran
}

#[test]
fn a_damaged_state_falls_back_to_the_one_before_and_says_so() {
    let first = died("batch:5");
    let [older, newest] = &states(&first)[..] else { panic!("{:?}", states(&first)) };
    let steps = ["step-000000000004", "step-000000000005"];
    for (path, step) in [older, newest].into_iter().zip(steps) {
        assert!(path.to_str().unwrap().contains(step), "{}", path.display());
    }
    let length = fs::read(newest).unwrap().len();
    // The first line, the header, the tensors' names, their values, the last byte.
    for place in [3, 40, 200, 1500, length / 2, length - 1] {
        let sandbox = died("batch:5");
        flip(&states(&sandbox)[1], place);
        let ran = goes_on(&sandbox);
        ran.says(&["step-000000000005.checkpoint cannot be used", "from the one of step 4"]);
    }
    let cut = died("batch:5");
    let newest = states(&cut).pop().unwrap();
    let bytes = fs::read(&newest).unwrap();
    fs::write(&newest, &bytes[..bytes.len() / 3]).unwrap();
    goes_on(&cut).says(&["from the one of step 4"]);
}

#[test]
fn without_any_whole_state_the_job_starts_over_and_says_so() {
    let sandbox = died("batch:5");
    for state in states(&sandbox) {
        flip(&state, 300);
    }
    goes_on(&sandbox).says(&["step-000000000005.checkpoint cannot be used", "starting over"]);
}

#[test]
fn damaged_weights_to_rewind_to_are_not_taken() {
    let sandbox = died("batch:5");
    let weights = sandbox.at(STATES).join("rewind-2it.safetensors");
    let length = fs::read(&weights).unwrap().len();
    flip(&weights, length - 1);
    goes_on(&sandbox).says(&["rewind-2it.safetensors beside it is damaged", "starting over"]);
}

#[test]
fn a_state_whose_owner_cannot_be_read_is_an_error_that_says_what_to_do() {
    let sandbox = died("batch:5");
    let owner = sandbox.at(STATES).join(".job.json");
    let before = fs::read(&owner).unwrap();
    fs::write(&owner, &before[..before.len() / 2]).unwrap();
    let ran = run(&sandbox).run().expect(2).fits_on_a_screen();
    ran.says(&[
        "nothing was run",
        "unknown",
        "to start over, remove its state",
        ".level-00.checkpoint",
    ]);
    fs::write(&owner, before).unwrap();
    goes_on(&sandbox);
}

#[test]
fn a_run_that_was_moved_or_copied_goes_on_where_it_is() {
    let sandbox = died("job-renamed:1");
    files::copy(&sandbox.at("runs/tiny"), &sandbox.at("copies/of it"));
    fs::create_dir(sandbox.at("elsewhere")).unwrap();
    fs::rename(sandbox.at("runs/tiny"), sandbox.at("elsewhere/moved")).unwrap();
    for place in ["copies/of it", "elsewhere/moved"] {
        run(&sandbox).args(["--out", place]).run().expect(0);
        files::assert_same(&of_run(&sandbox.at(place)), &undisturbed());
    }
}

#[test]
fn what_was_finished_is_not_mixed_with_an_edited_config() {
    // The draw's first level is finished, the second is begun.
    let sandbox = died("batch:9");
    let before = files::stamps(&sandbox.at("runs/tiny"));
    let edited = config().train("optimizer = { lr = 0.05 }");
    sandbox.config(&edited);
    let ran = run(&sandbox).run().expect(2).fits_on_a_screen();
    ran.says(&[
        "1 finished and 1 begun, had other settings",
        "lr",
        "0.1",
        "0.05",
        "nothing was run",
    ]);
    assert_eq!(files::stamps(&sandbox.at("runs/tiny")), before);
    // More levels change nothing of those.
    let mut more = config();
    more.draws[0] = more.draws[0].replace("levels = 1", "levels = 2");
    sandbox.config(&more);
    run(&sandbox).run().expect(0);
    let found = of_run(&sandbox.at("runs/tiny"));
    for (path, bytes) in undisturbed().iter().filter(|(path, _)| path.contains("level-0")) {
        assert_eq!(found.get(path), Some(bytes), "{path}");
    }
}

#[test]
fn a_plugin_that_changed_under_a_begun_job_is_a_conflict() {
    let sandbox = sandbox();
    let own = sandbox.write("own/libmish.so", fs::read(install().plugin("mish")).unwrap());
    // No other recipe names the plugin, which would then be in two files.
    let recipe = "levels = [0]\nactivation = \"own/libmish.so:mish\"\nepochs = 3";
    sandbox.config(&Config::default().draw("levels = 0").spend("own", recipe));
    let args = ["--only", "*/level-00", "--checkpoint", "1it"];
    let killed = run(&sandbox).args(args).env("JACKPOT_FAILPOINT", "batch:9").run();
    assert_eq!(killed.code, 137, "{killed}");
    let mut bytes = fs::read(&own).unwrap();
    bytes.push(0);
    fs::write(&own, bytes).unwrap();
    let ran = run(&sandbox).args(args).run().expect(2).fits_on_a_screen();
    ran.says(&["begun with other settings", "mish", "to start over", "--accept-plugins"]);
    let ran = run(&sandbox).args(args).arg("--accept-plugins").run().expect(0);
    ran.says(&["starts over"]);
}

#[test]
fn data_that_changed_under_a_begun_job_are_a_conflict() {
    let sandbox = died("batch:5");
    let right = fs::read(sandbox.at("data.safetensors")).unwrap();
    sandbox.write("data.safetensors", data::tensors_file([64, 28], 4));
    let ran = run(&sandbox).run().expect(2).fits_on_a_screen();
    ran.says(&["begun with other settings", "sha256", "nothing was run"]);
    sandbox.write("data.safetensors", right);
    goes_on(&sandbox);
}

/// Whether the program can be started without root's rights here.
fn as_nobody(program: &mut Command) -> bool {
    let words = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    program.args(words).arg(&install().binary);
    let mut check = Command::new("setpriv");
    check.args(words).arg(&install().binary).arg("--version");
    check.stdout(Stdio::null()).stderr(Stdio::null());
    check.status().is_ok_and(|status| status.success())
}

#[test]
fn a_folder_that_may_not_be_written_is_named_once() {
    let sandbox = died("batch:5");
    let own = fs::metadata(sandbox.path()).unwrap();
    let is_root = std::os::unix::fs::MetadataExt::uid(&own) == 0;
    let mut program = Command::new(if is_root { "setpriv" } else { "env" });
    match is_root {
        true if !as_nobody(&mut program) => {
            eprintln!("setpriv cannot start the program as nobody here");
            return;
        }
        true => {}
        false => _ = program.arg(&install().binary),
    }
    // Readable for everybody, as `tempfile` does not make it; writable for nobody but root.
    open_up(sandbox.path());
    let before = files::stamps(&sandbox.at("runs/tiny"));
    program.args(["run", "tiny.toml"]).current_dir(sandbox.path());
    let ran = program.output().unwrap();
    close(sandbox.path());
    let text = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1), "{text}");
    assert!(text.contains("Permission denied"), "{text}");
    assert_eq!(text.matches("make it writable or choose another folder").count(), 1, "{text}");
    assert_eq!(files::stamps(&sandbox.at("runs/tiny")), before);
    goes_on(&sandbox);
}

fn open_up(folder: &Path) {
    set(folder, 0o555, 0o444);
}

fn close(folder: &Path) {
    set(folder, 0o755, 0o644);
}

fn set(path: &Path, folder: u32, file: u32) {
    let about = fs::symlink_metadata(path).unwrap();
    if about.is_dir() {
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        for entry in fs::read_dir(path).unwrap() {
            set(&entry.unwrap().path(), folder, file);
        }
        fs::set_permissions(path, Permissions::from_mode(folder)).unwrap();
    } else if about.is_file() {
        fs::set_permissions(path, Permissions::from_mode(file)).unwrap();
    }
}

#[test]
fn warnings_that_nobody_can_read_stop_nothing() {
    let sandbox = died("batch:5");
    flip(&states(&sandbox)[1], 300);
    let mut program = Command::new(&install().binary);
    program.args(["run", "tiny.toml"]).current_dir(sandbox.path()).stdout(Stdio::null());
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    assert_eq!(program.stderr(full).status().unwrap().code(), Some(0));
    files::assert_same(&of_run(&sandbox.at("runs/tiny")), &undisturbed());
}

#[test]
fn a_damaged_copy_of_a_plugin_is_written_anew() {
    let sandbox = died("batch:5");
    let copy = || {
        let entries = fs::read_dir(sandbox.at("runs/tiny/plugins")).unwrap();
        entries.map(|entry| entry.unwrap().path()).min().unwrap()
    };
    let bytes = fs::read(copy()).unwrap();
    // As a power cut may leave it.
    fs::write(copy(), "").unwrap();
    goes_on(&sandbox);
    assert!(fs::read(copy()).unwrap() == bytes);
    // Also in a run in which nothing is left to do.
    flip(&copy(), 5000);
    sandbox.jackpot(&["verify", "runs/tiny", "--no-evaluate"]).run().expect(1);
    goes_on(&sandbox);
    assert!(fs::read(copy()).unwrap() == bytes);
    fs::remove_file(copy()).unwrap();
    goes_on(&sandbox);
    sandbox.jackpot(&["verify", "runs/tiny", "--no-evaluate"]).run().expect(0);
}

#[test]
fn a_state_past_a_point_that_is_asked_for_later_is_kept() {
    let sandbox = died("batch:5");
    let mut more = config();
    more.draws.push("name = \"early\"\nlevels = 1\nrewind = \"3it\"".to_owned());
    let before = states(&sandbox);
    for command in ["run", "plan", "run"] {
        sandbox.config(&more);
        let ran = sandbox.jackpot(&[command, "tiny.toml"]).run();
        assert!(format!("{ran}").contains("no weights of 3it kept up to step 5 → 3it"), "{ran}");
        if command == "run" {
            ran.expect(2).says(&[
                "nothing was run",
                "change the settings back",
                "remove its state",
            ]);
        }
        assert_eq!(states(&sandbox), before);
    }
    sandbox.config(&config());
    let ran = run(&sandbox).arg("-v").run().expect(0).says(&["going on from step 5"]);
    files::assert_same(&of_run(&sandbox.at("runs/tiny")), &undisturbed());
    drop(ran);
    // A point that is still to come is no reason to stop.
    let sandbox = died("batch:2");
    sandbox.config(&more);
    run(&sandbox).arg("-v").run().expect(0).says(&["going on from step 2"]);
}
