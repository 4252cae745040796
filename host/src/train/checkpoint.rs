//! A training in the middle, on disk: everything that the next step depends on.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::TrainError;
use super::metrics::Metrics;
use crate::model::state::{self, State};

/// The point where a training stands. Randomness is a function of the step, so no generator's
/// state is here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Optimizer steps done.
    pub step: u64,
    /// Sum of the batch losses × batch sizes in the epoch under way.
    pub loss_sum: f64,
    /// Images recognised in the epoch under way.
    pub correct: i64,
    /// Images seen in the epoch under way.
    pub images: u64,
    /// The best validation accuracy so far and its epoch.
    pub best: Option<(f64, u64)>,
    /// Training forward passes so far, for `num_batches_tracked`.
    pub forwards: u64,
}

/// What a checkpoint holds besides the position.
#[derive(Debug)]
pub struct Saved {
    pub position: Position,
    pub model: State,
    pub optimizer: State,
    /// The weights of the best epoch.
    pub best: Option<State>,
    /// Where masks move: those of the model.
    pub masks: Option<State>,
    /// Where masks move: those of the best epoch.
    pub best_masks: Option<State>,
    pub metrics: Metrics,
}

const POSITION: &str = "position.json";
const BEST: &str = "best.safetensors";
pub const MASK: &str = "mask.safetensors";
pub const BEST_MASK: &str = "best-mask.safetensors";

/// Writes a checkpoint: a new folder beside the old one, which is removed once the new one is
/// whole.
///
/// # Errors
///
/// A disk that is full or not writable.
pub fn save(folder: &Path, saved: &Saved) -> Result<(), TrainError> {
    let next = folder.join("next");
    let current = folder.join("current");
    let old = folder.join("old");
    remove(&next)?;
    fs::create_dir_all(&next).map_err(|source| file(&next, source))?;
    write(&next.join("model.safetensors"), &state::to_safetensors(&saved.model)?)?;
    write(&next.join("optimizer.safetensors"), &state::to_safetensors(&saved.optimizer)?)?;
    let some = [(BEST, &saved.best), (MASK, &saved.masks), (BEST_MASK, &saved.best_masks)];
    for (name, state) in some.into_iter().filter_map(|(name, one)| Some((name, one.as_ref()?))) {
        write(&next.join(name), &state::to_safetensors(state)?)?;
    }
    write(&next.join("metrics.jsonl"), saved.metrics.text().as_bytes())?;
    let position = serde_json::to_vec(&saved.position).map_err(|error| TrainError::Checkpoint {
        path: next.clone(),
        message: error.to_string(),
    })?;
    write(&next.join(POSITION), &position)?;
    remove(&old)?;
    if current.exists() {
        fs::rename(&current, &old).map_err(|source| file(&current, source))?;
    }
    fs::rename(&next, &current).map_err(|source| file(&next, source))?;
    remove(&old)
}

/// Reads the newest whole checkpoint; `None` if there is none.
///
/// # Errors
///
/// A checkpoint whose files are damaged.
pub fn read(folder: &Path) -> Result<Option<Saved>, TrainError> {
    // Between the two renames only `old` is there.
    let place = [folder.join("current"), folder.join("old")];
    let Some(place) = place.into_iter().find(|place| place.join(POSITION).is_file()) else {
        return Ok(None);
    };
    let text = |name: &str| {
        let path = place.join(name);
        fs::read_to_string(&path).map_err(|source| file(&path, source))
    };
    let position = serde_json::from_str(&text(POSITION)?).map_err(|error| {
        TrainError::Checkpoint { path: place.clone(), message: error.to_string() }
    })?;
    let optional = |name: &str| {
        let path = place.join(name);
        path.is_file().then(|| state::read(&path)).transpose()
    };
    Ok(Some(Saved {
        position,
        model: state::read(&place.join("model.safetensors"))?,
        optimizer: state::read(&place.join("optimizer.safetensors"))?,
        best: optional(BEST)?,
        masks: optional(MASK)?,
        best_masks: optional(BEST_MASK)?,
        metrics: Metrics::from_text(text("metrics.jsonl")?),
    }))
}

/// Writes a file and flushes it to the disk.
///
/// # Errors
///
/// A disk that is full or not writable.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let whole = || {
        let mut out = fs::File::create(path)?;
        out.write_all(bytes)?;
        out.sync_all()
    };
    whole().map_err(|source| file(path, source))
}

fn remove(folder: &PathBuf) -> Result<(), TrainError> {
    match fs::remove_dir_all(folder) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(file(folder, source)),
        _ => Ok(()),
    }
}

fn file(path: &Path, source: std::io::Error) -> TrainError {
    TrainError::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use tch::Tensor;

    use super::*;

    fn saved(step: u64) -> Saved {
        let position = Position {
            step,
            loss_sum: 0.1,
            correct: 3,
            images: 4,
            best: Some((0.5, 1)),
            forwards: step,
        };
        let model = State::from([("w".to_owned(), Tensor::from_slice(&[step as f32]))]);
        let metrics = Metrics::from_text("{}\n".to_owned());
        let mask = State::from([("w".to_owned(), Tensor::from_slice(&[step == 1]))]);
        Saved {
            position,
            model,
            optimizer: State::new(),
            best: None,
            masks: Some(mask),
            best_masks: None,
            metrics,
        }
    }

    #[test]
    fn the_newest_whole_one_is_read() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).unwrap().is_none());
        save(folder.path(), &saved(1)).unwrap();
        save(folder.path(), &saved(2)).unwrap();
        let back = read(folder.path()).unwrap().unwrap();
        assert_eq!(back.position, saved(2).position);
        assert_eq!(back.model["w"].double_value(&[0]), 2.0);
        assert_eq!(back.masks.unwrap()["w"].int64_value(&[0]), 0);
        assert!(back.best.is_none() && back.best_masks.is_none());
        // A kill between the renames.
        fs::rename(folder.path().join("current"), folder.path().join("old")).unwrap();
        assert_eq!(read(folder.path()).unwrap().unwrap().position.step, 2);
        // A kill while the next one is written.
        fs::create_dir(folder.path().join("next")).unwrap();
        fs::write(folder.path().join("next/position.json"), b"{").unwrap();
        assert_eq!(read(folder.path()).unwrap().unwrap().position.step, 2);
    }
}
