//! Functions of tensors: values worked out by hand or from their definitions, and gradients.

use jackpot_plugin_api::prelude::*;
use jackpot_plugin_api::testing::*;

use crate::{Distance, Fading, Noise, Slope, Swish};

#[test]
fn values_and_gradient() -> TestResult {
    let host = Host::start()?;
    let swish: Swish = item(json!({ "beta": 2.0 }))?;
    let x = host.tensor(&[-1.0, 0.0, 2.0], &[3]);
    let y = host.activation(&swish).forward(&x)?;
    let expected = [-1.0, 0.0, 2.0].map(|x: f64| x / (1.0 + (-2.0 * x).exp()));
    assert_close(&y, &expected, 1e-6);
    assert_eq!((y.dtype(), y.shape()), (Dtype::F32, vec![3]));
    host.activation(&swish).check_gradient(&x)
}

#[test]
fn declared_tensors_are_there_and_can_be_set() -> TestResult {
    let host = Host::start()?;
    let x = host.tensor(&[-4.0, 1.0, -8.0, 3.0], &[2, 2, 1, 1]);
    let slope = host.activation(&Slope).site("relu1", &[2, 1, 1]);
    let tensors = slope.tensors()?;
    assert_close(tensors.expect("a"), &[0.25, 0.25], 0.0);
    let error = host.activation(&Slope).site("relu1", &[2]).forward(&x).map(|_| ()).unwrap_err();
    // [2] lies along the last dimension, not along the channels.
    assert!(error.to_string().contains("the result has shape"), "{error}");
    let a = host.tensor(&[0.5, 0.25], &[2, 1, 1]);
    let slope = slope.with("a", &a);
    assert_close(&slope.forward(&x)?, &[-2.0, 1.0, -4.0, 3.0], 0.0);
    slope.check_gradient(&x)
}

#[test]
fn knobs_follow_the_step_or_are_given() -> TestResult {
    let host = Host::start()?;
    let x = host.tensor(&[0.5, -2.0], &[2]);
    let tanh = |k: f64| [(0.5 * k).tanh(), (-2.0 * k).tanh()];
    let trial = || host.activation(&Fading);
    assert_close(&trial().forward(&x)?, &tanh(1.0), 1e-6);
    assert_close(&trial().at(750).forward(&x)?, &tanh(0.25), 1e-6);
    let short = Progress { step: 1, steps_per_epoch: 1, total_steps: 2 };
    assert_close(&trial().progress(short).forward(&x)?, &tanh(0.5), 1e-6);
    let given = host.tensor(&[3.0], &[]);
    assert_close(&trial().with("k", &given).forward(&x)?, &tanh(3.0), 1e-6);
    assert_close(trial().at(250).tensors()?.expect("k"), &0.75, 1e-7);
    assert_close(&trial().evaluating().forward(&x)?, &[-0.5, 2.0], 0.0);
    Ok(())
}

#[test]
fn a_loss_with_and_without_a_teacher() -> TestResult {
    let host = Host::start()?;
    // Row 1: softmax (1/4, 3/4), class 0: ln 4. Row 2: uniform, mixed: ln 2.
    let logits = host.tensor(&[0.0, 3.0_f64.ln(), 5.0, 5.0], &[2, 2]);
    let targets = host.tensor(&[1.0, 0.0, 0.5, 0.5], &[2, 2]);
    let plain: Distance = item(json!({}))?;
    let expected = (4.0_f64.ln() + 2.0_f64.ln()) / 2.0;
    assert_close(&host.loss(&plain).loss(&logits, &targets)?, &expected, 1e-6);
    host.loss(&plain).check_gradient(&logits, &targets)?;
    let taught: Distance = item(json!({ "share": 0.5 }))?;
    let error = host.loss(&taught).loss(&logits, &targets).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("the test gives none"), "{error}");
    // Two away everywhere: 0.5 · 4.
    let trial = host.loss(&taught).teacher(&(&logits + 2.0));
    assert_close(&trial.loss(&logits, &targets)?, &(expected + 2.0), 1e-6);
    trial.check_gradient(&logits, &targets)
}

#[test]
fn noise_depends_on_sample_epoch_and_seed_alone() -> TestResult {
    let host = Host::start()?;
    let noise: Noise = item(json!({ "size": 1.0 }))?;
    let batch = host.batch(4, [1, 2, 2], 3);
    assert_close(&batch.targets.select(0, 3), &[1.0, 0.0, 0.0], 0.0);
    let added = |seed: u64, step: u64, batch: &Batch| -> TestResult<Tensor> {
        let changed = host.augmentation(&noise).seed(seed).at(step).augment(batch)?;
        Ok(changed.images - &batch.images)
    };
    let whole = added(0, 0, &batch)?;
    let numbers: Vec<f64> = whole.to_vec();
    assert!(numbers.iter().all(|x| (-1e-6..1.0).contains(x)), "{numbers:?}");
    // The same sample in another batch, at another step of the same epoch.
    let half = Batch {
        images: batch.images.narrow(0, 2, 2),
        targets: batch.targets.narrow(0, 2, 2),
        indices: batch.indices.narrow(0, 2, 2),
    };
    let later = added(0, 99, &half)?;
    assert_close(&later, &whole.narrow(0, 2, 2), 1e-6);
    // The next epoch; another seed.
    assert!(far(&added(0, 100, &half)?, &later) && far(&added(1, 99, &half)?, &later));
    Ok(())
}

fn far(a: &Tensor, b: &Tensor) -> bool {
    (a - b).abs().sum().item() > 0.1
}

#[test]
fn several_threads_share_a_host() {
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                let host = Host::start().unwrap();
                let swish: Swish = item(json!({ "beta": thread })).unwrap();
                for i in 0..20 {
                    let x = host.tensor(&[f64::from(i)], &[1]);
                    let leaf = x.requires_grad_(true);
                    let y = host.activation(&swish).forward(&leaf).unwrap();
                    let x = f64::from(i);
                    assert_close(&y, &(x / (1.0 + (-f64::from(thread) * x).exp())), 1e-5);
                    // Whether autograd records is each thread's own matter.
                    let silent = no_grad(&y, || host.activation(&swish).forward(&leaf).unwrap());
                    assert!(y.requires_grad() && !silent.requires_grad());
                }
            });
        }
    });
}
