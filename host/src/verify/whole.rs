//! The files of a run as a whole: config, manifest, plugin files, reports.

use std::fs;

use rayon::prelude::*;

use super::finding::{Check, Finding, Verdict};
use super::look::Look;
use crate::digest::sha256;
use crate::experiment::seal::{self, Seal};
use crate::experiment::{JobKey, jobs};
use crate::report;

/// The version that reports say nothing of, and whose words they are.
const JACKPOT: &str = env!("CARGO_PKG_VERSION");

/// Writes a report as text.
type Write = fn(&report::Run) -> String;

/// Checks them all.
pub fn check(look: &Look<'_>, verdict: &mut Verdict) {
    manifest(look, verdict);
    plugins(look, verdict);
    reports(look, verdict);
    unfinished(look, verdict);
}

fn manifest(look: &Look<'_>, verdict: &mut Verdict) {
    let mut wrong = |check, file, message: &str| {
        verdict.findings.push(Finding::of_run(check, file, message));
    };
    match fs::read(look.run.path().join("manifest.json")).as_deref().map(seal::check) {
        Ok(Seal::Whole) => {}
        Ok(Seal::Missing) if look.manifest.config_sha256.is_empty() => {}
        Ok(_) => wrong(Check::Record, "manifest.json", "was changed: its seal is another or gone"),
        Err(_) => wrong(Check::Record, "manifest.json", "is gone"),
    }
    let config = fs::read(look.run.config()).unwrap_or_default();
    let expected = &look.manifest.config_sha256;
    if !expected.is_empty() && sha256(&config) != *expected {
        let message = "was changed: it is not the config that the manifest names";
        wrong(Check::Config, "config.toml", message);
    }
    verdict.files += 2;
}

/// A plugin's copy is named after its hash.
fn plugins(look: &Look<'_>, verdict: &mut Verdict) {
    let folder = look.run.path().join("plugins");
    let paths = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|it| it == "so")).collect();
    let read = |path: &std::path::PathBuf| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let problem = match fs::read(path) {
            Err(error) => Some(format!("cannot be read: {error}")),
            Ok(bytes) if sha256(&bytes) != stem => {
                Some("was changed: its SHA-256 is not its name".to_owned())
            }
            Ok(_) => None,
        };
        (stem, problem)
    };
    let found: Vec<_> = paths.par_iter().map(read).collect();
    verdict.files += found.len();
    for (stem, problem) in found {
        let file = format!("plugins/{stem}.so");
        let finding = problem.map(|message| Finding::of_run(Check::Plugin, &file, message));
        verdict.findings.extend(finding);
    }
}

/// What `results.csv`, `results.md` and `report.html` say is what the jobs say.
fn reports(look: &Look<'_>, verdict: &mut Verdict) {
    let Ok(run) = report::read(look.run.path()) else { return };
    let stored = |name: &str| {
        let bytes = fs::read(look.run.path().join(name)).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let Some(csv) = stored("results.csv") else {
        verdict.notes.push("there is no results.csv yet".to_owned());
        return;
    };
    verdict.files += 1;
    let expected = report::csv(&run);
    let header = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    if header(&csv) != header(&expected) && header(&expected).starts_with(&header(&csv)) {
        let older = "results.csv is of an older version, with fewer columns; it was not compared";
        verdict.notes.push(older.to_owned());
    } else if csv != expected {
        let stale = rows_differ(&csv, &expected);
        let findings = stale.iter().map(|row| Finding::of_run(Check::Report, "results.csv", row));
        verdict.findings.extend(findings);
        if stale.is_empty() {
            let again = look.run.path().display();
            verdict.notes.push(format!(
                "the reports are older than some jobs; `jackpot report {again}` writes them anew"
            ));
            return;
        }
    }
    // A report may have been made with any recipe as the baseline.
    let recipes = run.recipes().into_iter().map(|recipe| Some(recipe.to_owned()));
    let baselines: Vec<Option<String>> = std::iter::once(None).chain(recipes).collect();
    let texts: [(&str, Write); 2] =
        [("results.md", report::markdown), ("report.html", report::html)];
    let same_words = look.manifest.versions.get("jackpot").is_some_and(|it| it == JACKPOT);
    for (name, write) in texts {
        let Some(text) = stored(name) else { continue };
        verdict.files += 1;
        let with = |baseline: &Option<String>| {
            write(&report::Run { baseline: baseline.clone(), ..run.clone() }) == text
        };
        if baselines.iter().any(with) {
            continue;
        }
        if same_words {
            let message = "is not what the jobs give; `jackpot report` writes it anew";
            verdict.findings.push(Finding::of_run(Check::Report, name, message));
        } else {
            verdict.notes.push(format!("{name} is of another version, and was not compared"));
        }
    }
}

/// Rows that are not the jobs'; a job that was finished since has none yet.
fn rows_differ(stored: &str, expected: &str) -> Vec<String> {
    // Recipe, draw, seed and level come first, then sparsity and status.
    let key = |row: &str| row.split(',').take(4).collect::<Vec<_>>().join(",");
    let is_later = |row: &str| row.contains(",missing,") || row.contains(",failed,");
    let rows: Vec<&str> = expected.lines().collect();
    let differs = stored.lines().enumerate().filter(|(_, row)| !rows.contains(row));
    let differs = differs.filter(|(_, row)| {
        let is_known = rows.iter().any(|expected| key(expected) == key(row));
        !(is_known && is_later(row))
    });
    differs.map(|(line, _)| format!("line {} is not what the jobs say", line + 1)).collect()
}

fn unfinished(look: &Look<'_>, verdict: &mut Verdict) {
    let Some(Ok(jobs)) = look.config.as_ref().map(jobs) else { return };
    let open = jobs.iter().filter(|job| !look.records.contains_key(&job.key)).count();
    if open > 0 {
        verdict.notes.push(format!("{open} of the config's {} jobs are not finished", jobs.len()));
    }
    let known = |key: &JobKey| jobs.iter().any(|job| job.key == *key);
    let others = look.records.keys().filter(|key| !known(key)).count();
    if others > 0 {
        let jobs = if others == 1 { "job is" } else { "jobs are" };
        verdict.notes.push(format!(
            "{others} {jobs} not in the config any more: levels and masks were not compared with it"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_of_jobs_that_were_finished_since_may_differ() {
        let expected = "h\n,imp,1,0,0,done,0.6\n,imp,1,1,0.2,done,0.5\n";
        assert!(rows_differ(expected, expected).is_empty());
        assert!(rows_differ("h\n,imp,1,0,0,done,0.6\n,imp,1,1,,missing,\n", expected).is_empty());
        let changed = rows_differ("h\n,imp,1,0,0,done,0.7\n,imp,1,1,,missing,\n", expected);
        assert_eq!(changed, ["line 2 is not what the jobs say"]);
        assert_eq!(rows_differ("h\n,imp,9,1,,missing,\n", expected).len(), 1);
    }
}
