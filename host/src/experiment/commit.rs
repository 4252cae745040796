//! Puts the result of a job in its place: first the weights that its draw's tickets start from,
//! last the folder with `job.json`, in one rename.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use jackpot_plugin_api::Duration;

use super::execute::ExecuteError;
use super::files::{self, FileError, TemporaryFolder};
use super::jobs::Job;
use super::key::JobKey;
use super::lease::{Attempt, Lease};
use super::readiness::{Board, Link};
use super::record::{JobRecord, JobStatus};
use super::retry::Seeds;
use super::sums::{self, FileSum, INIT, REWIND, Sums};
use crate::config::Rewind;
use crate::failpoint::{Point, reach};
use crate::train::Results;

/// Commits a training whose files are in `folder`; returns the records of all jobs that it
/// finished: its own first, then those of draws that share this dense training.
///
/// # Errors
/// A file that has to be there is not; or the disk.
pub fn commit(
    board: &Board<'_>,
    job: &Job,
    results: Results,
    seeds: &Seeds,
    folder: TemporaryFolder,
) -> Result<Vec<JobRecord>, ExecuteError> {
    let identity = board.identities.get(&job.key);
    let identity =
        identity.ok_or_else(|| ExecuteError::Failed(format!("{} is unknown", job.key)))?;
    let mut record = JobRecord::new(job.key.clone(), JobStatus::Done, identity);
    record.results = Some(results);
    (record.diverged, record.trained_seed) = (seeds.diverged.clone(), seeds.other);
    record.inputs = inputs(board, job);
    require_files(job, folder.path())?;
    if let Err(error) = serde_json::from_slice::<JobRecord>(&record.to_bytes()) {
        return Err(ExecuteError::Failed(format!("its results cannot be stored: {error}")));
    }
    let mut shared = Vec::new();
    let dense_draw = board.dense_draw(job);
    let beside = |name: &str| dense_draw.is_some() && is_beside(name);
    record.files = sums::of_folder(folder.path(), beside)?;
    if let Some(rewind) = dense_draw {
        record.rewind = point(rewind);
        record.files.extend(place_weights(board, &job.key, rewind, folder.path())?);
        shared = share(board, job, &record, folder.path())?;
        files::remove(&folder.path().join("init.safetensors"))?;
        for point in &job.rewind_points {
            files::remove(&folder.path().join(rewind_name(*point)))?;
        }
    }
    files::write(&folder.path().join(JobRecord::FILE), &record.to_bytes())?;
    reach(Point::JobRename);
    folder.keep()?;
    reach(Point::JobRenamed);
    let (leases, links): (Vec<Lease>, Vec<JobRecord>) = shared.into_iter().unzip();
    drop(leases);
    Ok([vec![record], links].concat())
}

/// Finishes a job by referring to another's folder.
pub fn commit_link(board: &Board<'_>, job: &Job, link: &Link) -> Result<JobRecord, FileError> {
    let (draw, seed) = (job.key.draw(), job.key.seed());
    let mut own = Sums::new();
    if let Some(init) = &link.init {
        place_one(init, &board.run.init(draw, seed), INIT, &mut own)?;
    }
    if let Some(rewind) = &link.rewind {
        place_one(rewind, &board.run.rewind(draw, seed), REWIND, &mut own)?;
    }
    let target = board.store.get(&link.to).cloned();
    let target = target.ok_or_else(|| {
        let path = board.run.folder(&link.to);
        FileError::new("link to", &path, io::Error::from(io::ErrorKind::NotFound))
    })?;
    write_link(board, job, &target, &board.run.folder(&link.to), own)
}

/// Writes what a job failed with beside its folder.
pub fn commit_failure(
    board: &Board<'_>,
    job: &Job,
    error: &str,
    diverged: &[u64],
) -> Result<(), FileError> {
    note_failure(board, job, (error, diverged), 1)
}

/// Writes that a training diverged which is tried again at once. That is no failed attempt yet: if
/// this process dies meanwhile, another goes on with the next seed.
pub fn commit_divergence(
    board: &Board<'_>,
    job: &Job,
    error: &str,
    diverged: &[u64],
) -> Result<(), FileError> {
    note_failure(board, job, (error, diverged), 0)
}

fn note_failure(
    board: &Board<'_>,
    job: &Job,
    (error, diverged): (&str, &[u64]),
    attempts: u64,
) -> Result<(), FileError> {
    let Some(identity) = board.identities.get(&job.key) else { return Ok(()) };
    let path = board.run.failure_path(&job.key);
    // A damaged note of an earlier failure is simply replaced.
    let before = JobRecord::read(&path).ok().flatten().map_or(0, |record| record.attempts);
    let mut record = JobRecord::new(job.key.clone(), JobStatus::Failed, identity);
    record.error = Some(error.to_owned());
    record.attempts = before + attempts;
    record.diverged = diverged.to_vec();
    record.inputs = inputs(board, job);
    files::write(&path, &record.to_bytes())
}

