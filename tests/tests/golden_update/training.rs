//! Trainings of sixteen steps in f64 with updates on their way.

use jackpot::prune::Masks;
use jackpot::train::optimizer::Optimizer;
use tch::Kind;

use crate::cases::{Case, cases, flags};
use crate::compare::projected;
use crate::data::numbers;
use crate::state;

/// To the bit: weights and momenta that the masks do not keep.
#[track_caller]
fn pruned_are_plus_zero(case: &Case, masks: &Masks, values: &[(String, Vec<f64>)]) {
    for (name, values) in values {
        let Some(mask) = masks.get(name) else { continue };
        let pruned = values.iter().zip(flags(mask)).filter(|(_, kept)| !kept);
        assert!(pruned.into_iter().all(|(x, _)| x.to_bits() == 0), "{}: {name}", case.name());
    }
}

#[test]
fn sixteen_steps_with_updates_follow_pytorch() {
    for case in cases("training-", 4) {
        let (parts, shape) = (case.parts(), case.shape());
        let mut training = case.training(&parts);
        let mut optimizer =
            Optimizer::new(&parts.train.optimizer, training.network.parameters()).unwrap();
        let (steps, total) = case.steps();
        let momenta = |optimizer: &Optimizer, training: &jackpot::train::Training<'_>| {
            let parameters = training.network.parameters();
            let state = optimizer.state(parameters);
            let one = |name: &String| numbers(&state[&format!("first.{name}")]);
            parameters.iter().map(|p| (p.name.clone(), one(&p.name))).collect::<Vec<_>>()
        };
        let losses = numbers(case.tensor("loss"));
        for (step, expected) in (0..total).zip(&losses) {
            let batch = shape.batch(&format!("{}/{}", case.label(), step % 4), Kind::Double);
            let rate = case.number("lr");
            let result = training.step(&mut optimizer, &batch, case.at(step), rate).unwrap();
            let loss = result.loss.double_value(&[]);
            let off = (loss - expected).abs();
            assert!(off <= 1e-9 * expected, "{} step {step}: {loss}, not {expected}", case.name());
            if steps.contains(&step) {
                case.same_masks(&training, step);
            }
            let weights = state::parameters(&training.network);
            pruned_are_plus_zero(&case, &training.masks, &weights);
            pruned_are_plus_zero(&case, &training.masks, &momenta(&optimizer, &training));
        }
        for (what, ours) in [
            ("weights", state::parameters(&training.network)),
            ("momenta", momenta(&optimizer, &training)),
        ] {
            let name = format!("{}: {what}", case.name());
            projected(&ours, &case.rows(what)).within(1e-9, &name);
        }
    }
}
