//! Depthwise convolutions on kernels against libtorch's operator.

use jackpot_plugin_api::graph::{Conv2d, GraphBuilder, TensorSpec};
use jackpot_plugin_api::model::Mode;
use tch::{Device, Kind, Tensor};

use super::{fits, forward};
use crate::kernels::depthwise::Depthwise;
use crate::model::run::ForwardContext;
use crate::model::run::plan::{Observe, Plan};
use crate::torch::grad::{GradOptions, grad};
use crate::torch::memory_format::MemoryFormat;

const FLOATS: (Kind, Device) = (Kind::Float, Device::Cpu);

/// x, weight, the gradient to the output.
struct Given {
    depthwise: Depthwise,
    inputs: [Tensor; 2],
    to_y: Tensor,
}

impl Given {
    fn new(height: usize, width: usize, stride: usize) -> Self {
        tch::manual_seed(7);
        let depthwise = Depthwise { channels: 64, image: [height, width], stride };
        let images = |[height, width]: [usize; 2]| {
            let shape = [64, 64, height as i64, width as i64];
            MemoryFormat::ChannelsLast.apply(&Tensor::randn(shape, FLOATS)).unwrap()
        };
        let to_y = images(depthwise.output());
        let inputs = [images([height, width]), Tensor::randn([64, 1, 3, 3], FLOATS)];
        Self { depthwise, inputs: inputs.map(|one| one.set_requires_grad(true)), to_y }
    }

    fn on_kernels(&self) -> Tensor {
        let [x, weight] = &self.inputs;
        assert!(fits(&self.depthwise, x, weight).unwrap());
        forward(self.depthwise, x, weight).unwrap()
    }

    fn operator(&self) -> Tensor {
        let [x, weight] = &self.inputs;
        let stride = [self.depthwise.stride as i64; 2];
        x.conv2d(weight, None::<&Tensor>, stride, [1, 1], [1, 1], 64)
    }

    fn gradients(&self, y: &Tensor, create_graph: bool) -> Vec<Tensor> {
        let options = GradOptions { create_graph, ..GradOptions::default() };
        let inputs: Vec<&Tensor> = self.inputs.iter().collect();
        let found = grad(&[y], &inputs, Some(&[&self.to_y]), options).unwrap();
        found.into_iter().map(Option::unwrap).collect()
    }
}

/// Equal but for rounding.
fn close(a: &Tensor, b: &Tensor) -> bool {
    let largest = |of: &Tensor| of.abs().max().double_value(&[]);
    a.size() == b.size() && largest(&(a - b)) < 2e-5 * largest(b).max(1.0)
}

#[test]
fn values_and_gradients_are_the_operators() {
    for (height, width, stride) in [(9, 10, 1), (9, 11, 2), (12, 8, 2)] {
        let given = Given::new(height, width, stride);
        let (got, want) = (given.on_kernels(), given.operator());
        assert!(MemoryFormat::ChannelsLast.holds(&got).unwrap() && close(&got, &want));
        let got = given.gradients(&got, false);
        for (got, want) in got.iter().zip(given.gradients(&want, false)) {
            assert!(close(got, &want), "{height} × {width}, stride {stride}");
        }
    }
}

#[test]
fn second_derivatives_are_the_operators() {
    for stride in [1, 2] {
        let given = Given::new(9, 10, stride);
        let second = |y: &Tensor| {
            let first = given.gradients(y, true);
            let sum = first.iter().map(|one| one.pow_tensor_scalar(2).sum(Kind::Float));
            let sum = sum.reduce(|a, b| a + b).unwrap();
            let inputs: Vec<&Tensor> = given.inputs.iter().collect();
            let found = grad(&[&sum], &inputs, None, GradOptions::default()).unwrap();
            found.into_iter().map(Option::unwrap).collect::<Vec<_>>()
        };
        for (got, want) in second(&given.on_kernels()).iter().zip(second(&given.operator())) {
            assert!(close(got, &want), "stride {stride}");
        }
    }
}

