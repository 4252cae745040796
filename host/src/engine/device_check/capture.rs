//! Whether the training steps of an item can be captured as a CUDA graph; on the CPU as the list of
//! operators that stands for one.

use super::trial::Item;
use crate::engine::stage::Stage;
use crate::train::TrainError;
use crate::train::captured::{At, Steps};
use crate::train::optimizer::Optimizer;

/// Enough for some by operators, the two that are compared, and replays; as many are held against
/// operators afterwards.
const STEPS: u64 = 7;

/// Why not; `None`: they are.
///
/// # Errors
///
/// What the item says.
pub fn refusal(stage: &Stage, item: &Item) -> Result<Option<String>, TrainError> {
    let recipe = stage.with(item.kind, &item.reference, item.params.clone());
    let mut training = stage.training(&recipe)?;
    let mut optimizer = Optimizer::new(&recipe.optimizer, training.network.parameters())?;
    let mut steps = Steps::new(&training)?;
    let mut images = 0;
    for number in 0..2 * STEPS {
        if number == STEPS {
            steps.doubt();
        }
        let (indices, progress) = (stage.indices(number), stage.progress(number));
        images = indices.len();
        training.set_progress(progress)?;
        let at = At { indices: &indices, progress, rate: training.rate(progress)? };
        steps.step(&mut training, &mut optimizer, at, &mut |_| ())?;
    }
    Ok(match (steps.replays(images), steps.reason()) {
        (true, _) => None,
        (false, Some(reason)) => Some(reason.to_owned()),
        (false, None) => Some("masks move in too many steps".to_owned()),
    })
}
