//! Networks with joined operators against the same networks in f64, operator by operator.

use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::graph::{Conv2d, Graph, GraphBuilder, TensorSpec};
use jackpot_plugin_api::model::Mode;
use proptest::prelude::*;
use tch::{Device, Kind, Tensor};

use super::norm::{Shared, forward};
use super::schedule::Work;
use crate::kernels::Threads;
use crate::model::run::sparse::norm::{NormSpec, NormTensors};
use crate::model::{BuildOptions, Network, Substitutes};
use crate::torch::grad::{GradOptions, grad};
use crate::torch::settings;

const FLOATS: (Kind, Device) = (Kind::Float, Device::Cpu);

#[derive(Debug, Clone)]
struct Case {
    channels: i64,
    side: i64,
    images: i64,
    threads: usize,
    seed: i64,
}

fn cases() -> impl Strategy<Value = Case> {
    let sides = prop::sample::select(vec![4_i64, 7, 8, 12, 20, 32]);
    let sizes = (1..6_i64, sides, 2..5_i64, 1..3_usize, 0..1_000_000_i64);
    sizes.prop_map(|(channels, side, images, threads, seed)| Case {
        channels,
        side,
        images,
        threads,
        seed,
    })
}

fn usual() -> Case {
    Case { channels: 3, side: 8, images: 5, threads: 1, seed: 7 }
}

/// A norm with ReLU; with a branch and ReLU; with a branch and something else behind it; a norm
/// whose result two nodes read.
fn graph(case: &Case) -> Graph {
    let channels = case.channels;
    let shape = vec![2, case.side, case.side];
    let input = TensorSpec { name: "x".to_owned(), shape, dtype: "f32".to_owned() };
    let mut graph = GraphBuilder::new(vec![input]);
    let x = graph.input();
    let x = graph.conv2d("conv1", &x, Conv2d::new(2, channels, 3));
    let x = graph.batch_norm2d("bn1", &x, channels);
    let x = graph.activation("relu1", &x);
    let y = graph.conv2d("conv2", &x, Conv2d::new(channels, channels, 3));
    let y = graph.batch_norm2d("bn2", &y, channels);
    let y = graph.add("add", &x, &y);
    let y = graph.activation("relu2", &y);
    let z = graph.conv2d("conv3", &y, Conv2d::new(channels, channels, 1));
    let z = graph.batch_norm2d("bn3", &z, channels);
    let z = graph.add("add2", &z, &y);
    let z = graph.node("tanh", "aten::tanh", &[&z], &[], serde_json::Value::Null);
    let z = graph.batch_norm2d("bn4", &z, channels);
    let z = graph.add("add3", &z, &z);
    let z = graph.global_avg_pool("pool", &z);
    let z = graph.linear("linear", &z, channels, 3);
    graph.output("logits", &z);
    graph.finish()
}

/// With weights and biases of norms that are not one and zero.
fn network(case: &Case) -> Network {
    let start = Progress { step: 0, steps_per_epoch: 1, total_steps: 1 };
    let options = BuildOptions {
        activation: None,
        skip: None,
        registry: None,
        seed: case.seed.unsigned_abs(),
        device: Device::Cpu,
        start,
    };
    let network = Network::build(&graph(case), options).unwrap();
    tch::manual_seed(case.seed);
    for parameter in network.parameters().iter().filter(|p| p.name.starts_with("bn")) {
        let moved = Tensor::randn(parameter.tensor.size(), FLOATS) * 0.5 + 0.5;
        tch::no_grad(|| parameter.tensor.shallow_clone().copy_(&moved));
    }
    network
}

fn images(case: &Case, kind: Kind) -> [Tensor; 2] {
    tch::manual_seed(case.seed + 1);
    let x = Tensor::randn([case.images, 2, case.side, case.side], FLOATS) + 3.0;
    let weights = Tensor::randn([case.images, 3], FLOATS);
    [x.to_kind(kind).set_requires_grad(true), weights.to_kind(kind)]
}

fn output(network: &Network, x: &Tensor, mode: Mode, fused: bool) -> Tensor {
    let found = match fused {
        true => network.forward(x, mode),
        false => network.forward_with(x, mode, Substitutes::default()),
    };
    found.unwrap().remove(0).1
}

/// Output, gradient to the input and to each parameter, running statistics.
fn everything(network: &Network, case: &Case, kind: Kind, fused: bool) -> Vec<(String, Tensor)> {
    let [x, weights] = images(case, kind);
    let y = output(network, &x, Mode::Train, fused);
    let loss = (&y * &weights).sum(kind);
    let mut inputs = vec![&x];
    inputs.extend(network.parameters().iter().map(|parameter| &parameter.tensor));
    let gradients = grad(&[&loss], &inputs, None, GradOptions::default()).unwrap();
    let mut all = vec![("output".to_owned(), y.detach())];
    let names = ["x"].into_iter().chain(network.parameters().iter().map(|p| p.name.as_str()));
    for (name, gradient) in names.zip(gradients) {
        all.push((format!("to {name}"), gradient.unwrap()));
    }
    let buffers = network.buffers().iter().filter(|buffer| buffer.tensor.is_floating_point());
    all.extend(buffers.map(|buffer| (buffer.name.clone(), buffer.tensor.copy())));
    all
}

