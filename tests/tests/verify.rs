//! `jackpot verify`: a whole run has nothing wrong, and every single damage is found and named.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jackpot::experiment::RunDir;
use jackpot::verify::{Finding, verify};
use jackpot_tests::config::Config;
use jackpot_tests::shared::shared;
use jackpot_tests::{Ran, Sandbox, data, files, tensors};
use serde_json::Value;

/// Two rewind points, links, tweaks, moving and shuffled masks, tickets pruned before training.
fn config() -> Config {
    let mut config = Config::default()
        .draw("levels = 2\nrewind = [\"init\", \"2it\"]")
        .spend("vanilla", "levels = [0, 2]")
        .spend("mish", "activation = \"mish\"\nlevels = [1]")
        .spend("shuffled", "mask = \"shuffled-layerwise\"\nlevels = [2]")
        .spend("rigl", "update = { plugin = \"rigl\", params = { every = \"2it\", stop = \"5it\" } }\nlevels = [2]");
    config.draws.push(
        "name = \"early\"\nprune_at = \"init\"\nscore = \"random\"\nkeep = [0.5, 0.2]".to_owned(),
    );
    config
}

fn whole() -> PathBuf {
    shared("verify", |sandbox| {
        data::tensors(sandbox);
        sandbox.config(&config());
        sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    })
}

/// A copy to spoil. Its config is left as it is, which names the data of the original.
fn copy() -> Sandbox {
    let sandbox = Sandbox::new();
    files::copy(&whole(), sandbox.path());
    sandbox
}

fn check(sandbox: &Sandbox, more: &[&str]) -> Ran {
    sandbox.jackpot(&["verify", "runs/tiny"]).args(more).run()
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}\n{ran}"))
}

/// Changes a job's record, as if nobody had sealed it.
fn unsealed(run: &Path, job: &str, change: impl FnOnce(&mut Value)) {
    let path = run.join(job).join("job.json");
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for key in ["seal", "files"] {
        record.as_object_mut().unwrap().remove(key);
    }
    change(&mut record);
    fs::write(path, serde_json::to_vec_pretty(&record).unwrap()).unwrap();
}

#[test]
fn nothing_is_wrong_with_a_whole_run() {
    let sandbox = copy();
    let ran = check(&sandbox, &[]).expect(0);
    assert!(ran.stdout.ends_with("nothing is wrong\n"), "{ran}");
    assert!(!ran.stdout.contains("note: "), "{ran}");
    let verdict = json(&check(&sandbox, &["--json"]).expect(0));
    // 2 × 3 + 3 levels of draws, 3 × 2 + 3 × 1 × 3 spends.
    let spends = verdict["jobs"].as_u64().unwrap() - 9;
    assert_eq!(spends, 3 * 5, "{verdict:#}");
    assert!(verdict["linked"].as_u64().unwrap() >= 4, "{verdict:#}");
    // Best on validation and test, last on test.
    let done = verdict["jobs"].as_u64().unwrap() - verdict["linked"].as_u64().unwrap();
    assert_eq!(verdict["evaluated"].as_u64().unwrap(), 3 * done);
    assert_eq!(verdict["findings"], Value::Array(Vec::new()));
    let quick = check(&sandbox, &["--no-evaluate"]).expect(0);
    assert!(quick.stdout.contains("0 results measured again"), "{quick}");
}

/// The tensor that a byte of a safetensors file belongs to; `None` for the header.
fn tensor_at(path: &Path, byte: usize) -> Option<String> {
    let bytes = fs::read(path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let at = byte.checked_sub(8 + length)?;
    let inside = |place: &Value| {
        let [start, end] = [0, 1].map(|side| place[side].as_u64().unwrap() as usize);
        (start..end).contains(&at)
    };
    let mut tensors =
        header.as_object().unwrap().iter().filter(|(name, _)| *name != "__metadata__");
    tensors.find(|(_, place)| inside(&place["data_offsets"])).map(|(name, _)| name.clone())
}

/// Every file but those that tell the time, and links, which are no files of their own.
fn stored(run: &Path) -> Vec<PathBuf> {
    let all = files::contents(run).into_keys().filter(|path| path != "timing.jsonl");
    let all = all.filter(|path| !path.starts_with("locks/"));
    all.map(|path| run.join(path)).filter(|path| !path.is_symlink()).collect()
}

/// splitmix64.
fn random(state: &mut u64) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) as usize
}

