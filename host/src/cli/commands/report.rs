//! `jackpot report`, and the report at the end of a run.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::experiment::{ExperimentError, Lease, RunDir};
use crate::report::{Run, read, sweep, table, write};
use crate::verify::compare::compare;

/// Reports runs: a table on stdout, and three files each.
pub fn run(
    runs: &[PathBuf],
    out: Option<&Path>,
    baseline: Option<&str>,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let folders = folders(runs, out)?;
    let mut read_runs = Vec::new();
    for path in runs {
        let mut run = read(path)?;
        check_baseline(&run, path, baseline)?;
        run.baseline = baseline.map(str::to_owned);
        read_runs.push(run);
    }
    for (place, (run, folder)) in read_runs.iter().zip(&folders).enumerate() {
        let gap = if place > 0 { "\n" } else { "" };
        terminal.print(&format!("{gap}{}", table(run, terminal.width(), terminal.color)))?;
        files(run, folder, terminal)?;
    }
    reproduction(runs, terminal)
}

/// Says of every run after the first whether its bits are those of the first, or in what it is
/// another experiment.
fn reproduction(runs: &[PathBuf], terminal: &Terminal) -> Result<(), Failure> {
    let Some((first, others)) = runs.split_first() else { return Ok(()) };
    if others.is_empty() {
        return Ok(());
    }
    let Some(first) = RunDir::find(first)? else { return Ok(()) };
    for other in others {
        let Some(other) = RunDir::find(other)? else { continue };
        let found = compare(&first, &other)?;
        terminal.print(&format!("\n{found}"))?;
    }
    Ok(())
}

/// Writes the report of a run that was just done, and prints the table unless somebody is in a
/// hurry. Before anything is finished there is nothing to report.
pub fn after_run(directory: &RunDir, print: bool, terminal: &Terminal) -> Result<(), Failure> {
    // Killed processes may have left halves of the files; one process at a time tidies up.
    let _lease = Lease::of_run(directory).map_err(ExperimentError::from)?;
    sweep(directory.path());
    let run = read(directory.path())?;
    if run.rows.iter().all(|row| row.results.is_none()) {
        return Ok(());
    }
    if print {
        terminal.print(&table(&run, terminal.width(), terminal.color))?;
    }
    files(&run, directory.path(), terminal)
}

fn files(run: &Run, folder: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let [_, _, html] = write(folder, run)?;
    terminal.say(&format!("wrote {}, and results.csv and results.md beside it", html.display()));
    Ok(())
}

/// Where the files of each run go: beside its jobs, or below `out`.
fn folders(runs: &[PathBuf], out: Option<&Path>) -> Result<Vec<PathBuf>, Failure> {
    let Some(out) = out else { return Ok(runs.to_vec()) };
    if let [_] = runs {
        return Ok(vec![out.to_owned()]);
    }
    let name = |run: &PathBuf| {
        run.canonicalize().ok().as_deref().unwrap_or(run).file_name().map(OsString::from)
    };
    let names: Vec<OsString> = runs.iter().map(|run| name(run).unwrap_or_default()).collect();
    let different: BTreeSet<&OsString> = names.iter().collect();
    if different.len() < names.len() {
        let message = "two of these runs have the same folder name, so their files cannot share \
                       one -o folder; report them one by one";
        return Err(Failure::usage(message));
    }
    Ok(names.iter().map(|name| out.join(name)).collect())
}

fn check_baseline(run: &Run, path: &Path, baseline: Option<&str>) -> Result<(), Failure> {
    let recipes: BTreeSet<&str> = run.rows.iter().filter_map(|row| row.recipe.as_deref()).collect();
    match baseline {
        Some(wanted) if !recipes.contains(wanted) => {
            let known = recipes.into_iter().collect::<Vec<_>>().join(", ");
            let known = if known.is_empty() { "none" } else { &known };
            let run = path.display();
            Err(Failure::usage(format!("{run} has no recipe `{wanted}`; its recipes: {known}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_has_a_folder_of_its_own() {
        let runs = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
        let out = Some(Path::new("out"));
        assert_eq!(folders(&runs(&["a", "b"]), None).unwrap(), runs(&["a", "b"]));
        assert_eq!(folders(&runs(&["a/x"]), out).unwrap(), runs(&["out"]));
        assert_eq!(folders(&runs(&["a/x", "a/y/"]), out).unwrap(), runs(&["out/x", "out/y"]));
        assert_eq!(folders(&runs(&["a/x", "b/x"]), out).unwrap_err().code(), 2);
    }

    #[test]
    fn an_unknown_baseline_is_refused_with_the_recipes() {
        let run = crate::report::sample::tiny();
        let path = Path::new("runs/tiny");
        assert!(check_baseline(&run, path, None).is_ok());
        assert!(check_baseline(&run, path, Some("vanilla")).is_ok());
        let error = check_baseline(&run, path, Some("vanila")).unwrap_err();
        assert_eq!(error.code(), 2);
        assert!(error.message().contains("has no recipe `vanila`; its recipes: "), "{error:?}");
    }
}
