//! Trainings that come to nothing: diverged, tried again with another seed, given up.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use jackpot_tests::config::Config;
use jackpot_tests::{Sandbox, data, files, results};
use serde_json::Value;

fn sandbox(config: &Config) -> Sandbox {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.config(config);
    sandbox
}

fn json(sandbox: &Sandbox, path: &str) -> Value {
    serde_json::from_slice(&fs::read(sandbox.at("runs/tiny").join(path)).unwrap()).unwrap()
}

#[test]
fn a_training_that_diverges_is_told_and_the_others_go_on() {
    let config = Config::default()
        .draw("levels = 1")
        .spend("wild", "levels = [1]\noptimizer = { lr = 1e30 }")
        .spend("tame", "levels = [1]\noptimizer = { lr = 0.01 }");
    let sandbox = sandbox(&config);
    let ran = sandbox.jackpot(&["run", "tiny.toml", "--checkpoint", "1it"]).run().expect(1);
    let ran = ran.fits_on_a_screen().says(&[
        "1 job failed",
        "spend wild on imp seed 1 level 01: the loss is ",
        "at step ",
        "(epoch 1): the training diverged",
        "The last good state is that of step ",
        "Try a smaller learning rate or a warm-up; --retry-diverged tries another seed",
    ]);
    let status = |recipe: &str| {
        let rows = results(&sandbox.at("runs/tiny"));
        let row = rows.iter().find(|row| row.get("recipe") == recipe).unwrap();
        row.get("status").to_owned()
    };
    assert_eq!((status("wild"), status("tame")), ("failed".into(), "done".into()), "{ran}");
    let failed = json(&sandbox, "spend/wild/imp/seed-1/level-01.failed.json");
    assert_eq!(failed["diverged"], serde_json::json!([1]));
    // Other seeds do not help at such a rate: three are tried, and all are written down.
    let ran = sandbox.jackpot(&["run", "tiny.toml", "--retry-diverged"]).run().expect(1);
    ran.says(&["is tried again with the seed ", "It diverged with the seeds 1, "]);
    let failed = json(&sandbox, "spend/wild/imp/seed-1/level-01.failed.json");
    assert!(failed["diverged"].as_array().unwrap().len() >= 3, "{failed}");
}

/// A loss that is NaN in some of the steps of seed `SEED`, and in none of the next try's.
const SEED: u64 = 1;

fn fragile() -> Config {
    Config::default()
        .top(&format!("seed = {SEED}"))
        .draw("levels = 0")
        .spend("fragile", "loss = { plugin = \"fragile\", params = { risk = 0.2 } }")
}

#[test]
fn another_seed_is_taken_only_when_asked_for_and_is_written_down() {
    let sandbox = sandbox(&fragile());
    let job = format!("spend/fragile/imp/seed-{SEED}/level-00");
    sandbox.with_fixtures(&["run", "tiny.toml"]).run().expect(1).says(&["--retry-diverged"]);
    assert!(sandbox.at("runs/tiny").join(format!("{job}.failed.json")).exists());
    let ran = sandbox.with_fixtures(&["run", "tiny.toml", "--retry-diverged"]).run().expect(0);
    let record = json(&sandbox, &format!("{job}/job.json"));
    let seed = record["trained_seed"].as_u64().unwrap();
    assert_eq!(record["diverged"][0].as_u64(), Some(SEED), "{ran}");
    assert_eq!(record["description"]["seed"].as_u64(), Some(SEED), "the job is still that one");
    assert!(!sandbox.at("runs/tiny").join(format!("{job}.failed.json")).exists());
    let report = fs::read_to_string(sandbox.at("runs/tiny/results.md")).unwrap();
    let job_and_seed = format!(": fragile, draw imp, seed {SEED}, level 0 with {seed}.");
    for note in ["1 job diverged and was trained with another seed", &job_and_seed] {
        assert!(report.contains(note), "{report}");
    }
    // It stays, without the option as well; and from nothing it comes to the same bytes.
    let before = files::stamps(&sandbox.at("runs/tiny").join(&job));
    sandbox.with_fixtures(&["run", "tiny.toml"]).run().expect(0);
    assert_eq!(files::stamps(&sandbox.at("runs/tiny").join(&job)), before);
    let again = self::sandbox(&fragile());
    again.with_fixtures(&["run", "tiny.toml", "--retry-diverged"]).run().expect(0);
    let of = |sandbox: &Sandbox| files::contents(&sandbox.at("runs/tiny").join(&job));
    files::assert_same(&of(&sandbox), &of(&again));
}

