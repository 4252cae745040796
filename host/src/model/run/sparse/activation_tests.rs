//! Plugins' activations between layers on kernels, against the same plan without kernels.

use std::cell::Cell;
use std::collections::BTreeSet;

use jackpot_plugin_api::graph::{Conv2d, Graph, GraphBuilder, TensorSpec};
use jackpot_plugin_api::model::Mode;
use tch::{Device, Kind, Tensor};

use super::{Facts, Kernels};
use crate::model::graph::shapes;
use crate::model::run::{ForwardContext, Plan, pieces};
use crate::torch::grad::{GradOptions, grad};
use crate::torch::{Arg, Op};

const FLOATS: (Kind, Device) = (Kind::Float, Device::Cpu);
/// Not whole blocks, so that some lanes hold no image.
const IMAGES: i64 = 35;

/// A block with a branch around it; what is behind it is read by a pooling.
fn graph() -> Graph {
    let shape = vec![6, 6, 6];
    let mut graph = GraphBuilder::new(vec![TensorSpec {
        name: "x".to_owned(),
        shape,
        dtype: "f32".to_owned(),
    }]);
    let x = graph.input();
    let x = graph.conv2d("conv1", &x, Conv2d::new(6, 8, 3));
    let x = graph.batch_norm2d("bn1", &x, 8);
    let x = graph.activation("act1", &x);
    let y = graph.conv2d("conv2", &x, Conv2d::new(8, 8, 3));
    let y = graph.batch_norm2d("bn2", &y, 8);
    let y = graph.activation("act2", &y);
    let y = graph.conv2d("conv3", &y, Conv2d::new(8, 8, 3));
    let y = graph.batch_norm2d("bn3", &y, 8);
    let y = graph.add("add", &y, &x);
    let y = graph.activation("act3", &y);
    let y = graph.global_avg_pool("pool", &y);
    graph.output("y", &y);
    graph.finish()
}

/// A norm behind a linear layer, whose values have no pixels.
fn flat_graph() -> Graph {
    let mut graph = GraphBuilder::new(vec![TensorSpec {
        name: "x".to_owned(),
        shape: vec![12],
        dtype: "f32".to_owned(),
    }]);
    let x = graph.input();
    let x = graph.linear("fc1", &x, 12, 10);
    let x = graph.batch_norm2d("bn1", &x, 10);
    let x = graph.activation("act1", &x);
    let y = graph.linear("fc2", &x, 10, 4);
    graph.output("y", &y);
    graph.finish()
}