fn distance(a: &Tensor, b: &Tensor) -> f64 {
    (a.to_kind(Kind::Double) - b.to_kind(Kind::Double)).norm().double_value(&[])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Against f64, no further than twice as far as the operators (and what rounding gives).
    #[test]
    fn joined_operators_are_the_operators(case in cases()) {
        settings::set_threads(case.threads).unwrap();
        let [fused, plain, mut exact] = [0; 3].map(|_| network(&case));
        exact.convert_to(Kind::Double).unwrap();
        let found = everything(&fused, &case, Kind::Float, true);
        let plain = everything(&plain, &case, Kind::Float, false);
        let exact = everything(&exact, &case, Kind::Double, false);
        for (((name, found), (_, plain)), (_, exact)) in found.iter().zip(&plain).zip(&exact) {
            let size = exact.norm().double_value(&[]);
            let [own, usual] = [distance(found, exact), distance(plain, exact)];
            prop_assert!(
                own <= 2.0 * usual + 2e-5 * size + 1e-5,
                "{}: {} from f64, operators {}, size {}", name, own, usual, size
            );
        }
    }
}

#[test]
fn norms_take_up_what_follows_them() {
    let network = network(&usual());
    let fused = network.fused.as_ref().unwrap();
    let named = |entry: &super::schedule::Entry| match entry.work {
        Work::Norm { residual, .. } => {
            Some((network.plan.steps[entry.step].node.as_str(), residual.is_some()))
        }
        Work::Plain => None,
    };
    let norms: Vec<_> = fused.schedule.entries.iter().filter_map(named).collect();
    assert_eq!(norms, [("relu1", false), ("relu2", true), ("add2", true), ("bn4", false)]);
    // Two nodes, three and two are one.
    assert_eq!(fused.schedule.entries.len(), network.plan.steps.len() - 4);
}

#[test]
fn an_evaluation_is_that_of_the_operators() {
    let case = usual();
    let network = network(&case);
    let [x, _] = images(&case, Kind::Float);
    // Running statistics that are not the first ones.
    drop(output(&network, &x, Mode::Train, true));
    let before: Vec<Tensor> = network.buffers().iter().map(|buffer| buffer.tensor.copy()).collect();
    let [found, plain] =
        [true, false].map(|fused| tch::no_grad(|| output(&network, &x, Mode::Eval, fused)));
    assert!(!found.equal(&plain), "kernels round otherwise");
    assert!(distance(&found, &plain) < 1e-5 * plain.norm().double_value(&[]));
    for (buffer, before) in network.buffers().iter().zip(before) {
        assert!(buffer.tensor.equal(&before), "{}", buffer.name);
    }
    // Its gradient is that of the operators.
    assert!(output(&network, &x, Mode::Eval, true).equal(&plain));
}

#[test]
fn second_derivatives_are_those_of_the_operators() {
    let case = usual();
    let network = network(&case);
    let second = |fused: bool| -> Vec<Tensor> {
        let [x, weights] = images(&case, Kind::Float);
        let y = output(&network, &x, Mode::Train, fused);
        let loss = (&y * &y * &weights).sum(Kind::Float);
        let options = GradOptions { create_graph: true, ..GradOptions::default() };
        let first = grad(&[&loss], &[&x], None, options).unwrap().remove(0).unwrap();
        let norm = (&first * &first).sum(Kind::Float);
        let parameters: Vec<&Tensor> = network.parameters().iter().map(|p| &p.tensor).collect();
        let options = GradOptions { allow_unused: true, ..GradOptions::default() };
        let found = grad(&[&norm], &parameters, None, options).unwrap();
        found.into_iter().flatten().collect()
    };
    let [found, plain] = [second(true), second(false)];
    assert_eq!(found.len(), plain.len());
    for (one, other) in found.iter().zip(&plain) {
        let size = other.norm().double_value(&[]);
        assert!(distance(one, other) <= 1e-3 * size + 1e-4, "{one:?} {size}");
    }
}

#[test]
fn what_is_not_a_number_is_not_lost_in_a_relu() {
    let case = usual();
    let network = network(&case);
    let [x, _] = images(&case, Kind::Float);
    let spoilt = tch::no_grad(|| x.detach().copy().fill_(f64::NAN));
    let y = tch::no_grad(|| output(&network, &spoilt, Mode::Train, true));
    assert!(y.isnan().all().int64_value(&[]) != 0);
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    tch::manual_seed(3);
    let random = |shape: &[i64]| Tensor::randn(shape, FLOATS);
    let [x, branch] = [0; 2].map(|_| random(&[6, 5, 12, 12]).set_requires_grad(true));
    let [weight, bias] = [0; 2].map(|_| random(&[5]).set_requires_grad(true));
    let to_y = random(&[6, 5, 12, 12]);
    let spec = NormSpec { momentum: 0.1, epsilon: 1e-5, relu: true };
    let with = |threads: usize| -> Vec<Tensor> {
        let shared = Shared::new(Threads::new(threads).unwrap());
        let [mean, variance] = [Tensor::zeros([5], FLOATS), Tensor::ones([5], FLOATS)];
        let tensors = NormTensors {
            weight: &weight,
            bias: &bias,
            running: Some([&mean, &variance]),
            training: true,
        };
        let y = forward(&shared, spec, &x, &tensors, Some(&branch)).unwrap();
        let inputs = [&x, &weight, &bias, &branch];
        let found = grad(&[&y], &inputs, Some(&[&to_y]), GradOptions::default()).unwrap();
        found.into_iter().flatten().chain([y.detach(), mean, variance]).collect()
    };
    let one = with(1);
    assert_eq!(one.len(), 7);
    for threads in [2, 3] {
        assert!(one.iter().zip(with(threads)).all(|(one, other)| one.equal(&other)));
    }
}
