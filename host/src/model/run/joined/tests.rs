//! Joined norms against the same operators.

use jackpot_plugin_api::graph::{Conv2d, GraphBuilder, TensorSpec};
use jackpot_plugin_api::model::Mode;
use tch::{Device, Kind, Tensor};

use super::{fits, forward};
use crate::model::run::after::After;
use crate::model::run::plan::{Observe, Plan};
use crate::model::run::statistics::{NormSpec, NormTensors};
use crate::model::run::{ForwardContext, pieces};
use crate::torch::grad::{GradOptions, grad};
use crate::torch::memory_format::MemoryFormat;
use crate::torch::{Arg, Op};

const FLOATS: (Kind, Device) = (Kind::Float, Device::Cpu);
const MOMENTUM: f64 = 0.3;
const EPSILON: f64 = 1e-3;

const SPEC: NormSpec = NormSpec { momentum: MOMENTUM, epsilon: EPSILON };

/// What follows the norm.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    Nothing,
    Relu,
    Swish,
}

impl Act {
    fn after(self) -> After {
        match self {
            Self::Nothing => After::Nothing,
            Self::Relu => After::Relu,
            Self::Swish => {
                let some = Tensor::zeros([1, 128, 12, 12], FLOATS);
                let found = pieces::function(&some, &|x| Some(swish(x))).unwrap().unwrap();
                After::Function(Box::new(found))
            }
        }
    }

    fn of(self, y: &Tensor) -> Tensor {
        match self {
            Self::Nothing => y.shallow_clone(),
            Self::Relu => y.relu(),
            Self::Swish => swish(y),
        }
    }
}