fn call(name: &str, args: &[Arg<'_>]) -> Tensor {
    Op::find(name).unwrap().call1(args, &[]).unwrap()
}

fn mish(x: &Tensor) -> Tensor {
    let share = call("aten::tanh", &[(&call("aten::softplus", &[x.into()])).into()]);
    call("aten::mul.Tensor", &[x.into(), (&share).into()])
}

/// Zero does not stay zero.
fn sigmoid(x: &Tensor) -> Tensor {
    call("aten::sigmoid", &[x.into()])
}

/// As a plugin whose function has become it.
fn relu(x: &Tensor) -> Tensor {
    call("aten::relu", &[x.into()])
}

/// No function of one number.
fn soft(x: &Tensor) -> Tensor {
    x.softmax(1, Kind::Float) * 8.0
}

/// Lets no gradient through.
fn step(x: &Tensor) -> Tensor {
    x.gt(0.0).to_kind(Kind::Float)
}

/// Along the last dimension, which is that of the features.
fn soft_features(x: &Tensor) -> Tensor {
    assert_eq!(x.dim(), 2);
    x.softmax(-1, Kind::Float) * 5.0
}

/// A network, and what its sites' plugin computes.
#[derive(Clone, Copy)]
struct Case {
    graph: fn() -> Graph,
    is_site: fn(&str) -> bool,
    activation: fn(&Tensor) -> Tensor,
}

/// Output, gradients to input and parameters, and how often the plugin ran for all images.
fn run(case: Case, on_kernels: bool, mode: Mode) -> (Vec<Tensor>, usize) {
    let (graph, activation) = ((case.graph)(), case.activation);
    let view = shapes::infer(&graph).unwrap();
    let mut sites = 0;
    let plan = Plan::compile(&graph, &mut |node| {
        let is_site = (case.is_site)(&node.id);
        sites += usize::from(is_site);
        Ok(is_site.then(|| sites - 1))
    });
    let plan = plan.unwrap();
    tch::manual_seed(1);
    let mut shape = vec![IMAGES];
    shape.extend(&graph.inputs[0].shape);
    let x = Tensor::randn(shape, FLOATS).set_requires_grad(true);
    let (mut parameters, mut masks) = (Vec::new(), Vec::new());
    for it in &graph.parameters {
        let mask = Tensor::rand(it.shape.as_slice(), FLOATS).lt(0.4);
        let is_weight = it.shape.len() > 1;
        let tensor = Tensor::randn(it.shape.as_slice(), FLOATS) * 0.5;
        let tensor = if is_weight { tensor * mask.to_kind(Kind::Float) } else { tensor + 0.5 };
        parameters.push(tensor.set_requires_grad(true));
        masks.push((it.name.as_str(), mask));
    }
    let buffers: Vec<Tensor> =
        graph.buffers.iter().map(|it| Tensor::ones(&it.shape, FLOATS) * 0.7).collect();
    let [parameters, buffers] = [&parameters, &buffers].map(|all| Vec::from_iter(all.iter()));
    let alone = Cell::new(0);
    let context = ForwardContext {
        mode,
        site: &|_, x| {
            alone.set(alone.get() + 1);
            Ok(activation(x))
        },
        function: &|_, some| {
            assert_eq!(some.size()[0], 1);
            pieces::function(some, &|some| Some(activation(some)))
        },
    };
    let found = if on_kernels {
        let facts = Facts {
            plan: &plan,
            shapes: &view.shapes,
            inputs: vec!["x"],
            parameters: graph
                .parameters
                .iter()
                .map(|p| (p.name.as_str(), p.shape.clone()))
                .collect(),
        };
        let names: BTreeSet<String> =
            graph.parameters.iter().filter(|p| p.shape.len() > 1).map(|p| p.name.clone()).collect();
        let mask_of = |name: &str| {
            masks.iter().find(|(own, _)| *own == name && names.contains(name)).map(|(_, mask)| mask)
        };
        let kernels = Kernels::new(&facts, None, &names, &mask_of, None).unwrap();
        kernels.run(&plan, false, &[&x], &parameters, &buffers, &[], &context)
    } else {
        plan.run_observed(&[&x], &parameters, &buffers, &[], &context, None)
    };
    let y = found.unwrap().remove(0).1;
    // Gradients of an evaluation are never asked of kernels.
    if mode == Mode::Eval {
        return (vec![y.detach()], alone.get());
    }
    let mut of = vec![&x];
    of.extend(&parameters);
    let sum = (y.square() * y.size()[0] as f64).mean(Kind::Float);
    let options = GradOptions { allow_unused: true, ..GradOptions::default() };
    let gradients = grad(&[&sum], &of, None, options).unwrap();
    let mut all = vec![y];
    let gradients = gradients.into_iter().zip(&of);
    let gradients = gradients.map(|(found, of)| found.unwrap_or_else(|| of.zeros_like()));
    for (at, gradient) in gradients.enumerate() {
        // Kernels compute those of kept weights alone.
        let mask = at.checked_sub(1).map(|at| &masks[at].1).filter(|mask| mask.dim() > 1);
        all.push(mask.map_or_else(|| gradient.shallow_clone(), |mask| &gradient * mask));
    }
    all.extend(buffers.into_iter().map(Tensor::copy));
    (all, alone.get())
}

fn check(name: &str, case: Case, mode: Mode, alone: usize) {
    let ((found, calls), (wanted, _)) = (run(case, true, mode), run(case, false, mode));
    assert_eq!(calls, alone, "{name}");
    for (at, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
        let scale = wanted.abs().max().double_value(&[]).max(0.05);
        let far = (found - wanted).abs().max().double_value(&[]);
        assert!(far < 3e-5 * scale, "{name}, {mode:?}, {at}: {far} of {scale}");
    }
}

fn everywhere(activation: fn(&Tensor) -> Tensor) -> Case {
    Case { graph, is_site: |node| node.starts_with("act"), activation }
}

#[test]
fn functions_are_part_of_the_norm_before_them() {
    for mode in [Mode::Train, Mode::Eval, Mode::BatchStats] {
        check("mish", everywhere(mish), mode, 0);
        check("sigmoid", everywhere(sigmoid), mode, 0);
        check("relu", everywhere(relu), mode, 0);
    }
}

#[test]
fn any_other_plugin_runs_by_itself() {
    check("softmax", everywhere(soft), Mode::Train, 3);
    check("softmax", everywhere(soft), Mode::Eval, 3);
}

#[test]
fn features_have_no_pixels() {
    let flat = |activation| Case { graph: flat_graph, ..everywhere(activation) };
    check("mish", flat(mish), Mode::Train, 0);
    check("softmax", flat(soft_features), Mode::Train, 1);
}

/// The branch's gradient gets to the block's input all the same.
#[test]
fn a_plugin_in_a_block_may_let_no_gradient_through() {
    let case = Case { is_site: |node| node == "act2", ..everywhere(step) };
    check("step", case, Mode::Train, 1);
}
