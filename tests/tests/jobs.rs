//! What a run does when its config grows, shrinks or changes, and how processes share it.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use jackpot_tests::config::Config;
use jackpot_tests::install::install;
use jackpot_tests::shared::shared;
use jackpot_tests::{Sandbox, data, files, results};

fn config() -> Config {
    Config::default().spend("vanilla", "").spend("swish", "activation = \"swish\"")
}

/// A finished run, to be copied.
fn finished() -> PathBuf {
    shared("finished-run", |sandbox| {
        data::tensors(sandbox);
        sandbox.config(&config());
        sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    })
}

/// A sandbox with a copy of the finished run.
fn grown() -> Sandbox {
    Sandbox::copy_of(&finished())
}

/// The paths of the jobs that were trained, in order.
fn trained(run: &Path) -> Vec<String> {
    let text = fs::read_to_string(run.join("timing.jsonl")).unwrap_or_default();
    let job = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["job"].as_str().unwrap().to_owned()
    };
    text.lines().map(job).collect()
}

/// The files of jobs alone.
fn of_jobs<T>(files: BTreeMap<String, T>) -> BTreeMap<String, T> {
    let of_job = |path: &str| path.starts_with("draw/") || path.starts_with("spend/");
    files.into_iter().filter(|(path, _)| of_job(path)).collect()
}

/// Runs a grown config on the finished run and gives the jobs that it trained; fails if anything
/// of the old jobs was touched.
fn grow(config: &Config) -> (Sandbox, Vec<String>) {
    let sandbox = grown();
    let run = sandbox.at("runs/tiny");
    let (before, old) = (of_jobs(files::stamps(&run)), trained(&run));
    sandbox.config(config);
    sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    let after = of_jobs(files::stamps(&run));
    for (path, stamp) in &before {
        assert_eq!(after.get(path), Some(stamp), "{path} was touched");
    }
    let now = trained(&run);
    assert_eq!(now[..old.len()], old, "timings are only added");
    (sandbox, now[old.len()..].to_vec())
}

#[test]
fn another_seed_adds_its_jobs() {
    let (sandbox, new) = grow(&config().top("seeds = [1, 5]"));
    let expected = [
        "draw/imp/seed-5/level-00",
        "draw/imp/seed-5/level-01",
        "draw/imp/seed-5/level-02",
        "spend/swish/imp/seed-5/level-00",
        "spend/swish/imp/seed-5/level-01",
        "spend/swish/imp/seed-5/level-02",
    ];
    assert_eq!(BTreeSet::from_iter(new.iter().map(String::as_str)), BTreeSet::from(expected));
    assert_eq!(new.len(), expected.len());
    assert_eq!(results(&sandbox.at("runs/tiny")).len(), 18);
    let older = fs::read_to_string(sandbox.at("runs/tiny/config-0001.toml")).unwrap();
    assert!(older.contains("seeds = [1]"), "the config before is kept:\n{older}");
}

#[test]
fn another_level_adds_its_jobs() {
    let (_, new) = grow(&config().draw("levels = 3"));
    assert_eq!(new, ["draw/imp/seed-1/level-03", "spend/swish/imp/seed-1/level-03"]);
}

#[test]
fn another_recipe_adds_its_jobs() {
    let (_, new) = grow(&config().spend("mish", "levels = [2]\nactivation = \"mish\""));
    assert_eq!(new, ["spend/mish/imp/seed-1/level-02"]);
}

#[test]
fn a_recipe_under_another_name_is_linked_and_not_trained() {
    let (sandbox, new) = grow(&config().spend("again", "activation = \"swish\""));
    assert!(new.is_empty(), "{new:?}");
    let rows = results(&sandbox.at("runs/tiny"));
    let again: Vec<_> = rows.iter().filter(|row| row.get("recipe") == "again").collect();
    assert_eq!(again.len(), 3);
    assert!(again.iter().all(|row| row.get("status") == "linked"));
}

