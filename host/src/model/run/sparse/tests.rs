//! Networks on kernels against the same networks in f64, dense.

use std::collections::{BTreeMap, BTreeSet};

use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::graph::{Conv2d, Graph, GraphBuilder, TensorSpec};
use jackpot_plugin_api::model::Mode;
use proptest::prelude::*;
use tch::{Device, Kind, Tensor};

use crate::model::{BuildOptions, Network};
use crate::torch::grad::{GradOptions, grad};
use crate::torch::settings;

/// A network to try: every sort of layer, in every neighbourhood.
#[derive(Debug, Clone)]
struct Case {
    channels: [i64; 2],
    side: i64,
    kernel: i64,
    stride: i64,
    padding: i64,
    grouped: bool,
    images: i64,
    density: f64,
    threads: usize,
    seed: i64,
}

fn cases() -> impl Strategy<Value = Case> {
    let sizes = (1..5_i64, 1..5_i64, 3..8_i64, 1..4_i64, 1..3_i64, 0..3_i64);
    let rest = (any::<bool>(), 2..20_i64, 0.05..0.9_f64, 1..3_usize, 0..1_000_000_i64);
    (sizes, rest).prop_map(|((one, two, side, kernel, stride, padding), rest)| {
        let (grouped, images, density, threads, seed) = rest;
        let channels = [2 * one, 2 * two];
        Case { channels, side, kernel, stride, padding, grouped, images, density, threads, seed }
    })
}

/// Two convolutions with batch norm, of which the first is strided, a branch around the second, a
/// block with nothing but its input around it, a `tanh` for which there is no kernel, a convolution with bias, and a linear layer.
fn graph(case: &Case) -> Graph {
    let [a, b] = case.channels;
    let shape = vec![a, case.side, case.side];
    let input = TensorSpec { name: "x".to_owned(), shape, dtype: "f32".to_owned() };
    let mut graph = GraphBuilder::new(vec![input]);
    let x = graph.input();
    let groups = if case.grouped { 2 } else { 1 };
    let first = Conv2d::new(a, b, case.kernel);
    let first = first.stride(case.stride).padding(case.padding).groups(groups);
    let x = graph.conv2d("conv1", &x, first);
    let x = graph.batch_norm2d("bn1", &x, b);
    let x = graph.activation("relu1", &x);
    let y = graph.conv2d("conv2", &x, Conv2d::new(b, b, 3));
    let y = graph.batch_norm2d("bn2", &y, b);
    let z = graph.conv2d("short", &x, Conv2d::new(b, b, 1));
    let z = graph.batch_norm2d("bn3", &z, b);
    let y = graph.add("add", &y, &z);
    let y = graph.activation("relu2", &y);
    let z = graph.conv2d("conv5", &y, Conv2d::new(b, b, 3));
    let z = graph.batch_norm2d("bn5", &z, b);
    let z = graph.activation("relu5", &z);
    let z = graph.conv2d("conv6", &z, Conv2d::new(b, b, 3));
    let z = graph.batch_norm2d("bn6", &z, b);
    let y = graph.add("add6", &z, &y);
    let y = graph.activation("relu6", &y);
    let w = graph.conv2d("conv3", &y, Conv2d::new(b, b, 3).bias());
    let w = graph.add("add2", &w, &y);
    let w = graph.node("tanh", "aten::tanh", &[&w], &[], serde_json::Value::Null);
    let w = graph.conv2d("conv4", &w, Conv2d::new(b, b, 1).bias());
    let w = graph.activation("relu3", &w);
    let w = graph.global_avg_pool("pool", &w);
    let w = graph.linear("linear", &w, b, 3);
    graph.output("logits", &w);
    graph.finish()
}

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
    Network::build(&graph(case), options).unwrap()
}

/// Random masks over all layers, applied to the weights.
fn masks(case: &Case, network: &Network) -> BTreeMap<String, Tensor> {
    tch::manual_seed(case.seed);
    let prunable = network.parameters().iter().filter(|parameter| parameter.prunable);
    let mut masks = BTreeMap::new();
    for parameter in prunable {
        let size = parameter.tensor.size();
        let mask = Tensor::rand(size.as_slice(), (Kind::Float, Device::Cpu)).lt(case.density);
        let pruned = parameter.tensor.detach().where_scalarother(&mask, 0.0);
        tch::no_grad(|| parameter.tensor.shallow_clone().copy_(&pruned));
        masks.insert(parameter.name.clone(), mask);
    }
    masks
}