#[test]
fn a_hopeless_training_is_given_up_and_counts() {
    let give_up = |below: f64| format!("give_up = {{ at = \"4it\", below = {below} }}");
    let config = Config { train: "epochs = 4\nbatch_size = 16".to_owned(), ..Config::default() }
        .draw("levels = 1\nrewind = \"1it\"")
        .spend("hopeless", &format!("{}\nlevels = [1]\nactivation = \"mish\"", give_up(0.999)))
        .spend("good", &format!("{}\nlevels = [1]\nactivation = \"mish\"", give_up(1e-9)))
        .spend("plain", "levels = [1]\nactivation = \"mish\"");
    let sandbox = sandbox(&config);
    sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    let run = sandbox.at("runs/tiny");
    let rows = results(&run);
    let row = |recipe: &str| rows.iter().find(|row| row.get("recipe") == recipe).unwrap();
    assert_eq!(row("hopeless").get("status"), "given-up");
    assert_eq!(row("good").get("status"), "done");
    // Step 4 is in the second epoch: at its end it is decided.
    let metrics = |recipe: &str| {
        fs::read_to_string(run.join(format!("spend/{recipe}/imp/seed-1/level-01/metrics.jsonl")))
            .unwrap()
    };
    let [hopeless, good, plain] = ["hopeless", "good", "plain"].map(metrics);
    assert_eq!(hopeless.lines().count(), 5, "two epochs of two rows, and the test\n{hopeless}");
    assert_eq!(good, plain, "what goes on is the same training");
    let same: Vec<_> = hopeless.lines().take(4).collect();
    assert_eq!(same, plain.lines().take(4).collect::<Vec<_>>());
    assert!(row("hopeless").number("test_accuracy") > 0.0);
    let record = json(&sandbox, "spend/hopeless/imp/seed-1/level-01/job.json");
    assert_eq!(record["results"]["given_up"], 2);
    assert_eq!(record["description"]["train"]["give_up"]["at"], "4it");
    let report = fs::read_to_string(run.join("results.md")).unwrap();
    assert!(
        report.contains(
            "1 job was given up as hopeless and counted with the accuracy at that point: hopeless, \
             draw imp, seed 1, level 1 after epoch 2."
        ),
        "{report}"
    );
    let eval = sandbox.jackpot(&["eval", "runs/tiny", "--recipe", "hopeless"]).run().expect(0);
    assert!(eval.stdout.contains("hopeless"), "{eval}");
}

/// Measures again, with the seed that the training had.
#[test]
fn what_was_trained_with_another_seed_is_verified_with_it() {
    let config = Config::default()
        .top(&format!("seed = {SEED}"))
        .train("loss = { plugin = \"fragile\", params = { risk = 0.2 } }")
        .draw("levels = 0");
    let sandbox = sandbox(&config);
    sandbox.with_fixtures(&["run", "tiny.toml", "--retry-diverged"]).run().expect(0);
    let path = format!("draw/imp/seed-{SEED}/level-00/job.json");
    let mut record = json(&sandbox, &path);
    let trained = record["trained_seed"].as_u64().unwrap();
    let ran = sandbox.jackpot(&["verify", "runs/tiny"]).run().expect(0);
    assert!(ran.stdout.ends_with("nothing is wrong\n"), "{ran}");
    // The first weights are those of that seed, and of no other.
    files::copy(&sandbox.at("runs/tiny"), &sandbox.at("runs/other"));
    for key in ["trained_seed", "seal"] {
        record.as_object_mut().unwrap().remove(key);
    }
    fs::write(sandbox.at("runs/tiny").join(&path), record.to_string()).unwrap();
    let ran = sandbox.jackpot(&["verify", "runs/tiny"]).run().expect(1);
    assert!(ran.stdout.contains(&format!("is not what seed {SEED} gives")), "{ran}");
    let paths = ["report", "runs/other", "runs/tiny", "-o", "out"];
    let ran = sandbox.jackpot(&paths).run().expect(0);
    let said = format!(
        "not made alike: seed of the training of draw imp seed {SEED} level 00 {trained} and its own\n"
    );
    assert!(ran.stdout.contains(&said), "{said}{ran}");
}

/// A ghost skip fades while it is trained: what was given up is measured as far as it had faded.
#[test]
fn what_was_given_up_is_verified_as_it_stood() {
    let config = Config { train: "epochs = 4\nbatch_size = 16".to_owned(), ..Config::default() }
        .draw("levels = 1")
        .spend(
            "hopeless",
            "give_up = { at = \"4it\", below = 0.999 }\nlevels = [1]\nskip = \"ghost-skip\"",
        );
    let sandbox = sandbox(&config);
    sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    let record = json(&sandbox, "spend/hopeless/imp/seed-1/level-01/job.json");
    assert_eq!(record["results"]["given_up"], 2);
    let ran = sandbox.jackpot(&["verify", "runs/tiny"]).run().expect(0);
    assert!(ran.stdout.ends_with("nothing is wrong\n"), "{ran}");
    assert!(ran.stdout.contains("9 results measured again"), "{ran}");
}

#[test]
fn whether_to_give_up_needs_validation_images() {
    let config = Config::default()
        .data("dataset = \"tensors\"\nroot = \"data.safetensors\"")
        .train("give_up = { at = \"1ep\", below = 0.5 }");
    let ran = sandbox(&config).jackpot(&["run", "tiny.toml"]).run().expect(2);
    ran.says(&["[train]", "give_up", "validation = 5000"]);
}

/// Settings that were mended are a new training: that the old ones diverged is no reason to take
/// another seed, nor a part of its record.
#[test]
fn what_diverged_with_other_settings_does_not_count() {
    let recipe = |rate: f64| {
        let spend = format!("levels = [1]\noptimizer = {{ lr = {rate:e} }}");
        Config::default().draw("levels = 1").spend("hot", &spend)
    };
    let mended = sandbox(&recipe(1e30));
    mended.jackpot(&["run", "tiny.toml"]).run().expect(1);
    mended.config(&recipe(0.05));
    mended.jackpot(&["run", "tiny.toml", "--retry-diverged"]).run().expect(0);
    let record = json(&mended, "spend/hot/imp/seed-1/level-01/job.json");
    assert_eq!(record.get("trained_seed"), None, "{record:#}");
    let fresh = sandbox(&recipe(0.05));
    fresh.jackpot(&["run", "tiny.toml"]).run().expect(0);
    let jobs = |sandbox: &Sandbox| files::reproducible(&sandbox.at("runs/tiny/spend"));
    files::assert_same(&jobs(&mended), &jobs(&fresh));
}