/// As a plugin calls it.
fn swish(x: &Tensor) -> Tensor {
    let call = |name, args: &[Arg<'_>]| Op::find(name).unwrap().call1(args, &[]).unwrap();
    let steep = call("aten::mul.Scalar", &[x.into(), 2.0_f64.into()]);
    let share = call("aten::sigmoid", &[(&steep).into()]);
    call("aten::mul.Tensor", &[x.into(), (&share).into()])
}

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
            format.apply(&(Tensor::randn([32, 128, 12, 12], FLOATS) * scale + 0.5)).unwrap()
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

    fn joined(&self, branch: bool, activation: Act) -> Option<Tensor> {
        let (x, tensors) = (&self.inputs[0], self.tensors());
        let residual = branch.then_some(&self.inputs[3]);
        fits(x, &tensors, residual)
            .then(|| forward(SPEC, x, &tensors, residual, activation.after()).unwrap())
    }

    fn operators(&self, branch: bool, activation: Act) -> Tensor {
        let [x, weight, bias, residual] = &self.inputs;
        let [mean, variance] = &self.running;
        let (weight, bias) = (Some(weight), Some(bias));
        let (mean, variance) = (Some(mean), Some(variance));
        let mut y = x.batch_norm(weight, bias, mean, variance, true, MOMENTUM, EPSILON, false);
        if branch {
            y += residual;
        }
        activation.of(&y)
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
const ALL: [(bool, Act); 6] = [
    (false, Act::Nothing),
    (false, Act::Relu),
    (false, Act::Swish),
    (true, Act::Nothing),
    (true, Act::Relu),
    (true, Act::Swish),
];

#[test]
fn values_gradients_and_running_statistics_are_the_operators() {
    for format in FORMATS {
        for (branch, act) in ALL {
            let case = format!("{format:?}, branch {branch}, {act:?}");
            let [joined, plain] = [(); 2].map(|()| Given::new(format));
            let y = joined.joined(branch, act).unwrap();
            let want = plain.operators(branch, act);
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
    for (branch, act) in ALL {
        let given = Given::new(MemoryFormat::ChannelsLast);
        let second = |y: &Tensor| {
            let first = given.gradients(y, branch, true);
            let sum = first.iter().map(|one| one.pow_tensor_scalar(2).sum(Kind::Float));
            let sum = sum.reduce(|a, b| a + b).unwrap();
            let inputs: Vec<&Tensor> = given.inputs[..2].iter().collect();
            let found = grad(&[&sum], &inputs, None, GradOptions::default()).unwrap();
            found.into_iter().map(Option::unwrap).collect::<Vec<_>>()
        };
        let got = second(&given.joined(branch, act).unwrap());
        for (got, want) in got.iter().zip(second(&given.operators(branch, act))) {
            let scale = want.abs().max().double_value(&[]);
            let far = (got - want).abs().max().double_value(&[]);
            assert!(far < 1e-4 * scale, "branch {branch}, {act:?}: {far} of {scale}");
        }
    }
}

#[test]
fn a_branch_and_a_gradient_in_another_order_are_turned() {
    let mut given = Given::new(MemoryFormat::ChannelsLast);
    let want = given.operators(true, Act::Relu);
    let to_inputs = given.gradients(&want, true, false);
    let turned = |tensor: &Tensor| MemoryFormat::Contiguous.apply(&tensor.detach()).unwrap();
    given.inputs[3] = turned(&given.inputs[3]).set_requires_grad(true);
    given.to_y = turned(&given.to_y);
    let y = given.joined(true, Act::Relu).unwrap();
    assert!(close(&y, &want));
    for (got, want) in given.gradients(&y, true, false).iter().zip(&to_inputs) {
        assert!(close(got, want));
    }
}

#[test]
fn what_needs_no_gradient_gets_none() {
    for only in 0..4 {
        let (mut given, plain) = (Given::new(FORMATS[1]), Given::new(FORMATS[1]));
        let others = (0..4).filter(|&at| at != only);
        others.for_each(|at| given.inputs[at] = given.inputs[at].detach());
        let gradient = |given: &Given, y: &Tensor| {
            let (of, to_y) = (&given.inputs[only], Some(&[&given.to_y][..]));
            grad(&[y], &[of], to_y, GradOptions::default()).unwrap().remove(0).unwrap()
        };
        let got = gradient(&given, &given.joined(true, Act::Relu).unwrap());
        assert!(close(&got, &gradient(&plain, &plain.operators(true, Act::Relu))), "{only}");
    }
}

#[test]
fn other_images_are_left_to_the_operators() {
    let given = Given::new(MemoryFormat::ChannelsLast);
    let try_it = |x: &Tensor, branch| fits(x, &given.tensors(), branch).then_some(());
    let x = &given.inputs[0];
    assert!(try_it(x, None).is_some());
    assert!(try_it(&x.to_kind(Kind::BFloat16), None).is_none());
    assert!(try_it(&x.transpose(2, 3), None).is_none());
    assert!(try_it(&x.flatten(2, 3), None).is_none());
    assert!(try_it(&x.narrow(0, 0, 14), None).is_none());
    // One number for each channel is broadcast, which no kernel does.
    let small = Tensor::ones([1, 128, 1, 1], FLOATS);
    assert!(try_it(x, Some(&small)).is_none());
    assert!(tch::no_grad(|| try_it(x, None)).is_none());
}

#[test]
fn weights_that_do_not_lie_together_are_left_to_the_operators() {
    let mut given = Given::new(MemoryFormat::ChannelsLast);
    given.inputs[1] = Tensor::ones([1], FLOATS).expand([128], false);
    assert!(given.joined(false, Act::Relu).is_none());
}

#[test]
fn running_statistics_move_without_hindering_an_earlier_norm() {
    // Its backward pass reads them, as libtorch keeps them for it.
    let given = Given::new(MemoryFormat::ChannelsLast);
    let [x, weight, bias, _] = &given.inputs;
    let [mean, variance] = &given.running;
    let (mean, variance) = (Some(mean), Some(variance));
    let small = x.narrow(0, 0, 3);
    let y = small.batch_norm(Some(weight), Some(bias), mean, variance, true, 0.1, EPSILON, false);
    let z = given.joined(false, Act::Relu).unwrap();
    let sum = y.sum(Kind::Float) + z.sum(Kind::Float);
    let found = grad(&[&sum], &[x, weight], None, GradOptions::default()).unwrap();
    assert!(found.iter().all(Option::is_some));
}

type Plugin = dyn Fn(&Tensor) -> Tensor;

/// A network's batch, by joined turns and step by step, where its activations are ReLU or a plugin that
/// `of` stands for.
fn turns_and_steps(plugin: Option<&Plugin>) -> [Vec<Tensor>; 2] {
    let mut graph = GraphBuilder::new(vec![TensorSpec {
        name: "x".to_owned(),
        shape: vec![16, 32, 32],
        dtype: "f32".to_owned(),
    }]);
    let x = graph.input();
    let y = graph.conv2d("conv1", &x, Conv2d::new(16, 16, 3));
    let y = graph.batch_norm2d("bn1", &y, 16);
    let y = graph.add("add1", &x, &y);
    let y = graph.activation("act1", &y);
    let z = graph.batch_norm2d("bn2", &y, 16);
    let z = graph.activation("act2", &z);
    let z = graph.batch_norm2d("bn3", &z, 16);
    let z = graph.add("add2", &z, &y);
    let z = graph.add("add3", &z, &y);
    graph.output("z", &z);
    let graph = graph.finish();
    let mut sites = 0;
    let plan = Plan::compile(&graph, &mut |node| {
        let is_site = plugin.is_some() && node.id.starts_with("act");
        sites += usize::from(is_site);
        Ok(is_site.then(|| sites - 1))
    });
    let plan = plan.unwrap();
    tch::manual_seed(3);
    let x = Tensor::randn([17, 16, 32, 32], FLOATS).set_requires_grad(true);
    let made = |shape: &[i64]| (Tensor::randn(shape, FLOATS) * 0.1 + 0.5).set_requires_grad(true);
    let parameters: Vec<Tensor> = graph.parameters.iter().map(|it| made(&it.shape)).collect();
    [false, true].map(|observed| {
        let buffers: Vec<Tensor> =
            graph.buffers.iter().map(|it| Tensor::ones(&it.shape, FLOATS)).collect();
        let of = |x: &Tensor| plugin.map_or_else(|| x.shallow_clone(), |plugin| plugin(x));
        let context = ForwardContext {
            mode: Mode::Train,
            site: &|_, x| Ok(of(x)),
            function: &|_, some| pieces::function(some, &|some| Some(of(some))),
        };
        let mut seen = 0;
        let mut observe = |_: &str, _: &Tensor| seen += 1;
        let see = observed.then_some(&mut observe as &mut Observe<'_>);
        let [parameters, buffers] = [&parameters, &buffers].map(|all| Vec::from_iter(all.iter()));
        let found = plan.run_observed(&[&x], &parameters, &buffers, &[], &context, see);
        let y = found.unwrap().remove(0).1;
        let mut of = vec![&x];
        of.extend(parameters);
        let square = y.square().mean(Kind::Float);
        let found = grad(&[&square], &of, None, GradOptions::default()).unwrap();
        let mut all = vec![y];
        all.extend(found.into_iter().map(Option::unwrap));
        all.extend(buffers.into_iter().map(Tensor::copy));
        assert_eq!(seen, if observed { 9 } else { 0 });
        all
    })
}

#[test]
fn in_a_plan_it_is_the_same_as_step_by_step() {
    let soft = |x: &Tensor| x.softmax(1, Kind::Float) * 4.0;
    let relu = |x: &Tensor| Op::find("aten::relu").unwrap().call1(&[x.into()], &[]).unwrap();
    let plugins: [Option<&Plugin>; 4] = [
        None,
        Some(&swish),
        Some(&relu),
        // No function of one number: it runs by itself behind the joined norm.
        Some(&soft),
    ];
    for plugin in plugins {
        let [joined, plain] = turns_and_steps(plugin);
        assert!(joined.iter().zip(&plain).any(|(joined, plain)| joined != plain), "not joined");
        for (at, (joined, plain)) in joined.iter().zip(&plain).enumerate() {
            assert!(close(joined, plain), "{at}");
        }
    }
}