/// Makes kernels for every layer.
fn use_all(network: &mut Network, masks: &BTreeMap<String, Tensor>) {
    let names: BTreeSet<String> = masks.keys().cloned().collect();
    network.use_kernels(&names, &|name| masks.get(name)).unwrap();
}

fn images(case: &Case, kind: Kind) -> [Tensor; 2] {
    tch::manual_seed(case.seed + 1);
    let options = (Kind::Float, Device::Cpu);
    let x = Tensor::randn([case.images, case.channels[0], case.side, case.side], options);
    let weights = Tensor::randn([case.images, 3], options);
    [x.to_kind(kind).set_requires_grad(true), weights.to_kind(kind)]
}

/// Output, gradient to the input and to each parameter, running statistics.
fn everything(network: &Network, case: &Case, kind: Kind) -> Vec<(String, Tensor)> {
    let [x, weights] = images(case, kind);
    let y = network.forward(&x, Mode::Train).unwrap().remove(0).1;
    let loss = (&y * &weights).sum(kind);
    let mut inputs = vec![&x];
    inputs.extend(network.parameters().iter().map(|parameter| &parameter.tensor));
    let options = GradOptions { allow_unused: true, ..GradOptions::default() };
    let gradients = grad(&[&loss], &inputs, None, options).unwrap();
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
    let difference = a.to_kind(Kind::Double) - b.to_kind(Kind::Double);
    difference.norm().double_value(&[])
}

/// The gradients of pruned weights are not computed, so they are zero.
fn masked(all: &mut [(String, Tensor)], masks: &BTreeMap<String, Tensor>) {
    for (name, tensor) in all {
        if let Some(mask) = name.strip_prefix("to ").and_then(|name| masks.get(name)) {
            *tensor = tensor.where_scalarother(mask, 0.0);
        }
    }
}

