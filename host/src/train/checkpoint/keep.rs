//! The files of a training's states in their folder: the last two, each whole or not there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::file::{decode, encode};
use super::{Position, Saved, write};
use crate::digest::sha256;
use crate::failpoint::{Point, reach};
use crate::train::error::TrainError;

/// The newest and the one before, should the newest be damaged.
const KEPT: usize = 2;
const SUFFIX: &str = ".checkpoint";

/// What a folder has to go on from.
#[derive(Debug)]
pub struct Found {
    /// The newest state that is whole.
    pub saved: Option<Saved>,
    /// What is wrong with each newer one: its file and why.
    pub unusable: Vec<(PathBuf, String)>,
    /// Whether one of them is whole, but past a point whose weights are asked for only now.
    pub is_past_a_point: bool,
}

/// Writes a state beside the ones before, of which the newest stays.
///
/// # Errors
///
/// A disk that is full or not writable.
pub fn save(folder: &Path, saved: &Saved) -> Result<(), TrainError> {
    let pieces = encode(saved)?;
    let name = format!("step-{:012}{SUFFIX}", saved.position.step);
    let (place, beside) = (folder.join(&name), folder.join(format!(".{name}.tmp")));
    let whole = || {
        fs::create_dir_all(folder)?;
        reach(Point::CheckpointBegin);
        let mut file = File::create(&beside)?;
        let [first, header, tensors] = &pieces;
        file.write_all(first)?;
        file.write_all(header)?;
        let (half, rest) = tensors.split_at(tensors.len() / 2);
        file.write_all(half)?;
        reach(Point::CheckpointHalf);
        file.write_all(rest)?;
        file.sync_all()?;
        reach(Point::CheckpointWritten);
        fs::rename(&beside, &place)?;
        File::open(folder)?.sync_all()
    };
    if let Err(source) = whole() {
        // The first error is the one to tell; the next checkpoint overwrites what is left.
        let _ = fs::remove_file(&beside);
        return Err(TrainError::File { path: place, source });
    }
    reach(Point::CheckpointRenamed);
    for old in states(folder)?.iter().rev().skip(KEPT) {
        fs::remove_file(old).map_err(|source| TrainError::File { path: old.clone(), source })?;
    }
    Ok(())
}

/// The newest whole state whose files of `points` are whole, too; `points` are the names of those
/// that a training has to save up to a step. They are copied into `into`.
///
/// # Errors
///
/// A folder that cannot be read, a disk that is full.
pub fn newest(
    folder: &Path,
    points: impl Fn(u64) -> Vec<String>,
    into: &Path,
) -> Result<Found, TrainError> {
    let mut found = Found { saved: None, unusable: Vec::new(), is_past_a_point: false };
    for path in states(folder)?.into_iter().rev() {
        let read = match fs::read(&path) {
            Ok(bytes) => decode(&bytes, &path),
            // Nothing is wrong with the state: it must not be passed over.
            Err(source) if source.kind() == io::ErrorKind::PermissionDenied => {
                return Err(TrainError::File { path, source });
            }
            Err(error) => Err(format!("it cannot be read: {error}")),
        };
        let whole = read.and_then(|saved| {
            let wanted = points(saved.position.step);
            let unknown = |name: &&String| !saved.position.rewind.contains_key(*name);
            if let Some(name) = wanted.iter().find(unknown) {
                found.is_past_a_point = true;
                return Err(format!("it is past {name}, which was not asked for before"));
            }
            let files = wanted.iter().map(|name| point_file(folder, name, &saved));
            Ok((files.collect::<Result<Vec<_>, _>>()?, wanted, saved))
        });
        match whole {
            Ok((files, names, saved)) => {
                for (name, bytes) in names.iter().zip(files) {
                    write(&into.join(name), &bytes)?;
                }
                found.saved = Some(saved);
                break;
            }
            Err(why) => found.unusable.push((path, why)),
        }
    }
    Ok(found)
}

/// Whether the whole states of a folder are all past a point whose weights were not saved: the step
/// of the newest, and the point's name. `points` are as in [`newest`]. What cannot be read is left
/// to whoever goes on from it.
pub fn missed_point(folder: &Path, points: impl Fn(u64) -> Vec<String>) -> Option<(u64, String)> {
    let mut missed = None;
    for path in states(folder).unwrap_or_default().into_iter().rev() {
        let read = fs::read(&path).ok().and_then(|bytes| decode(&bytes, &path).ok());
        let Some(Position { step, rewind, .. }) = read.map(|saved| saved.position) else {
            continue;
        };
        let name = points(step).into_iter().find(|name| !rewind.contains_key(name))?;
        missed = missed.or(Some((step, name)));
    }
    missed
}

/// The weights at a point that the state is past, as they were written.
fn point_file(folder: &Path, name: &str, saved: &Saved) -> Result<Vec<u8>, String> {
    let bytes =
        fs::read(folder.join(name)).map_err(|error| format!("{name} cannot be read: {error}"))?;
    match saved.position.rewind.get(name) == Some(&sha256(&bytes)) {
        true => Ok(bytes),
        false => Err(format!("{name} beside it is damaged")),
    }
}

/// The files of states, oldest first.
fn states(folder: &Path) -> Result<Vec<PathBuf>, TrainError> {
    let failed = |source| TrainError::File { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("step-") && name.ends_with(SUFFIX) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}