/// The name under which an executor saves the weights of a rewind point.
pub(super) fn rewind_name(point: Duration) -> String {
    format!("rewind-{point}.safetensors")
}

fn point(rewind: Rewind) -> Option<Duration> {
    match rewind {
        Rewind::Init => None,
        Rewind::At(point) => Some(point),
    }
}

fn inputs(board: &Board<'_>, job: &Job) -> BTreeMap<String, String> {
    let identity = |need: &JobKey| Some((need.path(), board.store.get(need)?.identity.clone()));
    job.needs.iter().filter_map(identity).collect()
}

fn require_files(job: &Job, folder: &Path) -> Result<(), ExecuteError> {
    let mut names = Vec::new();
    if job.key.is_draw() {
        names.extend(["mask.safetensors".to_owned(), "model.safetensors".to_owned()]);
        if job.key.level() == 0 {
            names.push("init.safetensors".to_owned());
            names.extend(job.rewind_points.iter().map(|point| rewind_name(*point)));
        }
    }
    match names.iter().find(|name| !folder.join(name).is_file()) {
        Some(name) => Err(ExecuteError::Failed(format!("the training did not write {name}"))),
        None => Ok(()),
    }
}

/// Whether a file in the folder of a dense training goes beside the draw's levels.
fn is_beside(name: &str) -> bool {
    name == "init.safetensors" || name.starts_with("rewind-")
}

/// Puts the weights of a draw beside its levels; gives their checksums.
fn place_weights(
    board: &Board<'_>,
    key: &JobKey,
    rewind: Rewind,
    from: &Path,
) -> Result<Sums, FileError> {
    let (draw, seed) = (key.draw(), key.seed());
    let mut own = Sums::new();
    place_one(&from.join("init.safetensors"), &board.run.init(draw, seed), INIT, &mut own)?;
    let place = board.run.rewind(draw, seed);
    match point(rewind) {
        Some(point) => place_one(&from.join(rewind_name(point)), &place, REWIND, &mut own)?,
        None => files::remove(&place)?,
    }
    Ok(own)
}

fn place_one(from: &Path, to: &Path, name: &str, sums: &mut Sums) -> Result<(), FileError> {
    sums.insert(name.to_owned(), FileSum::of_file(from)?);
    files::place(from, to)
}

/// Finishes the level 0 of the draws that share this dense training. Their links hold once this
/// job's own folder stands; till then they count as not finished.
fn share(
    board: &Board<'_>,
    job: &Job,
    record: &JobRecord,
    folder: &Path,
) -> Result<Vec<(Lease, JobRecord)>, FileError> {
    let group = |job: &Job| job.linked_to.as_ref().unwrap_or(&job.key).clone();
    let mut shared = Vec::new();
    for other in board.jobs().filter(|other| other.key != job.key && group(other) == group(job)) {
        let Some(rewind) = board.dense_draw(other) else { continue };
        if board.is_finished(other) || board.store.get(&other.key).is_some() {
            continue;
        }
        // Whoever has its lease sees to it.
        let Attempt::Acquired(lease) = Lease::try_acquire(board.run, &other.key)? else { continue };
        let own = place_weights(board, &other.key, rewind, folder)?;
        shared.push((lease, write_link(board, other, record, folder, own)?));
    }
    Ok(shared)
}

/// Writes the folder of a linked job: its record, and symbolic links to the target's files, which
/// lie in `target_files` now or later. `own` are the checksums of what is not the target's.
fn write_link(
    board: &Board<'_>,
    job: &Job,
    target: &JobRecord,
    target_files: &Path,
    own: Sums,
) -> Result<JobRecord, FileError> {
    let record = JobRecord {
        key: job.key.clone(),
        status: JobStatus::Linked,
        linked_to: Some(target.key.clone()),
        rewind: board.dense_draw(job).and_then(point),
        files: own,
        ..target.clone()
    };
    let folder = TemporaryFolder::create(&board.run.folder(&job.key))?;
    let up = "../".repeat(job.key.path().split('/').count());
    for name in files::list(target_files)? {
        if name == JobRecord::FILE || is_beside(&name) || !target_files.join(&name).is_file() {
            continue;
        }
        let to = format!("{up}{}/{name}", target.key.path());
        let path = folder.path().join(&name);
        match std::os::unix::fs::symlink(to, &path) {
            // They are a convenience, and some file systems have none.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
            done => done.map_err(|source| FileError::new("link", &path, source))?,
        }
    }
    files::write(&folder.path().join(JobRecord::FILE), &record.to_bytes())?;
    folder.keep()?;
    files::remove(&board.run.failure_path(&job.key))?;
    Ok(record)
}