#[test]
fn another_rewind_point_shares_the_dense_training() {
    // Adding a draw: the dense training has to be done again to save the weights on its way, or
    // the new draw's level 0 is trained once more; the finished draw is not touched.
    let mut both = config();
    both.draws.push("name = \"late\"\nlevels = 1\nrewind = \"2it\"".to_owned());
    both.spends[1] += "\ndraw = \"imp\"";
    both.spends[0] += "draw = \"imp\"";
    let (sandbox, new) = grow(&both);
    assert_eq!(new, ["draw/late/seed-1/level-00", "draw/late/seed-1/level-01"]);
    let run = sandbox.at("runs/tiny");
    let model =
        |draw: &str| fs::read(run.join(format!("draw/{draw}/seed-1/level-00/model.safetensors")));
    assert_eq!(model("imp").unwrap(), model("late").unwrap(), "the same dense training");
}

#[test]
fn a_removed_recipe_is_kept() {
    let mut config = config();
    config.spends.truncate(1);
    let (sandbox, new) = grow(&config);
    assert!(new.is_empty());
    assert!(sandbox.at("runs/tiny/spend/swish/imp/seed-1/level-02/job.json").exists());
}

#[test]
fn a_removed_job_is_done_again_to_the_same_bytes() {
    let sandbox = grown();
    let run = sandbox.at("runs/tiny");
    let before = of_jobs(files::contents(&run));
    fs::remove_dir_all(run.join("draw/imp/seed-1/level-02")).unwrap();
    sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    files::assert_same(&of_jobs(files::contents(&run)), &before);
}

#[test]
fn a_changed_key_is_a_conflict_and_nothing_is_touched() {
    let sandbox = grown();
    let run = sandbox.at("runs/tiny");
    let before = files::stamps(&run);
    let changed = config().train("optimizer = { lr = 0.05 }");
    sandbox.config(&changed);
    let ran = sandbox.jackpot(&["run", "tiny.toml"]).run().expect(2).fits_on_a_screen();
    let text = ran.says(&["nothing was run", "lr", "0.1", "0.05", "9 jobs"]).stderr;
    assert!(text.contains("runs/tiny"), "{text}");
    assert_eq!(files::stamps(&run), before, "nothing was touched");
    let plan = sandbox.jackpot(&["plan", "tiny.toml"]).run().expect(0);
    assert!(plan.stdout.contains("conflict") && plan.stdout.contains("0.05"), "{plan}");
    assert_eq!(files::stamps(&run), before, "nor by plan");
}

#[test]
fn a_changed_recipe_conflicts_alone() {
    let sandbox = grown();
    let mut changed = config();
    changed.spends[1] += "\nbatch_size = 8";
    sandbox.config(&changed);
    let ran = sandbox.jackpot(&["run", "tiny.toml"]).run().expect(2);
    ran.says(&["3 jobs", "spend swish on imp seed 1 levels 00-02", "batch_size", "16", "8"]);
}

#[test]
fn a_changed_dataset_is_a_conflict() {
    let sandbox = grown();
    sandbox.write("data.safetensors", data::tensors_file([64, 28], 4));
    let ran = sandbox.jackpot(&["run", "tiny.toml"]).run().expect(2).fits_on_a_screen();
    ran.says(&["nothing was run", "sha256"]);
}

#[test]
fn another_file_of_a_plugin_is_a_conflict_unless_accepted() {
    let sandbox = grown();
    let run = sandbox.at("runs/tiny");
    // The same items in other bytes: what a new build of a plugin is.
    let own =
        sandbox.write("own/libjackpot_swish.so", fs::read(install().plugin("swish")).unwrap());
    let mut bytes = fs::read(&own).unwrap();
    bytes.push(0);
    fs::write(&own, bytes).unwrap();
    let mut changed = config();
    changed.spends[1] =
        "recipe = \"swish\"\nactivation = \"own/libjackpot_swish.so:swish\"".to_owned();
    sandbox.config(&changed);
    let before = files::stamps(&run);
    let ran = sandbox.jackpot(&["run", "tiny.toml"]).run().expect(2).fits_on_a_screen();
    ran.says(&["nothing was run", "3 jobs", "--accept-plugins"]);
    assert_eq!(files::stamps(&run), before);
    sandbox.jackpot(&["run", "tiny.toml", "--accept-plugins"]).run().expect(0);
    assert_eq!(of_jobs(files::stamps(&run)), of_jobs(before), "finished jobs are kept");
}