#[test]
fn a_gradient_in_another_order_is_turned_and_what_needs_none_gets_none() {
    for only in 0..2 {
        let (mut given, plain) = (Given::new(9, 10, 1), Given::new(9, 10, 1));
        given.inputs[1 - only] = given.inputs[1 - only].detach();
        given.to_y = MemoryFormat::Contiguous.apply(&given.to_y).unwrap();
        let gradient = |given: &Given, y: &Tensor| {
            let (of, to_y) = (&given.inputs[only], Some(&[&given.to_y][..]));
            grad(&[y], &[of], to_y, GradOptions::default()).unwrap().remove(0).unwrap()
        };
        let got = gradient(&given, &given.on_kernels());
        assert!(close(&got, &gradient(&plain, &plain.operator())), "{only}");
    }
}

#[test]
fn other_images_are_left_to_the_operator() {
    let given = Given::new(9, 10, 1);
    let [x, weight] = &given.inputs;
    let try_it = |x: &Tensor, weight: &Tensor| fits(&given.depthwise, x, weight).unwrap();
    assert!(try_it(x, weight));
    assert!(!try_it(&MemoryFormat::Contiguous.apply(x).unwrap(), weight));
    assert!(!try_it(&x.to_kind(Kind::Double), weight));
    assert!(!try_it(x, &weight.to_kind(Kind::BFloat16)));
    assert!(!try_it(x, &Tensor::ones([1], FLOATS).expand([64, 1, 3, 3], false)));
    assert!(!try_it(&x.narrow(0, 0, 8), weight));
    assert!(!tch::no_grad(|| try_it(x, weight)));
}

/// The output of a graph of one convolution and its weight's gradient, in a plan by turns and step by
/// step.
fn turns_and_steps(conv: Conv2d, mode: Mode) -> [Vec<Tensor>; 2] {
    let spec =
        TensorSpec { name: "x".to_owned(), shape: vec![32, 16, 16], dtype: "f32".to_owned() };
    let mut graph = GraphBuilder::new(vec![spec]);
    let x = graph.input();
    let y = graph.conv2d("conv", &x, conv);
    graph.output("y", &y);
    let graph = graph.finish();
    let plan = Plan::compile(&graph, &mut |_| Ok(None)).unwrap();
    tch::manual_seed(3);
    let x = Tensor::randn([64, 32, 16, 16], FLOATS);
    let made = |shape: &[i64]| Tensor::randn(shape, FLOATS).set_requires_grad(true);
    let parameters: Vec<Tensor> = graph.parameters.iter().map(|it| made(&it.shape)).collect();
    let parameters: Vec<&Tensor> = parameters.iter().collect();
    [false, true].map(|observed| {
        let mut observe = |_: &str, _: &Tensor| {};
        let see = observed.then_some(&mut observe as &mut Observe<'_>);
        let context = ForwardContext { mode, ..ForwardContext::evaluation() };
        let found = plan.run_observed(&[&x], &parameters, &[], &[], &context, see);
        let y = found.unwrap().remove(0).1;
        let mean = y.square().mean(Kind::Float);
        let mut all = grad(&[&mean], &parameters, None, GradOptions::default()).unwrap();
        all.push(Some(y));
        all.into_iter().map(Option::unwrap).collect()
    })
}

#[test]
fn in_a_plan_only_what_fits_is_done_on_kernels() {
    let conv = || Conv2d { groups: 32, ..Conv2d::new(32, 32, 3) };
    let cases = [
        (conv(), Mode::Train, true),
        (conv().stride(2), Mode::BatchStats, true),
        (conv(), Mode::Eval, false),
        (conv().stride(3), Mode::Train, false),
        (conv().padding(0), Mode::Train, false),
        (Conv2d { groups: 16, ..conv() }, Mode::Train, false),
        (Conv2d { bias: true, ..conv() }, Mode::Train, false),
        (Conv2d { kernel: 5, ..conv() }, Mode::Train, false),
    ];
    for (at, (conv, mode, kernels)) in cases.into_iter().enumerate() {
        let [turns, steps] = turns_and_steps(conv, mode);
        assert_eq!(turns != steps, kernels, "case {at}");
        assert!(turns.iter().zip(&steps).all(|(turns, steps)| close(turns, steps)), "case {at}");
    }
}