#[test]
fn each_single_flipped_bit_is_found_and_named() {
    let sandbox = copy();
    let run = sandbox.at("runs/tiny");
    let directory = RunDir::open(&run).unwrap();
    assert_eq!(verify(&directory).unwrap().findings, Vec::<Finding>::new());
    let files = stored(&run);
    let (mut state, mut in_tensors) = (1, 0);
    for number in 0..300 {
        // Each file at least once.
        let path = match files.get(number) {
            Some(path) => path,
            None => &files[random(&mut state) % files.len()],
        };
        let mut bytes = fs::read(path).unwrap();
        let (byte, bit) = (random(&mut state) % bytes.len(), random(&mut state) % 8);
        bytes[byte] ^= 1 << bit;
        // A plugin's copy is shared with nobody, but a rewound file may be a hard link.
        replace(path, &bytes);
        let place = format!("bit {bit} of byte {byte} of {}", path.display());
        let found = verify(&directory).map(|verdict| verdict.findings);
        let found = found.unwrap_or_else(|error| panic!("{place}: {error}"));
        bytes[byte] ^= 1 << bit;
        let relative = path.strip_prefix(&run).unwrap().to_str().unwrap();
        let named: Vec<&Finding> = found.iter().filter(|it| it.file == relative).collect();
        assert!(!named.is_empty(), "{place}: {found:#?}");
        if relative.ends_with(".safetensors") {
            replace(path, &bytes);
            let expected = tensor_at(path, byte);
            in_tensors += usize::from(expected.is_some());
            assert_eq!(named.len(), 1, "{place}: {named:#?}");
            assert_eq!(named[0].tensor, expected, "{place}");
            let job = named[0].job.as_deref().unwrap();
            let home = relative.rsplit_once('/').unwrap().0;
            assert!(job.starts_with(home), "{place}: {job}");
            assert_eq!(found.len(), 1, "{place}: {found:#?}");
        }
        replace(path, &bytes);
    }
    assert!(in_tensors > 100, "{in_tensors} of the flips were in tensors");
    assert_eq!(verify(&directory).unwrap().findings, Vec::<Finding>::new());
}

fn replace(path: &Path, bytes: &[u8]) {
    let beside = path.with_extension("flipped");
    fs::write(&beside, bytes).unwrap();
    fs::rename(beside, path).unwrap();
}

#[test]
fn minus_zero_is_found_in_runs_without_checksums() {
    let sandbox = copy();
    let (run, job) = (sandbox.at("runs/tiny"), "draw/imp@init/seed-1/level-02");
    unsealed(&run, job, |_| {});
    let path = run.join(job).join("model.safetensors");
    let mask = tensors::read(&run.join(job).join("mask.safetensors"));
    let (name, mask) = mask.iter().find(|(_, mask)| mask.bytes.contains(&0)).unwrap();
    let pruned = mask.bytes.iter().position(|&kept| kept == 0).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let start = header[name]["data_offsets"][0].as_u64().unwrap() as usize;
    bytes[8 + length + start + 4 * pruned + 3] ^= 0x80;
    replace(&path, &bytes);
    let ran = check(&sandbox, &["--no-evaluate"]).expect(1);
    let expected = format!(
        "{job}/model.safetensors: `{name}`: the pruned weight {pruned} is -0.0, not +0.0\n"
    );
    assert!(ran.stdout.contains(&expected), "{expected}\n{ran}");
    assert!(ran.stdout.contains("1 job without checksums"), "{ran}");
}

#[test]
fn results_that_the_weights_do_not_give_are_found() {
    let sandbox = copy();
    let (run, job) = (sandbox.at("runs/tiny"), "spend/mish/imp@init/seed-1/level-01");
    unsealed(&run, job, |record| record["results"]["test_accuracy"] = 0.984375.into());
    let ran = check(&sandbox, &[]).expect(1);
    let said = |words: &str| assert!(ran.stdout.contains(words), "{words}\n{ran}");
    said(&format!("{job}/best.safetensors: has a test_accuracy of 0."));
    said("job.json says 0.984375");
    said("results.csv: line ");
}

