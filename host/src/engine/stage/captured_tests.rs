//! Captured steps against steps by operators.

use tch::Tensor;

use super::Stage;
use crate::config::{Optimizer as Choice, Precision, TrainConfig};
use crate::model::state::{State, to_safetensors};
use crate::plugin::Registry;
use crate::train::captured::{At, Steps};
use crate::train::optimizer::Optimizer;

/// Some steps; `change` may say otherwise before each. Gives the state and the losses.
fn trained(
    stage: &Stage,
    train: &TrainConfig,
    sizes: &[usize],
    mut change: impl FnMut(u64, &mut Steps),
) -> (State, Vec<f64>, Steps) {
    let mut training = stage.training(train).unwrap();
    let mut optimizer = Optimizer::new(&train.optimizer, training.network.parameters()).unwrap();
    let mut steps = Steps::new(&training).unwrap();
    let mut losses = Vec::new();
    for (number, &size) in sizes.iter().enumerate() {
        let number = number as u64;
        change(number, &mut steps);
        let progress = stage.progress(number);
        training.set_progress(progress).unwrap();
        let indices = &stage.indices(number)[..size];
        // Numbers that f32 has, too.
        let at = At { indices, progress, rate: 0.125 / (1 << (number / 8)) as f64 };
        let result = steps.step(&mut training, &mut optimizer, at, &mut |_| ()).unwrap();
        losses.push(result.loss.double_value(&[]));
        assert!((0..=size as i64).contains(&result.correct.int64_value(&[])));
    }
    let mut state = training.network.state();
    state.extend(optimizer.state(training.network.parameters()));
    let state = state.into_iter().map(|(name, tensor)| (name, tensor.detach().copy())).collect();
    (state, losses, steps)
}

fn both(precision: Precision) -> [Stage; 2] {
    let stage = || {
        let stage = Stage::new(Registry::default(), tch::Device::Cpu, 1).unwrap();
        stage.in_precision(precision)
    };
    [stage(), stage().capturing()]
}

fn bytes(state: &State) -> Vec<u8> {
    to_safetensors(state).unwrap()
}

#[test]
fn replayed_steps_give_the_bits_of_operators() {
    let (beta1, beta2, eps) = (0.9, 0.999, 1e-8);
    let adamw = Choice::Adamw { lr: 0.1, beta1, beta2, eps, weight_decay: 0.1, decay_norm: true };
    for optimizer in [Choice::sgd(0.125, 0.9, 2e-4), adamw] {
        for precision in [Precision::F32, Precision::Bf16] {
            let [plain, capturing] = both(precision);
            let train = TrainConfig { optimizer: optimizer.clone(), ..plain.without() };
            let (state, losses, steps) = trained(&plain, &train, &[16; 12], |_, _| ());
            assert!(!steps.replays(16));
            let (own, own_losses, steps) = trained(&capturing, &train, &[16; 12], |_, _| ());
            assert!(steps.replays(16));
            assert_eq!(losses, own_losses);
            assert_eq!(bytes(&state), bytes(&own), "{precision:?}");
            assert!(losses.windows(2).any(|two| two[0] != two[1]));
        }
    }
}

#[test]
fn each_size_of_batch_is_captured_by_itself() {
    let [plain, capturing] = both(Precision::F32);
    let train = plain.without();
    let sizes: Vec<usize> = (0..20).map(|step| if step % 4 == 3 { 10 } else { 16 }).collect();
    let (state, losses, _) = trained(&plain, &train, &sizes, |_, _| ());
    let (own, own_losses, steps) = trained(&capturing, &train, &sizes, |_, _| ());
    // The shorter one has had five steps: three by operators, two that were compared.
    assert!(steps.replays(16) && steps.replays(10) && !steps.replays(4));
    assert_eq!((losses, bytes(&state)), (own_losses, bytes(&own)));
}

#[test]
fn steps_by_operators_in_between_change_nothing() {
    let [plain, capturing] = both(Precision::F32);
    let train = plain.without();
    let (state, ..) = trained(&plain, &train, &[16; 12], |_, _| ());
    let (own, ..) =
        trained(&capturing, &train, &[16; 12], |step, steps| steps.pause(step % 3 == 0));
    assert_eq!(bytes(&state), bytes(&own));
}

#[test]
fn the_results_of_a_step_outlive_the_next() {
    let [_, capturing] = both(Precision::F32);
    let train = capturing.without();
    let mut training = capturing.training(&train).unwrap();
    let mut optimizer = Optimizer::new(&train.optimizer, training.network.parameters()).unwrap();
    let mut steps = Steps::new(&training).unwrap();
    let mut kept: Vec<(Tensor, f64)> = Vec::new();
    for number in 0..9 {
        let indices = capturing.indices(number);
        let at = At { indices: &indices, progress: capturing.progress(number), rate: 0.125 };
        let loss = steps.step(&mut training, &mut optimizer, at, &mut |_| ()).unwrap().loss;
        kept.push((loss.shallow_clone(), loss.double_value(&[])));
    }
    assert!(kept.iter().all(|(loss, value)| loss.double_value(&[]) == *value));
}
