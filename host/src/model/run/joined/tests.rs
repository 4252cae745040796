//! Joined norms against the same operators.

use tch::{Device, Kind, Tensor};

use super::forward;
use crate::model::run::statistics::{NormSpec, NormTensors};
use crate::torch::grad::{GradOptions, grad};
use crate::torch::memory_format::MemoryFormat;

const FLOATS: (Kind, Device) = (Kind::Float, Device::Cpu);
const MOMENTUM: f64 = 0.3;
const EPSILON: f64 = 1e-3;

/// x, weight, bias, residual branch; the gradient to the output; running mean and variance.
struct Given {
    inputs: [Tensor; 4],
    to_y: Tensor,
    running: [Tensor; 2],
}

impl Given {
    fn new(format: MemoryFormat) -> Self {
        tch::manual_seed(5);
        let images = |scale: f64| {
            format.apply(&(Tensor::randn([32, 128, 8, 8], FLOATS) * scale + 0.5)).unwrap()
        };
        let numbers = || Tensor::randn([128], FLOATS);
        let inputs = [images(3.0), numbers() + 1.0, numbers(), images(1.0)];
        Self {
            inputs: inputs.map(|one| one.set_requires_grad(true)),
            to_y: images(1.0),
            running: [numbers(), numbers().abs() + 0.1],
        }
    }

    fn tensors(&self) -> NormTensors<'_> {
        let [mean, variance] = &self.running;
        let running = Some([mean, variance]);
        NormTensors { weight: &self.inputs[1], bias: &self.inputs[2], running, training: true }
    }

    fn joined(&self, branch: bool, relu: bool) -> Option<Tensor> {
        let spec = NormSpec { momentum: MOMENTUM, epsilon: EPSILON, relu };
        let residual = branch.then_some(&self.inputs[3]);
        forward(spec, &self.inputs[0], &self.tensors(), residual).unwrap()
    }

    fn operators(&self, branch: bool, relu: bool) -> Tensor {
        let [x, weight, bias, residual] = &self.inputs;
        let [mean, variance] = &self.running;
        let (weight, bias) = (Some(weight), Some(bias));
        let (mean, variance) = (Some(mean), Some(variance));
        let mut y = x.batch_norm(weight, bias, mean, variance, true, MOMENTUM, EPSILON, false);
        if branch {
            y += residual;
        }
        if relu { y.relu() } else { y }
    }

    fn gradients(&self, y: &Tensor, branch: bool, create_graph: bool) -> Vec<Tensor> {
        let inputs: Vec<&Tensor> = self.inputs[..3 + usize::from(branch)].iter().collect();
        let options = GradOptions { create_graph, ..GradOptions::default() };
        let found = grad(&[y], &inputs, Some(&[&self.to_y]), options).unwrap();
        found.into_iter().map(Option::unwrap).collect()
    }
}

/// Equal but for rounding.
fn close(a: &Tensor, b: &Tensor) -> bool {
    let largest = |of: &Tensor| of.abs().max().double_value(&[]);
    a.size() == b.size() && largest(&(a - b)) < 2e-5 * largest(b).max(1.0)
}

const FORMATS: [MemoryFormat; 2] = [MemoryFormat::Contiguous, MemoryFormat::ChannelsLast];
const ALL: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];

#[test]
fn values_gradients_and_running_statistics_are_the_operators() {
    for format in FORMATS {
        for (branch, relu) in ALL {
            let case = format!("{format:?}, branch {branch}, ReLU {relu}");
            let [joined, plain] = [(); 2].map(|()| Given::new(format));
            let y = joined.joined(branch, relu).unwrap();
            let want = plain.operators(branch, relu);
            assert!(format.holds(&y).unwrap() && close(&y, &want), "{case}");
            for (got, want) in joined.running.iter().zip(&plain.running) {
                assert!(close(got, want), "{case}: running statistics");
            }
            let got = joined.gradients(&y, branch, false);
            for (at, want) in plain.gradients(&want, branch, false).iter().enumerate() {
                assert!(close(&got[at], want), "{case}: gradient {at}");
            }
        }
    }
}

#[test]
fn second_derivatives_are_the_operators() {
    for (branch, relu) in ALL {
        let given = Given::new(MemoryFormat::ChannelsLast);
        let second = |y: &Tensor| {
            let first = given.gradients(y, branch, true);
            let sum = first.iter().map(|one| one.pow_tensor_scalar(2).sum(Kind::Float));
            let sum = sum.reduce(|a, b| a + b).unwrap();
            let inputs: Vec<&Tensor> = given.inputs[..2].iter().collect();
            let found = grad(&[&sum], &inputs, None, GradOptions::default()).unwrap();
            found.into_iter().map(Option::unwrap).collect::<Vec<_>>()
        };
        let got = second(&given.joined(branch, relu).unwrap());
        for (got, want) in got.iter().zip(second(&given.operators(branch, relu))) {
            let scale = want.abs().max().double_value(&[]);
            let far = (got - want).abs().max().double_value(&[]);
            assert!(far < 1e-4 * scale, "branch {branch}, ReLU {relu}: {far} of {scale}");
        }
    }
}

#[test]
fn a_branch_and_a_gradient_in_another_order_are_turned() {
    let mut given = Given::new(MemoryFormat::ChannelsLast);
    let want = given.operators(true, true);
    let to_inputs = given.gradients(&want, true, false);
    let turned = |tensor: &Tensor| MemoryFormat::Contiguous.apply(&tensor.detach()).unwrap();
    given.inputs[3] = turned(&given.inputs[3]).set_requires_grad(true);
    given.to_y = turned(&given.to_y);
    let y = given.joined(true, true).unwrap();
    assert!(close(&y, &want));
    for (got, want) in given.gradients(&y, true, false).iter().zip(&to_inputs) {
        assert!(close(got, want));
    }
}

#[test]
fn what_needs_no_gradient_gets_none() {
    let mut given = Given::new(MemoryFormat::ChannelsLast);
    given.inputs[0] = given.inputs[0].detach();
    let y = given.joined(false, true).unwrap();
    let [_, weight, bias, _] = &given.inputs;
    let to_y = Some(&[&given.to_y][..]);
    let found = grad(&[&y], &[weight, bias], to_y, GradOptions::default()).unwrap();
    assert!(found.iter().all(Option::is_some));
}

#[test]
fn other_images_are_left_to_the_operators() {
    let given = Given::new(MemoryFormat::ChannelsLast);
    let spec = NormSpec { momentum: MOMENTUM, epsilon: EPSILON, relu: true };
    let try_it = |x: &Tensor, branch| forward(spec, x, &given.tensors(), branch).unwrap();
    let x = &given.inputs[0];
    assert!(try_it(x, None).is_some());
    assert!(try_it(&x.to_kind(Kind::BFloat16), None).is_none());
    assert!(try_it(&x.transpose(2, 3).narrow(2, 0, 7), None).is_none());
    assert!(try_it(&x.flatten(2, 3), None).is_none());
    assert!(try_it(&x.narrow(0, 0, 31), None).is_none());
    // One number for each channel is broadcast, which no kernel does.
    let small = Tensor::ones([1, 128, 1, 1], FLOATS);
    assert!(try_it(x, Some(&small)).is_none());
    assert!(tch::no_grad(|| try_it(x, None)).is_none());
}