#[test]
fn draw_and_spend_share_the_work() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.config(&config());
    let run = sandbox.at("runs/tiny");
    let early = sandbox.jackpot(&["spend", "tiny.toml"]).run().expect(1);
    early.says(&["draw imp seed 1 level 00"]);
    assert!(trained(&run).is_empty(), "there is nothing to spend yet");
    sandbox.jackpot(&["draw", "tiny.toml"]).run().expect(0);
    assert_eq!(trained(&run).len(), 3);
    sandbox.jackpot(&["spend", "tiny.toml", "--only", "*/level-02"]).run().expect(0);
    assert_eq!(trained(&run)[3..], ["spend/swish/imp/seed-1/level-02"]);
    for share in ["1/2", "2/2"] {
        sandbox.jackpot(&["spend", "tiny.toml", "--shard", share]).run().expect(0);
    }
    assert_eq!(trained(&run).len(), 6);
    files::assert_same(
        &of_jobs(files::contents(&run)),
        &of_jobs(files::contents(&finished().join("runs/tiny"))),
    );
    let nothing = sandbox.jackpot(&["run", "tiny.toml", "--only", "spend/nope"]).run().expect(2);
    nothing.says(&["--only spend/nope", "spend/swish/imp/seed-1/level-02"]);
}

#[test]
fn two_processes_share_a_run_and_give_the_bytes_of_one() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let config = config().top("seeds = [1, 2]");
    sandbox.config(&config);
    let start = || sandbox.jackpot(&["run", "tiny.toml"]).start();
    let both = [start(), start()].map(|running| running.wait().expect(0));
    let run = sandbox.at("runs/tiny");
    let jobs = trained(&run);
    let different = BTreeSet::from_iter(&jobs);
    assert_eq!((jobs.len(), different.len()), (12, 12), "each job once\n{}\n{}", both[0], both[1]);
    let alone = Sandbox::new();
    data::tensors(&alone);
    alone.config(&config);
    alone.jackpot(&["run", "tiny.toml"]).run().expect(0);
    let alone = alone.at("runs/tiny");
    files::assert_same(&of_jobs(files::contents(&run)), &of_jobs(files::contents(&alone)));
    let csv = |run: &Path| fs::read(run.join("results.csv")).unwrap();
    assert_eq!(csv(&run), csv(&alone));
}

#[test]
fn a_plugin_inside_a_graph_belongs_to_the_jobs_identity() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let op = "plugin:activation:swish";
    sandbox.write("net.json", data::graph(op, "{ \"beta\": 2.0 }"));
    let config = Config::default()
        .model("architecture = { file = \"net.json\" }")
        .draw("levels = 0\nprunable = [\"linear\"]");
    sandbox.config(&config);
    let file = |extra: &[u8]| {
        let bytes = [&fs::read(install().plugin("swish")).unwrap(), extra].concat();
        sandbox.write("own/libjackpot_swish.so", bytes)
    };
    // Two installations that differ in one plugin: the program is searched beside itself last.
    let bare = sandbox.at("bare/jackpot");
    fs::create_dir(sandbox.at("bare")).unwrap();
    fs::hard_link(&install().binary, &bare).unwrap();
    for name in ["resnet", "magnitude"] {
        let own = install().plugin(name);
        fs::hard_link(&own, sandbox.at("bare").join(own.file_name().unwrap())).unwrap();
    }
    let run = || {
        jackpot_tests::Program::of(&bare)
            .args(["run", "tiny.toml", "--plugin-dir", "own"])
            .current_dir(sandbox.path())
            .run()
    };
    file(b"");
    run().expect(0);
    let kept = files::contents(&sandbox.at("runs/tiny/plugins"));
    let original = fs::read(install().plugin("swish")).unwrap();
    assert!(kept.values().any(|bytes| *bytes == original), "the file it used is kept");
    file(b"another build");
    run().expect(2).says(&["nothing was run", "--accept-plugins"]);
}
