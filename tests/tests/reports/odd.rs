//! Each odd run has a report, and its numbers are those of its jobs.

use std::fs;
use std::path::{Path, PathBuf};

use jackpot_tests::made_up::{MadeUp, folder};
use jackpot_tests::{Sandbox, results};
use serde_json::json;

/// Names as long as the config allows, which differ at their ends.
fn long(count: usize) -> Vec<String> {
    let name = |i: usize| format!("{}-{i:02}", "a-recipe-with-a-very-long-name-".repeat(3));
    std::iter::once("vanilla".to_owned()).chain((1..count).map(name)).collect()
}

fn short(count: usize) -> Vec<String> {
    let names = ["vanilla", "mish", "ghost-skip", "label-smoothing", "lrsi", "shuffled", "all"];
    (0..count)
        .map(|i| names.get(i).map_or(format!("recipe-{i}"), |name| (*name).to_owned()))
        .collect()
}

/// The odd runs by name, written into the sandbox.
pub fn odd_runs(sandbox: &Sandbox) -> Vec<(&'static str, MadeUp<'static>, PathBuf)> {
    let of = |recipes: Vec<String>, seeds: std::ops::RangeInclusive<u64>, levels: usize| MadeUp {
        recipes,
        seeds: seeds.collect(),
        levels,
        ..MadeUp::default()
    };
    let declared = MadeUp {
        more: "[report]\nprimary = { recipe = \"mish\", level = 2 }\n",
        ..of(short(7), 1..=5, 4)
    };
    let shapes = [
        ("one-seed", of(short(3), 1..=1, 3)),
        ("one-level", of(short(2), 1..=3, 0)),
        ("only-vanilla", of(short(1), 1..=1, 0)),
        ("twelve", of(short(12), 1..=3, 5)),
        ("deep", of(short(3), 1..=10, 16)),
        ("long-names", of(long(5), 1..=3, 4)),
        ("declared", declared),
        ("troubled", of(short(3), 1..=3, 3)),
    ];
    let write = |(name, shape): (&'static str, MadeUp<'static>)| {
        let run = sandbox.at(&format!("runs/{name}"));
        shape.write(&run);
        if name == "troubled" {
            trouble(&shape, &run);
        }
        (name, shape, run)
    };
    shapes.into_iter().map(write).collect()
}

/// A failed job, one that was given up, one that is missing, and one of an older version.
fn trouble(shape: &MadeUp<'_>, run: &Path) {
    let at = |place| run.join(folder(place));
    let failed = (Some("mish"), 1, 2);
    fs::remove_dir_all(at(failed)).unwrap();
    let record = json!({"status": "failed", "error": "the loss is NaN at step 3\nand more"});
    fs::write(at(failed).with_extension("failed.json"), record.to_string()).unwrap();
    fs::remove_dir_all(at((Some("mish"), 2, 1))).unwrap();
    let given_up = (Some("ghost-skip"), 3, 3);
    let mut record = shape.job(given_up);
    record["results"]["given_up"] = json!(4);
    fs::write(at(given_up).join("job.json"), record.to_string()).unwrap();
    let old = (Some("ghost-skip"), 1, 1);
    let mut record = shape.job(old);
    for key in ["test_calibration_error", "weights_exported", "training_flops"] {
        record["results"].as_object_mut().unwrap().remove(key);
    }
    fs::write(at(old).join("job.json"), record.to_string()).unwrap();
}

#[test]
fn each_has_a_report_with_the_numbers_of_its_jobs() {
    let sandbox = Sandbox::new();
    for (name, shape, run) in odd_runs(&sandbox) {
        let ran = sandbox.jackpot(&["report"]).arg(&run).run();
        assert_eq!(ran.code, 0, "{name}: {ran}");
        let rows = results(&run);
        assert_eq!(rows.len(), shape.places().len(), "{name}");
        for row in &rows {
            if ["missing", "failed"].contains(&row.get("status")) {
                continue;
            }
            let seed = row.number("seed") as u64;
            let recipe = Some(row.get("recipe")).filter(|recipe| !recipe.is_empty());
            let place = (recipe, seed, row.number("level") as usize);
            assert_eq!(row.number("test_accuracy"), shape.accuracy(place), "{name}: {row:?}");
        }
        let page = fs::read_to_string(run.join("report.html")).unwrap();
        assert!(!page.contains("\"NaN") && !page.contains("http:"), "{name}");
        for recipe in &shape.recipes {
            assert!(page.contains(recipe.as_str()), "{name}: {recipe}");
        }
        let markdown = fs::read_to_string(run.join("results.md")).unwrap();
        let says = |text: &str| assert!(markdown.contains(text), "{name}: {text}\n{markdown}");
        match name {
            "one-seed" => {
                says("one seed (n = 1)");
                says("one pair of runs, so no interval");
                assert!(!markdown.contains('±') && !markdown.contains("**"), "{markdown}");
            }
            "only-vanilla" => assert!(!markdown.contains("Gain over"), "{markdown}"),
            // Eleven recipes at six levels.
            "twelve" => says("Holm's correction for 66 gains"),
            // Six recipes at five levels, one of them declared.
            "declared" => {
                says("Holm's correction for 29 gains beside the primary one");
                says(
                    "Primary comparison, declared in the config and tested alone: mish on draw imp",
                );
                assert!(page.contains("Does the ticket matter?"));
            }
            "troubled" => {
                says("1 job failed:");
                says("1 job not trained yet");
                says("ghost-skip, draw imp, seed 3, level 3 after epoch 4");
                let row = |status: &str| rows.iter().filter(|r| r.get("status") == status).count();
                assert_eq!((row("failed"), row("missing"), row("given-up")), (1, 1, 1));
                let old = rows.iter().find(|row| {
                    row.get("training_flops").is_empty() && row.get("status") == "done"
                });
                assert_eq!(old.unwrap().folder(), "spend/ghost-skip/imp/seed-1/level-01");
            }
            _ => {}
        }
    }
}

#[test]
fn pictures_are_files_of_their_own() {
    let sandbox = Sandbox::new();
    let run = sandbox.at("runs/a");
    MadeUp { recipes: short(3), ..MadeUp::default() }.write(&run);
    let ran = sandbox.jackpot(&["report"]).arg(&run).args(["--plots", "plots"]).run();
    assert_eq!(ran.code, 0, "{ran}");
    let has = |name: &str| sandbox.at(&format!("plots/imp-{name}")).is_file();
    for name in ["accuracy", "gain", "gain-of-ticket", "weights-during-training", "layers"] {
        assert!(has(&format!("{name}.svg")), "{name}");
        let drawn = has(&format!("{name}.png"));
        assert!(drawn || ran.stderr.contains("no PNG files"), "{name}: {ran}");
    }
    let svg = fs::read_to_string(sandbox.at("plots/imp-accuracy.svg")).unwrap();
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && !svg.contains("var("));
}
