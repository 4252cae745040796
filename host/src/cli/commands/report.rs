//! `jackpot report`, and the report at the end of a run.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::cli::args::ReportArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::cli::words::plural;
use crate::experiment::{ExperimentError, Lease, RunDir};
use crate::report::{Run, merge, pictures, read, sweep, table, tensorboard, write};
use crate::verify::compare::{Compared, compare};

/// Reports runs: a table on stdout, and three files each; several runs also side by side.
pub fn run(args: &ReportArgs, terminal: &Terminal) -> Result<(), Failure> {
    let ReportArgs { runs, out, baseline, .. } = args;
    let folders = folders(runs, out.as_deref())?;
    let mut all = Vec::new();
    for path in runs {
        let mut run = read(path)?;
        check_baseline(&run, path, baseline.as_deref())?;
        run.baseline.clone_from(baseline);
        all.push(run);
    }
    let names = names(runs);
    for (place, (run, folder)) in all.iter().zip(&folders).enumerate() {
        let gap = if place > 0 { "\n" } else { "" };
        terminal.print(&format!("{gap}{}", table(run, terminal.width(), terminal.color)))?;
        files(run, folder, terminal)?;
        // One run has the folder to itself.
        let own = Path::new(if all.len() > 1 { names[place].as_str() } else { "" });
        more(run, args, own, terminal)?;
    }
    let again = reproduction(runs, terminal)?;
    let same_data = all.iter().all(|run| run.about.dataset == all[0].about.dataset);
    if again + 1 < runs.len() || !same_data {
        let both = merge(&names.into_iter().zip(all).collect::<Vec<_>>());
        terminal.print(&format!("\n{}", table(&both, terminal.width(), terminal.color)))?;
        if let Some(out) = out {
            files(&both, out, terminal)?;
        }
        more(&both, &ReportArgs { tensorboard: None, ..args.clone() }, Path::new(""), terminal)?;
    }
    Ok(())
}

/// What is written only if asked for, into `own` of the folders that were named.
fn more(run: &Run, args: &ReportArgs, own: &Path, terminal: &Terminal) -> Result<(), Failure> {
    if let Some(folder) = args.plots.as_ref().map(|folder| folder.join(own)) {
        let written = pictures(&folder, run)?;
        let count = plural(written.files.len(), "picture");
        terminal.say(&format!("wrote {count} to {}", folder.display()));
        if !written.png {
            terminal.say(
                "no PNG files: this machine has no fonts (on Debian, fonts-dejavu-core brings \
                 some); the SVG files are whole",
            );
        }
    }
    if let Some(folder) = args.tensorboard.as_ref().map(|folder| folder.join(own)) {
        let count = plural(tensorboard(&folder, run)?, "event file");
        terminal.say(&format!("wrote {count} to {}", folder.display()));
    }
    Ok(())
}

/// What the runs are called beside each other: their folders' last names, or the whole paths where
/// those are the same.
fn names(runs: &[PathBuf]) -> Vec<String> {
    let last = |run: &PathBuf| {
        let name =
            run.canonicalize().ok().as_deref().unwrap_or(run).file_name().map(OsString::from);
        name.unwrap_or_default().to_string_lossy().into_owned()
    };
    let names: Vec<String> = runs.iter().map(last).collect();
    let different: BTreeSet<&String> = names.iter().collect();
    match different.len() == names.len() {
        true => names,
        false => runs.iter().map(|run| run.display().to_string()).collect(),
    }
}

/// Says of every run after the first whether its bits are those of the first, or in what it is
/// another experiment. Returns how many are the very same one, of which there is nothing to compare.
fn reproduction(runs: &[PathBuf], terminal: &Terminal) -> Result<usize, Failure> {
    let Some((first, others)) = runs.split_first() else { return Ok(0) };
    if others.is_empty() {
        return Ok(0);
    }
    let Some(first) = RunDir::find(first)? else { return Ok(0) };
    let mut again = 0;
    for other in others {
        let Some(other) = RunDir::find(other)? else { continue };
        let found = compare(&first, &other)?;
        terminal.print(&format!("\n{found}"))?;
        let whole = matches!(&found, Compared::Bits(found) if found.only == [0, 0]);
        again += usize::from(whole);
    }
    Ok(again)
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
    let recipes = run.recipes();
    match baseline {
        Some(wanted) if !recipes.contains(&wanted) => {
            let known = recipes.join(", ");
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
