//! The one file of a state, and what is wrong with it.
//!
//! ```text
//! jackpot checkpoint 1 <SHA-256 of everything after this line, in hexadecimal>
//! {"position":{…},"parts":["model","optimizer",…],"metrics":"…"}
//! <a safetensors file: model/conv1.weight, optimizer/first.conv1.weight, best/…, mask/…>
//! ```

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Position, Saved};
use crate::digest::sha256_of;
use crate::model::ModelError;
use crate::model::state::{self, State, to_safetensors};
use crate::train::metrics::Metrics;

const MAGIC: &str = "jackpot checkpoint 1 ";

/// The second line.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    position: Position,
    /// Which of a state's groups of tensors are there, if only with nothing in it.
    parts: Vec<String>,
    metrics: String,
}

/// The bytes of a state, in the pieces in which they are written.
///
/// # Errors
///
/// A dtype that safetensors does not have.
pub fn encode(saved: &Saved) -> Result<[Vec<u8>; 3], ModelError> {
    let Saved { position, model, optimizer, best, masks, best_masks, metrics } = saved;
    let parts = [
        ("model", Some(model)),
        ("optimizer", Some(optimizer)),
        ("best", best.as_ref()),
        ("mask", masks.as_ref()),
        ("best-mask", best_masks.as_ref()),
    ];
    let parts: Vec<_> =
        parts.into_iter().filter_map(|(part, state)| Some((part, state?))).collect();
    let named = parts.iter().flat_map(|(part, state)| {
        state.iter().map(move |(name, tensor)| (format!("{part}/{name}"), tensor.shallow_clone()))
    });
    let tensors = to_safetensors(&named.collect())?;
    let header = Header {
        position: position.clone(),
        parts: parts.iter().map(|(part, _)| (*part).to_owned()).collect(),
        metrics: metrics.text().to_owned(),
    };
    let mut header = serde_json::to_vec(&header).map_err(|error| ModelError::File {
        path: "checkpoint".into(),
        message: error.to_string(),
    })?;
    header.push(b'\n');
    let first = format!("{MAGIC}{}\n", sha256_of(&[&header, &tensors]));
    Ok([first.into_bytes(), header, tensors])
}

/// Takes a state back; what is wrong with the bytes, in words.
///
/// # Errors
///
/// Another format; bytes that are not those that were written.
pub fn decode(bytes: &[u8], path: &Path) -> Result<Saved, String> {
    let (first, rest) = line(bytes).ok_or("it is cut off")?;
    let sum = first.strip_prefix(MAGIC.as_bytes()).ok_or("it is no checkpoint of this version")?;
    if sha256_of(&[rest]).as_bytes() != sum {
        return Err("its checksum is not that of its bytes".to_owned());
    }
    parse(rest, path)
}

/// Takes back what follows the first line.
///
/// # Errors
///
/// What is no state, in words.
pub fn parse(rest: &[u8], path: &Path) -> Result<Saved, String> {
    let (header, tensors) = line(rest).ok_or("it is cut off")?;
    let header: Header = serde_json::from_slice(header).map_err(|error| error.to_string())?;
    let all = state::parse(path, tensors).map_err(|error| error.to_string())?;
    let part = |part: &str| {
        let here = header.parts.iter().any(|known| known == part);
        let prefix = format!("{part}/");
        let own = all.iter().filter_map(|(name, tensor)| {
            Some((name.strip_prefix(&prefix)?.to_owned(), tensor.shallow_clone()))
        });
        here.then(|| own.collect::<State>())
    };
    Ok(Saved {
        model: part("model").ok_or("it has no weights")?,
        optimizer: part("optimizer").ok_or("it has no optimizer")?,
        best: part("best"),
        masks: part("mask"),
        best_masks: part("best-mask"),
        metrics: Metrics::from_text(header.metrics),
        position: header.position,
    })
}

/// The first line without its end, and what follows.
fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((&bytes[..end], &bytes[end + 1..]))
}
