//! Norm, ReLU and convolution as one node against the operators one after the other.

use jackpot_plugin_api::graph::{Conv2d, Graph, GraphBuilder, TensorSpec};
use jackpot_plugin_api::model::Mode;
use tch::{Device, Kind, Tensor};

use super::{fits, forward, operator};
use crate::kernels::depthwise::Depthwise;
use crate::model::run::ForwardContext;
use crate::model::run::plan::{Observe, Plan};
use crate::model::run::statistics::{NormSpec, NormTensors};
use crate::torch::grad::{GradOptions, grad};
use crate::torch::memory_format::MemoryFormat;

const FLOATS: (Kind, Device) = (Kind::Float, Device::Cpu);
const SPEC: NormSpec = NormSpec { momentum: 0.3, epsilon: 1e-3 };

/// x, the norm's weight and bias, the convolution's weight; the gradient to the output; running mean
/// and variance.
struct Given {
    depthwise: Depthwise,
    inputs: [Tensor; 4],
    to_y: Tensor,
    running: [Tensor; 2],
}

impl Given {
    fn new(stride: usize) -> Self {
        tch::manual_seed(7);
        let depthwise = Depthwise { channels: 64, image: [9, 10], stride };
        let images = |[height, width]: [usize; 2]| {
            let shape = [64, 64, height as i64, width as i64];
            let images = Tensor::randn(shape, FLOATS) * 3.0 + 0.5;
            MemoryFormat::ChannelsLast.apply(&images).unwrap()
        };
        let numbers = || Tensor::randn([64], FLOATS);
        let to_y = images(depthwise.output());
        let weight = Tensor::randn([64, 1, 3, 3], FLOATS);
        let inputs = [images([9, 10]), numbers() + 1.0, numbers(), weight];
        let running = [numbers(), numbers().abs() + 0.1];
        Self { depthwise, inputs: inputs.map(|one| one.set_requires_grad(true)), to_y, running }
    }

    fn on_kernels(&self) -> Tensor {
        let [x, weight, bias, conv] = &self.inputs;
        let [mean, variance] = &self.running;
        let running = Some([mean, variance]);
        let tensors = NormTensors { weight, bias, running, training: true };
        assert!(fits(&self.depthwise, x, conv).unwrap());
        forward(self.depthwise, SPEC, x, &tensors, conv).unwrap()
    }

    fn operators(&self) -> Tensor {
        let [x, weight, bias, conv] = &self.inputs;
        let [mean, variance] = &self.running;
        let (weight, bias, mean, variance) = (Some(weight), Some(bias), Some(mean), Some(variance));
        let y =
            x.batch_norm(weight, bias, mean, variance, true, SPEC.momentum, SPEC.epsilon, false);
        operator(&self.depthwise, &y.relu(), conv).unwrap()
    }

    fn gradients(&self, y: &Tensor, create_graph: bool) -> Vec<Tensor> {
        let options = GradOptions { create_graph, ..GradOptions::default() };
        let inputs: Vec<&Tensor> = self.inputs.iter().collect();
        let found = grad(&[y], &inputs, Some(&[&self.to_y]), options).unwrap();
        found.into_iter().map(Option::unwrap).collect()
    }
}

/// Equal but for so much of the largest.
fn close(a: &Tensor, b: &Tensor, share: f64) -> bool {
    let largest = |of: &Tensor| of.abs().max().double_value(&[]);
    a.size() == b.size() && largest(&(a - b)) < share * largest(b).max(1.0)
}

#[test]
fn values_gradients_and_running_statistics_are_the_operators() {
    for stride in [1, 2] {
        let [one, plain] = [(); 2].map(|()| Given::new(stride));
        let (y, want) = (one.on_kernels(), plain.operators());
        assert!(MemoryFormat::ChannelsLast.holds(&y).unwrap() && close(&y, &want, 2e-5));
        for (got, want) in one.running.iter().zip(&plain.running) {
            assert!(close(got, want, 2e-5), "running statistics");
        }
        let got = one.gradients(&y, false);
        for (at, want) in plain.gradients(&want, false).iter().enumerate() {
            assert!(close(&got[at], want, 5e-5), "stride {stride}: gradient {at}");
        }
    }
}