#[test]
fn what_does_not_fit_together_is_found() {
    let sandbox = copy();
    let run = sandbox.at("runs/tiny");
    let draws = "draw/imp@2it/seed-1";
    // The mask of another level, with a record that says nothing of its checksum.
    let mask = fs::read(run.join(draws).join("level-01/mask.safetensors")).unwrap();
    unsealed(&run, &format!("{draws}/level-02"), |record| {
        record["results"]["weights_kept"] = 1.into();
    });
    replace(&run.join(draws).join("level-02/mask.safetensors"), &mask);
    fs::remove_file(run.join("draw/imp@2it/seed-1/rewind.safetensors")).unwrap();
    fs::remove_file(run.join("spend/mish/imp@2it/seed-1/level-01/layers.csv")).unwrap();
    let link = run.join("spend/vanilla/imp@init/seed-1/level-02/model.safetensors");
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("../elsewhere", &link).unwrap();
    let verdict = json(&check(&sandbox, &["--json", "--no-evaluate"]).expect(1));
    let found: BTreeSet<(String, String)> = verdict["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| [&it["check"], &it["file"]].map(|it| it.as_str().unwrap().to_owned()))
        .map(|[check, file]| (check, file))
        .collect();
    let has = |check: &str, file: &str| {
        assert!(found.contains(&(check.to_owned(), file.to_owned())), "{check} {file}\n{found:#?}");
    };
    has("count", "draw/imp@2it/seed-1/level-02/mask.safetensors");
    has("count", "draw/imp@2it/seed-1/level-02/layers.csv");
    has("checksum", "draw/imp@2it/seed-1/rewind.safetensors");
    has("checksum", "spend/mish/imp@2it/seed-1/level-01/layers.csv");
    has("link", "spend/vanilla/imp@init/seed-1/level-02/model.safetensors");
    has("mask", "spend/shuffled/imp@2it/seed-1/level-02/mask.safetensors");
    has("report", "results.csv");
}

#[test]
fn runs_of_before_are_checked_as_far_as_they_go() {
    let sandbox = copy();
    let run = sandbox.at("runs/tiny");
    for path in stored(&run).iter().filter(|path| path.ends_with("job.json")) {
        let job = path.parent().unwrap().strip_prefix(&run).unwrap();
        unsealed(&run, job.to_str().unwrap(), |_| {});
    }
    let path = run.join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for key in ["seal", "config_sha256", "starts"] {
        manifest.as_object_mut().unwrap().remove(key);
    }
    fs::write(&path, manifest.to_string()).unwrap();
    sandbox.jackpot(&["report", "runs/tiny"]).run().expect(0);
    let ran = check(&sandbox, &[]).expect(0);
    assert!(ran.stdout.contains("jobs without checksums"), "{ran}");
    assert!(ran.stdout.ends_with("nothing is wrong\n"), "{ran}");
}

#[test]
fn without_the_data_the_rest_is_checked() {
    let sandbox = copy();
    let ran = check(&sandbox, &["--set", "data.root=\"/nowhere\""]).expect(0);
    assert!(ran.stdout.contains("the results were not measured again: "), "{ran}");
    sandbox.jackpot(&["verify", "nowhere"]).run().expect(2).says(&["is no run directory"]);
}

#[test]
fn levels_that_a_shorter_config_no_longer_asks_for_are_not_compared_with_it() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    for keep in ["[0.5, 0.2, 0.1]", "[0.5, 0.2]"] {
        sandbox.config(&Config::default().draw(&format!("keep = {keep}")));
        sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    }
    let ran = check(&sandbox, &[]).expect(0);
    let note = "note: 1 job is not in the config any more: levels and masks were not compared";
    assert!(ran.stdout.contains(note), "{ran}");
    // What the config still asks for is.
    let job = "draw/imp/seed-1/level-02";
    unsealed(&sandbox.at("runs/tiny"), job, |_| {});
    let level = |level: &str| sandbox.at("runs/tiny/draw/imp/seed-1").join(level);
    let mask = fs::read(level("level-03").join("mask.safetensors")).unwrap();
    replace(&level("level-02").join("mask.safetensors"), &mask);
    let ran = check(&sandbox, &["--no-evaluate"]).expect(1);
    assert!(ran.stdout.contains(&format!("{job}/mask.safetensors: keeps 472 weights")), "{ran}");
}
