//! Running again, and running more.

use super::*;
use crate::config::{Levels, MaskControl, Rewind};

#[test]
fn a_run_is_draws_then_spends_and_the_second_does_nothing() {
    let (_folder, run) = run_dir();
    let fake = Fake::default();
    let summary = go(&run, &config(), &fake).unwrap();
    assert_eq!((summary.done, summary.linked, summary.skipped), (6, 3, 0));
    assert_eq!(fake.take(), [series("draw/imp/seed-1"), series("spend/all/imp/seed-1")].concat());

    let summary = go(&run, &config(), &fake).unwrap();
    assert_eq!((summary.done, summary.linked, summary.skipped), (0, 0, 9));
    assert_eq!(fake.take(), Vec::<String>::new());
}

#[test]
fn the_layout_is_the_contract() {
    let (folder, run) = run_dir();
    go(&run, &config(), &Fake::default()).unwrap();
    let names = |path: &str| {
        let mut names: Vec<String> = std::fs::read_dir(folder.path().join(path))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(""), ["config.toml", "draw", "manifest.json", "spend", "timing.jsonl"]);
    assert_eq!(names("draw/imp/seed-1"), ["init.safetensors", "level-00", "level-01", "level-02"]);
    let files = ["job.json", "mask.safetensors", "model.safetensors"];
    assert_eq!(names("draw/imp/seed-1/level-00"), files);
    assert_eq!(names("spend/all/imp/seed-1/level-02"), files);
    assert_eq!(names("spend/vanilla/imp/seed-1/level-02"), files);
}

#[test]
fn a_link_leads_to_the_files_and_the_results() {
    let (_folder, run) = run_dir();
    go(&run, &config(), &Fake::default()).unwrap();
    let vanilla = key("spend/vanilla/imp/seed-1/level-02");
    let record = run.record(&vanilla).unwrap().unwrap();
    assert_eq!(record.status, JobStatus::Linked);
    assert_eq!(record.linked_to, Some(key("draw/imp/seed-1/level-02")));
    assert_eq!(record.results, Some(results()));
    assert_eq!(run.files(&record), run.folder(&key("draw/imp/seed-1/level-02")));
    let through = std::fs::read_to_string(run.folder(&vanilla).join("model.safetensors")).unwrap();
    assert_eq!(through, "draw/imp/seed-1/level-02");
    // Without its target it is nothing; with it, it holds again.
    std::fs::remove_dir_all(run.folder(&key("draw/imp/seed-1/level-02"))).unwrap();
    assert_eq!(run.records().unwrap().len(), 7);
    let summary = go(&run, &config(), &Fake::default()).unwrap();
    assert_eq!((summary.done, summary.linked, summary.skipped), (1, 0, 8));
}

#[test]
fn a_record_tells_what_went_in() {
    let (_folder, run) = run_dir();
    go(&run, &config(), &Fake::default()).unwrap();
    let record = run.record(&key("spend/all/imp/seed-1/level-01")).unwrap().unwrap();
    let ticket = run.record(&key("draw/imp/seed-1/level-01")).unwrap().unwrap();
    assert_eq!(record.inputs["draw/imp/seed-1/level-01"], ticket.identity);
    let plugins: Vec<&str> = record.plugins.iter().map(|plugin| plugin.name.as_str()).collect();
    assert_eq!(plugins, ["mish", "resnet8", "magnitude"]);
}

#[test]
fn equal_runs_are_equal_to_the_byte_but_for_the_times() {
    let runs = [run_dir(), run_dir()];
    for (_, run) in &runs {
        go(run, &config(), &Fake::default()).unwrap();
    }
    for record in runs[0].1.records().unwrap() {
        let bytes = |run: &RunDir| std::fs::read(run.folder(&record.key).join("job.json")).unwrap();
        assert_eq!(bytes(&runs[0].1), bytes(&runs[1].1));
    }
}

#[test]
fn new_seeds_levels_and_recipes_do_only_the_new_jobs() {
    let (_folder, run) = run_dir();
    let fake = Fake::default();
    let mut config = config();
    go(&run, &config, &fake).unwrap();
    fake.take();

    config.seeds.push(2);
    go(&run, &config, &fake).unwrap();
    assert_eq!(fake.take(), [series("draw/imp/seed-2"), series("spend/all/imp/seed-2")].concat());

    config.draws[0].levels = Levels::Fraction { count: 3, fraction: 0.2 };
    go(&run, &config, &fake).unwrap();
    let new =
        ["draw/imp/seed-1", "spend/all/imp/seed-1", "draw/imp/seed-2", "spend/all/imp/seed-2"];
    assert_eq!(fake.take(), new.map(|series| format!("{series}/level-03")));

    config.spends.push(recipe("soft", "swish"));
    config.spends[2].levels = Some(vec![0, 3]);
    go(&run, &config, &fake).unwrap();
    let new = ["1/level-00", "1/level-03", "2/level-00", "2/level-03"];
    assert_eq!(fake.take(), new.map(|end| format!("spend/soft/imp/seed-{end}")));
}