#[test]
fn second_derivatives_are_the_operators() {
    let given = Given::new(1);
    let second = |y: &Tensor| {
        let first = given.gradients(y, true);
        let sum = first.iter().map(|one| one.pow_tensor_scalar(2).mean(Kind::Float));
        let sum = sum.reduce(|a, b| a + b).unwrap();
        let inputs: Vec<&Tensor> = given.inputs.iter().collect();
        let found = grad(&[&sum], &inputs, None, GradOptions::default()).unwrap();
        found.into_iter().map(Option::unwrap).collect::<Vec<_>>()
    };
    for (got, want) in second(&given.on_kernels()).iter().zip(second(&given.operators())) {
        assert!(close(got, &want, 1e-4));
    }
}

#[test]
fn what_needs_no_gradient_gets_none() {
    for only in 0..4 {
        let [mut given, plain] = [(); 2].map(|()| Given::new(2));
        let others = (0..4).filter(|&at| at != only);
        others.for_each(|at| given.inputs[at] = given.inputs[at].detach());
        let (x, conv) = (&given.inputs[0], &given.inputs[3]);
        if !fits(&given.depthwise, x, conv).unwrap() {
            // Only the norm is trained: it is done by itself.
            assert!(only == 1 || only == 2);
            continue;
        }
        let gradient = |given: &Given, y: &Tensor| {
            let (of, to_y) = (&given.inputs[only], Some(&[&given.to_y][..]));
            grad(&[y], &[of], to_y, GradOptions::default()).unwrap().remove(0).unwrap()
        };
        let got = gradient(&given, &given.on_kernels());
        assert!(close(&got, &gradient(&plain, &plain.operators()), 5e-5), "{only}");
    }
}

/// A block as MobileNet's over so many pixels a side.
fn block(side: i64, stride: i64) -> Graph {
    let shape = vec![32, side, side];
    let spec = TensorSpec { name: "x".to_owned(), shape, dtype: "f32".to_owned() };
    let mut graph = GraphBuilder::new(vec![spec]);
    let x = graph.input();
    let y = graph.conv2d("conv1", &x, Conv2d::new(32, 32, 1));
    let y = graph.batch_norm2d("bn1", &y, 32);
    let y = graph.activation("relu1", &y);
    let own = Conv2d { groups: 32, ..Conv2d::new(32, 32, 3).stride(stride) };
    let y = graph.conv2d("conv2", &y, own);
    let y = graph.batch_norm2d("bn2", &y, 32);
    let y = graph.activation("relu2", &y);
    graph.output("y", &y);
    graph.finish()
}

/// The output, all gradients and the buffers, by turns and step by step.
fn turns_and_steps(graph: &Graph) -> [Vec<Tensor>; 2] {
    let plan = Plan::compile(graph, &mut |_| Ok(None)).unwrap();
    tch::manual_seed(3);
    let side = graph.inputs[0].shape[1];
    let x = Tensor::randn([64, 32, side, side], FLOATS);
    let made = |shape: &[i64]| (Tensor::randn(shape, FLOATS) * 0.1 + 0.5).set_requires_grad(true);
    let parameters: Vec<Tensor> = graph.parameters.iter().map(|it| made(&it.shape)).collect();
    let parameters: Vec<&Tensor> = parameters.iter().collect();
    [false, true].map(|observed| {
        let buffers = graph.buffers.iter().map(|it| Tensor::ones(&it.shape, FLOATS));
        let buffers: Vec<Tensor> = buffers.collect();
        let mut observe = |_: &str, _: &Tensor| {};
        let see = observed.then_some(&mut observe as &mut Observe<'_>);
        let context = ForwardContext { mode: Mode::Train, ..ForwardContext::evaluation() };
        let of: Vec<&Tensor> = buffers.iter().collect();
        let found = plan.run_observed(&[&x], &parameters, &of, &[], &context, see);
        let mut all = vec![found.unwrap().remove(0).1];
        let mean = all[0].square().mean(Kind::Float);
        let found = grad(&[&mean], &parameters, None, GradOptions::default()).unwrap();
        all.extend(found.into_iter().map(Option::unwrap));
        all.extend(buffers.iter().map(Tensor::copy));
        all
    })
}

#[test]
fn in_a_plan_it_is_the_same_as_step_by_step() {
    // Few pixels are left to the operators, with a step of three the convolution alone.
    for (side, stride, joined) in [(16, 1, true), (16, 2, true), (16, 3, true), (4, 1, false)] {
        let [turns, steps] = turns_and_steps(&block(side, stride));
        assert_eq!(turns != steps, joined, "{side}, {stride}");
        for (at, (turns, steps)) in turns.iter().zip(&steps).enumerate() {
            assert!(close(turns, steps, 5e-5), "{side}, {stride}: {at}");
        }
    }
}
