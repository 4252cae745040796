//! Weights and masks that other programs made, as safetensors files.
//!
//! Names are PyTorch's state-dict names. `torch.nn.utils.prune` splits a pruned parameter `w` into
//! `w_orig` and `w_mask`, and both are understood; so is the `module.` that `DataParallel` puts
//! before every name.

use std::path::Path;

use tch::{Kind, Tensor};

use crate::digest::sha256;
use crate::model::state::{self, Extra, State};
use crate::model::{ModelError, Network};
use crate::prune::{Masks, PruneError};
use crate::train::TrainError;

/// Loads the weights of a file, without what its masks prune. Running statistics may be missing.
/// `known` is the SHA-256 that the file had when the run was started.
///
/// # Errors
///
/// A file that was changed since then, that is none, or whose tensors are not the network's; all of them are listed.
pub fn weights(path: &Path, network: &mut Network, known: Option<&str>) -> Result<(), TrainError> {
    let mut loaded = State::new();
    for (name, tensor) in read(path, known)? {
        if name.ends_with("_mask") && network.parameter(&name).is_none() {
            continue;
        }
        let name = match name.strip_suffix("_orig") {
            Some(plain) if network.parameter(plain).is_some() => plain.to_owned(),
            _ => name,
        };
        if !tensor.is_floating_point() && network.parameter(&name).is_some() {
            let message = format!("`{name}` is {:?}, which weights are not", tensor.kind());
            return Err(ModelError::File { path: path.to_owned(), message }.into());
        }
        loaded.insert(name, tensor);
    }
    for buffer in network.buffers() {
        let own = || buffer.tensor.shallow_clone();
        loaded.entry(buffer.name.clone()).or_insert_with(own);
    }
    Ok(network.load(&loaded, path, Extra::Refused)?)
}

/// The masks of a file for the parameters of those names: under the weight's name or with `_mask`
/// after it, bool or numbers that are 0 and 1. A parameter without one is dense. `known` as for
/// [`weights`].
///
/// # Errors
///
/// A file that was changed, that is none, without any mask, with one of another shape, with other values, or of a
/// parameter that the draw does not prune.
pub fn masks(
    path: &Path,
    network: &Network,
    names: &[String],
    known: Option<&str>,
) -> Result<Masks, TrainError> {
    let fail = |message: String| PruneError::MaskFile { path: path.to_owned(), message };
    let all = read(path, known)?;
    let split = all.keys().any(|name| name.ends_with("_mask"));
    let mut masks = Masks::dense(network, names).state();
    let mut found = 0;
    for (name, tensor) in all {
        // Beside `w_mask` lie weights.
        let name = match (name.strip_suffix("_mask"), split) {
            (Some(plain), _) => plain.to_owned(),
            (None, false) => name,
            (None, true) => continue,
        };
        let dense = masks.get(&name).ok_or_else(|| fail(outside(&name, network, names)))?;
        if tensor.size() != dense.size() {
            let (own, other) = (dense.size(), tensor.size());
            return Err(
                fail(format!("the mask of `{name}` is {other:?}; the weight is {own:?}")).into()
            );
        }
        let mask = truth(&tensor)?
            .ok_or_else(|| fail(format!("the mask of `{name}` has other values than 0 and 1")))?;
        masks.insert(name, mask.f_to_device(network.device())?);
        found += 1;
    }
    if found == 0 {
        return Err(fail("holds no mask".to_owned()).into());
    }
    let masks = Masks::from_tensors(masks);
    if masks.kept() == 0 {
        return Err(fail("keeps no weight at all".to_owned()).into());
    }
    Ok(masks)
}

fn outside(name: &str, network: &Network, names: &[String]) -> String {
    if network.parameter(name).is_some() {
        return format!("has a mask of `{name}`, which `prunable` leaves out");
    }
    let some: Vec<_> = names.iter().take(4).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > 4 { ", …" } else { "" };
    format!("has a mask of `{name}`; the prunable parameters are {}{more}", some.join(", "))
}

/// As bool; `None` if a value is neither 0 nor 1.
fn truth(tensor: &Tensor) -> Result<Option<Tensor>, tch::TchError> {
    if tensor.kind() == Kind::Bool {
        return Ok(Some(tensor.shallow_clone()));
    }
    let ones = tensor.f_eq(1)?;
    let known = ones.f_logical_or(&tensor.f_eq(0)?)?;
    let all = known.f_all()?.f_int64_value(&[])? != 0;
    Ok(all.then_some(ones))
}

fn read(path: &Path, known: Option<&str>) -> Result<State, ModelError> {
    let fail = |message: String| ModelError::File { path: path.to_owned(), message };
    let bytes = std::fs::read(path).map_err(|error| fail(format!("cannot be read: {error}")))?;
    // What the job's identity says of it has to hold for what is trained with.
    if known.is_some_and(|known| known != sha256(&bytes)) {
        let message =
            "was changed since the run was started; put it back as it was, or start again";
        return Err(fail(message.to_owned()));
    }
    let state = state::parse(path, &bytes).map_err(|error| match error {
        ModelError::File { path, message }
            if path.extension().is_some_and(|it| it == "pt" || it == "pth") =>
        {
            let message = format!(
                "{message}; in Python, \
                 `safetensors.torch.save_file(torch.load(…), \"file.safetensors\")` makes one"
            );
            ModelError::File { path, message }
        }
        other => other,
    })?;
    let wrapped = !state.is_empty() && state.keys().all(|name| name.starts_with("module."));
    let plain = |name: String| match name.strip_prefix("module.") {
        Some(plain) if wrapped => plain.to_owned(),
        _ => name,
    };
    Ok(state.into_iter().map(|(name, tensor)| (plain(name), tensor)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_changed_since_the_start_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let tensors = [("w".to_owned(), Tensor::from_slice(&[1.0_f32, 2.0]))];
        let bytes = state::to_safetensors(&State::from(tensors)).unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        let known = sha256(&bytes);
        assert_eq!(read(file.path(), Some(&known)).unwrap().len(), 1);
        std::fs::write(file.path(), [bytes, vec![0]].concat()).unwrap();
        let error = read(file.path(), Some(&known)).unwrap_err().to_string();
        assert!(error.contains("was changed since the run was started"), "{error}");
    }
}
