//! The loss of a batch, and how many of its images are recognised.

use jackpot_plugin_api::ctx::Progress;
use tch::{Kind, Tensor};

use super::error::TrainError;
use super::recipe::Attached;
use crate::model::Network;
use crate::plugin::kinds::Loss;

/// Cross-entropy with targets that are distributions: −Σ tᵢ·log softmax(x)ᵢ, the mean over the
/// batch. `logits` f32 `[N, classes]`, `targets` f32 `[N, classes]`; 0-dimensional.
///
/// # Errors
///
/// What libtorch says of shapes that do not fit.
pub fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor, tch::TchError> {
    let log = logits.f_log_softmax(1, logits.kind())?;
    let per_image = (log.f_mul(targets)?).f_sum_dim_intlist(&[1_i64][..], false, logits.kind())?;
    per_image.f_mean(logits.kind())?.f_neg()
}

/// How many rows have their largest value at the target's largest; 0-dimensional, i64.
///
/// # Errors
///
/// What libtorch says of shapes that do not fit.
pub fn correct(logits: &Tensor, targets: &Tensor) -> Result<Tensor, tch::TchError> {
    let hit = logits.f_argmax(1, false)?.f_eq_tensor(&targets.f_argmax(1, false)?)?;
    hit.f_sum(Kind::Int64)
}

/// The recipe's loss of a batch.
///
/// # Errors
///
/// What the plugin says.
pub fn of_batch(
    plugin: Option<&Attached<Loss>>,
    network: &Network,
    outputs: &[(String, Tensor)],
    targets: &Tensor,
    progress: Progress,
    seed: u64,
) -> Result<Tensor, TrainError> {
    // Losses are computed in f32 whatever the forward pass ran in.
    let outputs = outputs
        .iter()
        .map(|(name, tensor)| Ok((name.as_str(), to_f32(tensor)?)))
        .collect::<Result<Vec<_>, tch::TchError>>()?;
    match plugin {
        Some(attached) => {
            let outputs: Vec<_> = outputs.iter().map(|(name, tensor)| (*name, tensor)).collect();
            Ok(attached.with(network, progress, seed, |loss, context| {
                loss.loss(&outputs, &[("target", targets)], &context)
            })?)
        }
        None => {
            let (_, logits) = outputs
                .first()
                .ok_or_else(|| TrainError::Setting("the network has no output".to_owned()))?;
            Ok(cross_entropy(logits, targets)?)
        }
    }
}

fn to_f32(tensor: &Tensor) -> Result<Tensor, tch::TchError> {
    if tensor.kind() == Kind::Double {
        Ok(tensor.shallow_clone())
    } else {
        tensor.f_to_kind(Kind::Float)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cross_entropy_of_two_images() {
        // Row 1: softmax (1/4, 3/4), target class 0 → ln 4. Row 2: uniform, mixed target → ln 2.
        let logits = Tensor::from_slice(&[0.0_f64, 3.0_f64.ln(), 5.0, 5.0]).reshape([2, 2]);
        let targets = Tensor::from_slice(&[1.0_f64, 0.0, 0.5, 0.5]).reshape([2, 2]);
        let loss = cross_entropy(&logits, &targets).unwrap().double_value(&[]);
        assert!((loss - (4.0_f64.ln() + 2.0_f64.ln()) / 2.0).abs() < 1e-12, "{loss}");
        assert_eq!(correct(&logits, &targets).unwrap().int64_value(&[]), 1);
    }
}