/// What of it is further from f64 than twice dense f32 (and what rounding alone gives).
fn further_than_dense(
    found: &[(String, Tensor)],
    mut dense: Vec<(String, Tensor)>,
    mut exact: Vec<(String, Tensor)>,
    masks: &BTreeMap<String, Tensor>,
) -> Option<String> {
    masked(&mut dense, masks);
    masked(&mut exact, masks);
    let mut all = found.iter().zip(&dense).zip(&exact);
    all.find_map(|(((name, found), (_, dense)), (_, exact))| {
        let size = exact.norm().double_value(&[]);
        let [own, usual] = [distance(found, exact), distance(dense, exact)];
        let is_close = own <= 2.0 * usual + 2e-5 * size + 1e-5;
        (!is_close).then(|| format!("{name}: {own} from f64, dense {usual}, size {size}"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Against f64, no further than twice as far as dense f32 (and what rounding alone gives).
    #[test]
    fn a_network_on_kernels_is_the_dense_network(case in cases()) {
        prop_assume!(case.kernel <= case.side + 2 * case.padding);
        settings::set_threads(case.threads).unwrap();
        let [dense, mut sparse, mut exact] = [0; 3].map(|_| network(&case));
        let masks = masks(&case, &dense);
        for other in [&sparse, &exact] {
            for (to, from) in other.parameters().iter().zip(dense.parameters()) {
                tch::no_grad(|| to.tensor.shallow_clone().copy_(&from.tensor));
            }
        }
        use_all(&mut sparse, &masks);
        exact.convert_to(Kind::Double).unwrap();
        let found = everything(&sparse, &case, Kind::Float);
        for (name, tensor) in &found {
            if let Some(mask) = name.strip_prefix("to ").and_then(|name| masks.get(name)) {
                let pruned = tensor.masked_select(&mask.logical_not());
                prop_assert!(pruned.eq(0.0).all().int64_value(&[]) == 1, "{} at pruned", name);
            }
        }
        let dense = everything(&dense, &case, Kind::Float);
        let exact = everything(&exact, &case, Kind::Double);
        let told = further_than_dense(&found, dense, exact, &masks);
        prop_assert!(told.is_none(), "{:?}", told);
    }
}

fn usual() -> Case {
    Case {
        channels: [4, 6],
        side: 6,
        kernel: 3,
        stride: 2,
        padding: 1,
        grouped: false,
        images: 19,
        density: 0.3,
        threads: 1,
        seed: 5,
    }
}

/// A dense training, of which each state is taken for one step more on kernels and in f64.
#[test]
fn a_step_from_each_of_thirty_states_is_the_dense_one() {
    let [dense, mut sparse, mut exact] = [0; 3].map(|_| network(&usual()));
    let masks = masks(&usual(), &dense);
    use_all(&mut sparse, &masks);
    exact.convert_to(Kind::Double).unwrap();
    for state in 0..30 {
        let case = Case { seed: state, ..usual() };
        for other in [&sparse, &exact] {
            let parameters = other.parameters().iter().zip(dense.parameters());
            let parameters = parameters.map(|(to, from)| (&to.tensor, &from.tensor));
            let buffers = other.buffers().iter().zip(dense.buffers());
            let buffers = buffers.map(|(to, from)| (&to.tensor, &from.tensor));
            for (to, from) in parameters.chain(buffers) {
                tch::no_grad(|| to.shallow_clone().copy_(from));
            }
        }
        let found = everything(&sparse, &case, Kind::Float);
        let steps = everything(&dense, &case, Kind::Float);
        let gradients: Vec<Tensor> =
            steps[2..].iter().map(|(_, gradient)| gradient.shallow_clone()).collect();
        let exact = everything(&exact, &case, Kind::Double);
        assert_eq!(further_than_dense(&found, steps, exact, &masks), None, "state {state}");
        for (parameter, gradient) in dense.parameters().iter().zip(&gradients) {
            let gradient = match masks.get(&parameter.name) {
                Some(mask) => gradient.where_scalarother(mask, 0.0),
                None => gradient.shallow_clone(),
            };
            let _ = tch::no_grad(|| parameter.tensor.shallow_clone().g_add_(&(gradient * -0.01)));
        }
    }
}

/// The gradient of a gradient's norm: through dense operators, whatever ran before.
#[test]
fn second_derivatives_are_those_of_the_dense_network() {
    let case = usual();
    let second = |network: &Network, kind: Kind| -> Vec<Tensor> {
        let [x, weights] = images(&case, kind);
        let y = network.forward(&x, Mode::Train).unwrap().remove(0).1;
        let loss = (&y * &y * &weights).sum(kind);
        let parameters: Vec<&Tensor> = network.parameters().iter().map(|p| &p.tensor).collect();
        let options = GradOptions { create_graph: true, ..GradOptions::default() };
        let first = grad(&[&loss], &parameters, None, options).unwrap();
        // Kept weights alone, so that both networks have the same sum.
        let first: Vec<Tensor> = first.into_iter().flatten().collect();
        let mut norm = Tensor::zeros([], (kind, Device::Cpu));
        for (gradient, parameter) in first.iter().zip(&parameters) {
            let kept = parameter.detach().ne(0.0);
            norm += gradient.where_scalarother(&kept, 0.0).square().sum(kind);
        }
        let options = GradOptions { allow_unused: true, ..GradOptions::default() };
        let found = grad(&[&norm], &parameters, None, options).unwrap();
        let kept = |(found, own): (Option<Tensor>, &&Tensor)| {
            let found = found.unwrap_or_else(|| own.zeros_like());
            found.where_scalarother(&own.detach().ne(0.0), 0.0)
        };
        found.into_iter().zip(&parameters).map(kept).collect()
    };
    let [mut sparse, mut exact] = [0; 2].map(|_| network(&case));
    let masks = masks(&case, &sparse);
    for (to, from) in exact.parameters().iter().zip(sparse.parameters()) {
        tch::no_grad(|| to.tensor.shallow_clone().copy_(&from.tensor));
    }
    use_all(&mut sparse, &masks);
    exact.convert_to(Kind::Double).unwrap();
    let pairs = second(&sparse, Kind::Float).into_iter().zip(second(&exact, Kind::Double));
    for ((found, exact), parameter) in pairs.zip(sparse.parameters()) {
        let size = exact.norm().double_value(&[]);
        let error = distance(&found, &exact);
        assert!(error <= 1e-3 * size + 1e-4, "{}: {error} of {size}", parameter.name);
    }
}

#[test]
fn an_evaluation_is_that_of_the_dense_network() {
    let case = usual();
    let mut sparse = network(&case);
    let masks = masks(&case, &sparse);
    let [x, _] = images(&case, Kind::Float);
    // Running statistics that are not the first ones.
    sparse.forward(&x, Mode::Train).unwrap();
    let before: Vec<Tensor> = sparse.buffers().iter().map(|buffer| buffer.tensor.copy()).collect();
    let dense = tch::no_grad(|| sparse.forward(&x, Mode::Eval).unwrap().remove(0).1);
    use_all(&mut sparse, &masks);
    // Kernels never look at pruned weights, whatever is there.
    let spoil = |network: &Network, number: f64| {
        for parameter in network.parameters() {
            if let Some(mask) = masks.get(&parameter.name) {
                let spoilt = parameter.tensor.detach().where_scalarother(mask, number);
                tch::no_grad(|| parameter.tensor.shallow_clone().copy_(&spoilt));
            }
        }
    };
    spoil(&sparse, 7.0);
    // All images in blocks, a few one by one.
    for count in [case.images, 3, 1] {
        let (x, dense) = (x.narrow(0, 0, count), dense.narrow(0, 0, count));
        let found = tch::no_grad(|| sparse.forward(&x, Mode::Eval).unwrap().remove(0).1);
        assert!(distance(&found, &dense) < 1e-5 * dense.norm().double_value(&[]), "{count}");
    }
    spoil(&sparse, 0.0);
    for (buffer, before) in sparse.buffers().iter().zip(before) {
        assert!(buffer.tensor.equal(&before), "{}", buffer.name);
    }
    // A gradient of an evaluation is asked of dense operators.
    let y = sparse.forward(&x, Mode::Eval).unwrap().remove(0).1;
    assert!(y.equal(&dense));
}

#[test]
fn the_same_threads_give_the_same_bits() {
    for threads in [1, 2] {
        settings::set_threads(threads).unwrap();
        let case = Case { images: 40, ..usual() };
        let once = || {
            let mut network = network(&case);
            let masks = masks(&case, &network);
            use_all(&mut network, &masks);
            // The second pass uses the memory of the first one again.
            everything(&network, &case, Kind::Float);
            everything(&network, &case, Kind::Float)
        };
        for ((name, one), (_, two)) in once().iter().zip(once()) {
            assert!(one.equal(&two), "{name} with {threads} threads");
        }
    }
}

#[test]
fn single_images_see_weights_that_changed() {
    let case = Case { images: 2, ..usual() };
    let mut network = network(&case);
    let masks = masks(&case, &network);
    use_all(&mut network, &masks);
    let [x, _] = images(&case, Kind::Float);
    let same = |network: &Network| {
        let passes = [Network::forward, Network::forward_dense];
        let [kernels, dense] =
            passes.map(|pass| tch::no_grad(|| pass(network, &x, Mode::Eval)).unwrap().remove(0).1);
        assert!(distance(&kernels, &dense) < 1e-5 * (1.0 + dense.abs().max().double_value(&[])));
    };
    same(&network);
    for parameter in network.parameters() {
        let _ = tch::no_grad(|| parameter.tensor.shallow_clone().g_mul_scalar_(-0.5));
    }
    same(&network);
}

#[test]
fn all_layers_of_a_pruned_network_are_candidates() {
    let network = network(&usual());
    let mut masks = masks(&usual(), &network);
    masks.remove("linear.weight");
    let found = network.sparse_layers(&|name| masks.get(name)).unwrap();
    let of = |name: &str| found.iter().find(|layer| layer.name == format!("{name}.weight"));
    assert_eq!(found.len(), 8, "{found:?}");
    let linear = of("linear").unwrap();
    assert_eq!(linear.kept, linear.shape.weights());
    let found = [of("conv1").unwrap()];
    let kept = masks["conv1.weight"].sum(Kind::Int64).int64_value(&[]) as usize;
    assert_eq!((found[0].kept, found[0].shape.stride), (kept, [2, 2]));
    for mask in masks.values_mut() {
        *mask = mask.ones_like();
    }
    assert!(network.sparse_layers(&|name| masks.get(name)).unwrap().is_empty());
}
