//! A run directory → [`Run`].

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::about::about;
use super::plan::Plan;
use super::record::{Record, number};
use super::run::{Row, Run, Status};
use super::{files, plan};

/// Why there is no report.
#[derive(Debug, Error)]
pub enum ReportError {
    #[error(
        "{path} is not a run: it has no config.toml, draw/ or spend/. Name the folder that \
         `jackpot run` wrote to, such as runs/quickstart",
        path = path.display()
    )]
    NotARun { path: PathBuf },
    #[error("cannot read {path}: {source}", path = path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error(
        "cannot write {path}: {source}. Is there space, and may you write there? `-o DIR` puts \
         the report elsewhere",
        path = path.display()
    )]
    Write { path: PathBuf, source: std::io::Error },
}

/// A job: recipe (`None`: a draw's own), draw, seed, level.
type Key = (Option<String>, String, u64, usize);

/// Reads everything that is known of a run, finished or not. A job whose files cannot be
/// understood counts as failed, with the reason; jobs that the config asks for and that are not
/// there count as missing.
pub fn read(folder: &Path) -> Result<Run, ReportError> {
    if !["config.toml", "draw", "spend"].iter().any(|name| folder.join(name).exists()) {
        return Err(ReportError::NotARun { path: folder.to_owned() });
    }
    let config = text(&folder.join("config.toml"))?.unwrap_or_default();
    let manifest = text(&folder.join("manifest.json"))?.unwrap_or_default();
    let manifest = serde_json::from_str(&manifest).unwrap_or(serde_json::Value::Null);
    let table: toml::Table = toml::from_str(&config).unwrap_or_default();
    let plan = Plan::of(&table);

    let times = text(&folder.join("timing.jsonl"))?.map(|t| files::times(&t)).unwrap_or_default();
    let mut found: BTreeMap<Key, Row> = BTreeMap::new();
    for draw in entries(&folder.join("draw"))? {
        levels(folder, &draw, None, &mut found)?;
    }
    for recipe in entries(&folder.join("spend"))? {
        for draw in entries(&recipe)? {
            levels(folder, &draw, Some(file_name(&recipe)), &mut found)?;
        }
    }
    let mut rows = Vec::new();
    for (recipe, draw, seed, level) in plan.jobs() {
        let key = (recipe.map(str::to_owned), draw.to_owned(), seed, level);
        rows.push(found.remove(&key).unwrap_or_else(|| empty(&key, Status::Missing)));
    }
    // Jobs of an older config that is no longer asked for still are results.
    rows.extend(found.into_values());
    for row in rows.iter_mut().filter(|row| row.status == Status::Done) {
        row.time = times.get(&row.folder()).copied();
    }
    let name = plan::text(&table, "name").map(str::to_owned);
    let name = name.unwrap_or_else(|| file_name(folder));
    Ok(Run { name, baseline: None, about: about(&config, &manifest, &rows), rows })
}

/// All jobs under `<draw>/seed-<s>/`: a folder `level-<kk>` for each whole one, and a file
/// `level-<kk>.failed.json` for each that failed since.
fn levels(
    run: &Path,
    draw: &Path,
    recipe: Option<String>,
    found: &mut BTreeMap<Key, Row>,
) -> Result<(), ReportError> {
    for seed_folder in entries(draw)? {
        let Some(seed) = number(&seed_folder, "seed-") else { continue };
        for entry in entries(&seed_folder)? {
            let stem = entry.with_file_name(file_name(&entry).replace(".failed.json", ""));
            let Some(level) = number(&stem, "level-") else { continue };
            let key = (recipe.clone(), file_name(draw), seed, level as usize);
            // A folder comes before the file of the same level, and a whole result counts.
            if found.contains_key(&key) {
                continue;
            }
            let row = if entry == stem { job(run, &entry, &key)? } else { failed(&entry, &key)? };
            found.extend(row.map(|row| (key, row)));
        }
    }
    Ok(())
}

/// One job's folder; `None` where no result is in it.
fn job(run: &Path, folder: &Path, key: &Key) -> Result<Option<Row>, ReportError> {
    let Some(json) = text(&folder.join("job.json"))? else { return Ok(None) };
    let record = match Record::parse(&json) {
        Ok(record) => record,
        Err(error) => {
            let why = format!("job.json is damaged ({error}); delete its folder and run again");
            return Ok(Some(empty(key, Status::Failed(why))));
        }
    };
    // A link holds no files of its own.
    let (results, home) = match &record.status {
        Status::Linked(to) => {
            let home = run.join(to);
            let target = text(&home.join("job.json"))?;
            let target = target.and_then(|json| Record::parse(&json).ok());
            (record.results.or_else(|| target?.results), home)
        }
        _ => (record.results, folder.to_owned()),
    };
    let status = match (&results, record.status) {
        (None, Status::Done | Status::Linked(_)) => {
            Status::Failed("job.json holds no results; delete its folder and run again".to_owned())
        }
        (_, status) => status,
    };
    Ok(Some(Row {
        results,
        other_seed: record.trained_seed,
        curve: text(&home.join("metrics.jsonl"))?.map(|t| files::curve(&t)).unwrap_or_default(),
        layers: text(&home.join("layers.csv"))?.map(|t| files::layers(&t)).unwrap_or_default(),
        learned: text(&home.join("learned.csv"))?.map(|t| files::learned(&t)).unwrap_or_default(),
        ..empty(key, status)
    }))
}

/// The file of a job that failed.
fn failed(file: &Path, key: &Key) -> Result<Option<Row>, ReportError> {
    let status = |json: String| match Record::parse(&json) {
        Ok(Record { status: Status::Failed(why), .. }) => Status::Failed(why),
        _ => Status::Failed(format!("{} does not say why", file_name(file))),
    };
    Ok(text(file)?.map(|json| empty(key, status(json))))
}

fn empty((recipe, draw, seed, level): &Key, status: Status) -> Row {
    Row {
        recipe: recipe.clone(),
        draw: draw.clone(),
        seed: *seed,
        level: *level,
        status,
        results: None,
        other_seed: None,
        time: None,
        curve: vec![],
        layers: vec![],
        learned: vec![],
    }
}

/// The text of a file; `None` where there is none.
fn text(path: &Path) -> Result<Option<String>, ReportError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if absent(&error) => Ok(None),
        Err(source) => Err(ReportError::Read { path: path.to_owned(), source }),
    }
}

/// What is in a folder, by name; nothing where it does not exist.
fn entries(path: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let fail = |source| ReportError::Read { path: path.to_owned(), source };
    let list = match fs::read_dir(path) {
        Ok(list) => list,
        Err(error) if absent(&error) => return Ok(vec![]),
        Err(error) => return Err(fail(error)),
    };
    let mut out = Vec::new();
    for entry in list {
        out.push(entry.map_err(fail)?.path());
    }
    out.sort();
    Ok(out)
}

/// Whether there is just nothing there: no such name, or a file where a folder would be.
fn absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
