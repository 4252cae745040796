//! What an update leaves in weights and momenta, to the bit.

use jackpot::config::Optimizer as Choice;
use jackpot::train::optimizer::Optimizer;
use tch::Kind;

use crate::cases::{cases, flags};
use crate::data::numbers;

/// SGD with momentum has one moment of each weight, AdamW two.
#[test]
fn grown_and_dropped_weights_are_plus_zero_and_the_others_untouched() {
    for choice in [
        Choice::Sgd { lr: 0.1, momentum: 0.9, weight_decay: 0.0, nesterov: true, decay_norm: true },
        Choice::Adamw {
            lr: 0.01,
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            weight_decay: 0.1,
            decay_norm: true,
        },
    ] {
        for case in cases("training-", 4) {
            let mut parts = case.parts();
            parts.train.optimizer = choice.clone();
            let mut training = case.training(&parts);
            let mut optimizer = Optimizer::new(&choice, training.network.parameters()).unwrap();
            let all = |training: &jackpot::train::Training<'_>, optimizer: &Optimizer| {
                let mut all = optimizer.state(training.network.parameters());
                all.retain(|name, _| !name.starts_with("step."));
                let weights = training.network.parameters().iter();
                all.extend(weights.map(|p| (format!("weight.{}", p.name), p.tensor.detach())));
                all.into_iter()
                    .map(|(name, t)| (name, numbers(&t).into_iter().map(f64::to_bits).collect()))
                    .collect::<Vec<(String, Vec<u64>)>>()
            };
            let shape = case.shape();
            // Two steps without an update, so that there are momenta.
            for step in [1, 3] {
                let batch = shape.batch(&format!("{}/{step}", case.label()), Kind::Double);
                training.step(&mut optimizer, &batch, case.at(step), 0.01).unwrap();
            }
            let (old, before) = (training.masks.shallow_clone(), all(&training, &optimizer));
            let gradients = gradients(&case.shape(), &training, case.label());
            let replaces = training.update_masks(&optimizer, &gradients, case.at(8)).unwrap();
            assert_eq!(replaces, !case.name().contains("gmp"), "{}", case.name());
            let (mut grown, mut dropped) = (0, 0);
            for ((name, before), (_, after)) in before.iter().zip(all(&training, &optimizer)) {
                let parameter = name.split_once('.').unwrap().1;
                let Some(now) = training.masks.get(parameter).map(flags) else {
                    assert_eq!(*before, after, "{name} has no mask");
                    continue;
                };
                let was = flags(old.get(parameter).unwrap());
                for place in 0..now.len() {
                    match (was[place], now[place]) {
                        (true, true) => assert_eq!(after[place], before[place], "{name}"),
                        _ => assert_eq!(after[place], 0, "{name}"),
                    }
                    grown += u32::from(!was[place] && now[place]);
                    dropped += u32::from(was[place] && !now[place]);
                }
            }
            assert!(dropped > 0, "{}", case.name());
            assert_eq!(grown > 0, !case.name().contains("gmp"), "{}", case.name());
        }
    }
}

/// Some gradients: of the loss of a batch.
fn gradients(
    shape: &crate::state::Shape,
    training: &jackpot::train::Training<'_>,
    label: &str,
) -> Vec<Option<tch::Tensor>> {
    let batch = shape.batch(label, Kind::Double);
    let network = &training.network;
    let mode = jackpot_plugin_api::model::Mode::BatchStats;
    let outputs = network.forward(&batch.inputs, mode).unwrap();
    let loss = jackpot::train::loss::cross_entropy(&outputs[0].1, &batch.targets).unwrap();
    let weights: Vec<_> = network.parameters().iter().map(|p| &p.tensor).collect();
    jackpot::torch::grad::grad(&[&loss], &weights, None, Default::default()).unwrap()
}
