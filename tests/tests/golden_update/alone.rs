//! Updates by themselves, on weights and gradients by formula with many equal ones.

use jackpot::prune::Masks;
use jackpot::train::Training;
use jackpot::train::optimizer::Optimizer;
use tch::Tensor;

use crate::cases::{Case, cases, counts};
use crate::formula;

/// ⌊8·u⌋ / 8 of the formula's numbers.
fn coarse(case: &Case, what: &str, name: &str, like: &Tensor) -> Tensor {
    let label = format!("{}/{what}/{name}", case.label());
    let values = formula::values(like.numel(), formula::seed(&label), 1.0);
    let values: Vec<f64> = values.into_iter().map(|x| (x * 8.0).floor() / 8.0).collect();
    Tensor::from_slice(&values).reshape(like.size())
}

/// Gives every convolution its weights of that step, and all their gradients.
fn prepare(case: &Case, training: &Training<'_>, step: u64) -> Vec<Option<Tensor>> {
    let gradient = |p: &jackpot::model::Parameter| {
        let mut own = p.tensor.detach();
        training.masks.get(&p.name)?;
        own.copy_(&coarse(case, &format!("weight/{step}"), &p.name, &own));
        Some(coarse(case, &format!("gradient/{step}"), &p.name, &own))
    };
    let gradients = training.network.parameters().iter().map(gradient).collect();
    training.masks.apply(&training.network).unwrap();
    gradients
}

#[test]
fn masks_are_those_of_an_independent_implementation() {
    for case in cases("alone-", 4) {
        let parts = case.parts();
        let mut training = case.training(&parts);
        let before = counts(&training.masks);
        let optimizer =
            Optimizer::new(&parts.train.optimizer, training.network.parameters()).unwrap();
        let (steps, total) = case.steps();
        for step in 0..total {
            let due = training.update_is_due(case.at(step)).unwrap();
            assert_eq!(due, steps.contains(&step), "{} at step {step}", case.name());
            if due {
                let gradients = prepare(&case, &training, step);
                training.update_masks(&optimizer, &gradients, case.at(step)).unwrap();
                case.same_masks(&training, step);
                if !case.name().contains("gmp") {
                    assert_eq!(counts(&training.masks), before, "{}", case.name());
                }
            }
        }
    }
}

/// 4716 weights in layers of 108, 144, 144, 288, 576, 1152 and 2304, by hand: d = 0.05 +
/// 0.95·(1 − t/45)³ at t = 0, 10, 20, 30, 40, 45.
#[test]
fn gmp_keeps_what_the_schedule_says() {
    for case in cases("alone-gmp", 2) {
        let per_layer = case.name().ends_with("per-layer");
        let parts = case.parts();
        let mut training = case.training(&parts);
        training.masks = Masks::dense(&training.network, &names(&training));
        let optimizer =
            Optimizer::new(&parts.train.optimizer, training.network.parameters()).unwrap();
        let mut found = Vec::new();
        for step in case.steps().0 {
            let gradients = prepare(&case, &training, step);
            let replaces = training.update_masks(&optimizer, &gradients, case.at(step)).unwrap();
            assert!(!replaces, "a step of gmp is a step of the optimizer");
            found.push(training.masks.kept());
        }
        // (7/9)³ = 343/729, (5/9)³ = 125/729, 1/27, 1/729.
        let global = [4716, 2344, 1004, 402, 242, 236];
        let layerwise = [4716, 2345, 1005, 401, 242, 235];
        assert_eq!(found, if per_layer { layerwise } else { global }, "{}", case.name());
    }
}

fn names(training: &Training<'_>) -> Vec<String> {
    training.masks.iter().map(|(name, _)| name.to_owned()).collect()
}