#[test]
fn a_renamed_recipe_is_linked_to_its_old_results() {
    let (_folder, run) = run_dir();
    let fake = Fake::default();
    let mut config = config();
    go(&run, &config, &fake).unwrap();
    fake.take();
    config.spends[1].recipe = "everything".into();
    config.draws[0].name = "found".into();
    config.spends.iter_mut().for_each(|spend| spend.draws = vec!["found".into()]);
    let summary = go(&run, &config, &fake).unwrap();
    assert_eq!((summary.done, summary.linked), (0, 9), "{:?}", fake.take());
    let overview = status(&run, &config).unwrap();
    assert_eq!(overview.others.len(), 9);
}

#[test]
fn equal_recipes_train_once() {
    let (_folder, run) = run_dir();
    let fake = Fake::default();
    let mut config = config();
    config.spends.push(recipe("again", "mish"));
    let summary = go(&run, &config, &fake).unwrap();
    assert_eq!((summary.done, summary.linked), (6, 6));
    let again = run.record(&key("spend/again/imp/seed-1/level-01")).unwrap().unwrap();
    assert_eq!(again.linked_to, Some(key("spend/all/imp/seed-1/level-01")));
}

#[test]
fn a_pinned_ticket_is_drawn_as_deep_as_it_is_spent() {
    let (_folder, run) = run_dir();
    let fake = Fake::default();
    let mut config = config();
    config.spends = vec![recipe("pinned", "mish")];
    config.spends[0].ticket_seed = Some(9);
    config.spends[0].levels = Some(vec![1]);
    go(&run, &config, &fake).unwrap();
    let other = ["draw/imp/seed-9/level-00", "draw/imp/seed-9/level-01"].map(str::to_owned);
    let spent = ["spend/pinned/imp/seed-1/level-01".to_owned()];
    assert_eq!(fake.take(), [&series("draw/imp/seed-1")[..], &other, &spent].concat());
    let record = run.record(&key("spend/pinned/imp/seed-1/level-01")).unwrap().unwrap();
    assert_eq!(record.inputs.keys().collect::<Vec<_>>(), ["draw/imp/seed-9/level-01"]);
}

#[test]
fn jobs_come_after_what_they_need() {
    let mut config = config();
    config.seeds = vec![1, 2];
    config.draws.push(draw("late", Rewind::At("2ep".parse().unwrap())));
    config.spends[1].draws.push("late".into());
    config.spends[1].ticket_seed = Some(2);
    config.spends[1].mask = MaskControl::ShuffledGlobal;
    let jobs = jobs(&config).unwrap();
    let place = |key: &JobKey| jobs.iter().position(|job| job.key == *key).unwrap();
    for job in &jobs {
        for before in job.needs.iter().chain(&job.linked_to) {
            assert!(place(before) < place(&job.key), "{before} before {}", job.key);
        }
    }
    let keys: std::collections::BTreeSet<&JobKey> = jobs.iter().map(|job| &job.key).collect();
    assert_eq!(keys.len(), jobs.len());
}

#[test]
fn a_selection_does_no_more_than_it_says() {
    let (_folder, run) = run_dir();
    let fake = Fake::default();
    let go = |selection: &Selection| {
        go_with(&run, &config(), &facts(), selection, &fake, &Silent, &Stop::new()).unwrap()
    };
    let spends = Selection { spend: true, ..Selection::default() };
    let summary = go(&spends);
    assert_eq!(summary.blocked.len(), 6, "nothing is drawn yet");
    assert!(summary.blocked[0].1.contains("draw imp seed 1 level 00"), "{:?}", summary.blocked);
    assert_eq!(fake.take(), Vec::<String>::new());

    go(&Selection { draw: true, ..Selection::default() });
    assert_eq!(fake.take(), series("draw/imp/seed-1"));

    let only = Some(Glob::new("spend/all/*/level-01"));
    let summary = go(&Selection { only, ..Selection::all() });
    assert_eq!(fake.take(), ["spend/all/imp/seed-1/level-01"]);
    assert_eq!(summary.skipped + summary.done + summary.linked, 1);
    let summary = go(&spends);
    assert_eq!((summary.done, summary.linked, summary.skipped), (2, 3, 1));
}

#[test]
fn a_config_that_makes_no_sense_is_refused() {
    let refusal = |change: fn(&mut crate::config::Config)| {
        let mut config = config();
        change(&mut config);
        jobs(&config).unwrap_err().to_string()
    };
    assert!(
        refusal(|c| c.spends[0].recipe = "a/b".into()).contains("recipe name `a/b` contains '/'")
    );
    assert!(refusal(|c| c.spends[0].recipe = "all".into()).contains("two recipes are named `all`"));
    assert!(refusal(|c| c.spends[0].draws = vec!["omp".into()]).contains("the draw `omp`"));
    assert!(refusal(|c| c.spends[0].levels = Some(vec![3])).contains("level 3"));
}
