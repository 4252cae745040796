//! Goes through the door between host and plugins many times: makes items, calls every kind of
//! hook, operators, questions, errors and panics. `cargo xtask memcheck` runs it under valgrind.
//!
//! ```text
//! door FILE.so ROUNDS
//! ```
//!
//! FILE is the reference plugin (`tests/plugins/reference` or the kept one).

use std::error::Error;
use std::path::Path;

use jackpot::model::graph::source::{image_input, logits_output};
use jackpot::plugin::border::context::{HookContext, ModelAccess};
use jackpot::plugin::kinds::{
    Activation, Architecture, Augmentation, BEFORE, BatchTensors, Common, Init, Loss, LrSchedule,
    Score, Skip, Update,
};
use jackpot::plugin::{Instance, Registry};
use jackpot::torch::settings::set_threads;
use jackpot_plugin_api::ctx::{Progress, Site};
use jackpot_plugin_api::graph::{GraphView, Role};
use jackpot_plugin_api::manifest::Kind;
use jackpot_plugin_api::model::{Mode, ParameterInfo};
use serde_json::{Value, json};
use tch::{Device, Kind as Dtype, Tensor};

type Done = Result<(), Box<dyn Error>>;

const AT: Progress = Progress { step: 2, steps_per_epoch: 3, total_steps: 6 };

/// A linear layer as a model.
struct Small {
    weight: Tensor,
    mask: Tensor,
}

impl ModelAccess for Small {
    fn infos(&self) -> Vec<ParameterInfo> {
        let (prunable, decay, added) = (true, true, false);
        let (name, role, shape) = ("w".to_owned(), Role::Conv, self.weight.size());
        vec![ParameterInfo { name, shape, role, prunable, decay, added }]
    }

    fn parameters(&self) -> Vec<(String, Tensor)> {
        vec![("w".to_owned(), self.weight.copy())]
    }

    fn masks(&self) -> Vec<(String, Tensor)> {
        vec![("w".to_owned(), self.mask.copy())]
    }

    fn buffers(&self) -> Vec<(String, Tensor)> {
        Vec::new()
    }

    fn gradients(&self) -> Result<Vec<(String, Tensor)>, String> {
        Ok(self.parameters())
    }

    fn set(&self, name: &str, _: &Tensor) -> Result<(), String> {
        if name == "w" { Ok(()) } else { Err(format!("there is no `{name}`")) }
    }

    fn batch(&self, _: i64, size: i64) -> Result<(Tensor, Tensor), String> {
        let inputs = Tensor::ones([size, 4], (Dtype::Float, Device::Cpu));
        Ok((inputs, Tensor::ones([size, 4], (Dtype::Float, Device::Cpu)) / 4.0))
    }

    fn forward(
        &self,
        parameters: &[(&str, &Tensor)],
        _: &[(&str, &Tensor)],
        input: &Tensor,
        _: Mode,
        dtype: Option<Dtype>,
    ) -> Result<Vec<(String, Tensor)>, String> {
        let weight = parameters.first().map_or(&self.weight, |(_, weight)| *weight);
        let dtype = dtype.unwrap_or(weight.kind());
        let logits = input.to_kind(dtype).f_matmul(&weight.to_kind(dtype));
        Ok(vec![("logits".to_owned(), logits.map_err(|e| e.to_string())?)])
    }
}

/// The items of one round, made anew each time.
struct Items<'a>(&'a Registry);

impl Items<'_> {
    fn make(&self, kind: Kind, name: &str, params: Value) -> Result<Instance, Box<dyn Error>> {
        let params = params.as_object().cloned().unwrap_or_default();
        Ok(self.0.create(kind, &format!("reference-{name}"), &params)?)
    }
}

/// A call that must fail.
fn refused<T, E: std::fmt::Display>(result: Result<T, E>) -> Done {
    match result {
        Ok(_) => Err("something that must fail went well".into()),
        Err(error) if error.to_string().is_empty() => Err("an error without words".into()),
        Err(_) => Ok(()),
    }
}

fn activations(items: &Items<'_>, x: &Tensor) -> Done {
    let swish = Activation::new(items.make(Kind::Activation, "swish", json!({ "beta": 1.5 }))?);
    let context = HookContext::plain("door", "door", AT, 1);
    let leaf = x.copy().set_requires_grad(true);
    swish.forward(&leaf, &context)?.sum(Dtype::Float).backward();
    let slope = Activation::new(items.make(Kind::Activation, "slope", json!({}))?);
    let site = Site { name: "relu".to_owned(), shape: vec![4] };
    slope.declared(&site, 1)?;
    slope.knob("gate", AT)?;
    let (slopes, zero) = (Tensor::ones([4], (Dtype::Float, Device::Cpu)), Tensor::from(0.5_f32));
    let tensors = [("slope", &slopes), ("shift", &zero), ("gate", &zero)];
    let here = HookContext {
        site: Some(&site),
        tensors: &tensors,
        ..HookContext::plain("door", "door", AT, 1)
    };
    drop(slope.forward(x, &here)?);
    for how in ["panic", "throw", "operator", "dtype", "tensor"] {
        let item =
            Activation::new(items.make(Kind::Activation, "misdeed", json!({ "how": how }))?);
        refused(item.forward(x, &context))?;
    }
    refused(items.make(Kind::Activation, "swish", json!({ "beta": -1.0 })))?;
    refused(items.make(Kind::Activation, "nobody", json!({})))
}

fn every_step(items: &Items<'_>) -> Done {
    let context = HookContext::plain("door", "door", AT, 1);
    let steps = LrSchedule::new(items.make(Kind::LrSchedule, "steps", json!({}))?);
    steps.learning_rate(0.1, AT)?;
    let logits = Tensor::ones([3, 4], (Dtype::Float, Device::Cpu)).set_requires_grad(true);
    let targets = Tensor::ones([3, 4], (Dtype::Float, Device::Cpu)) / 4.0;
    let one = Tensor::from(1.0_f32);
    let tensors = [("scale", &one), ("penalty", &one)];
    let loss = Loss::new(items.make(Kind::Loss, "smoothed", json!({ "taught": true }))?);
    let with = HookContext { tensors: &tensors, ..HookContext::plain("door", "door", AT, 1) };
    let outputs = [("logits", &logits), ("features", &targets), ("teacher", &targets)];
    loss.loss(&outputs, &[("target", &targets)], &with)?.backward();
    loss.needs_teacher()?;
    refused(loss.loss(&[("other", &logits)], &[("target", &targets)], &with))?;
    let noise = Augmentation::new(items.make(Kind::Augmentation, "noise", json!({}))?);
    let batch = BatchTensors {
        images: Tensor::ones([3, 1, 4, 4], (Dtype::Float, Device::Cpu)),
        targets,
        indices: Tensor::from_slice(&[5_i64, 0, 9]),
    };
    let tensors = [("floor", &one), ("strength", &one)];
    let with = HookContext { tensors: &tensors, ..HookContext::plain("door", "door", AT, 1) };
    noise.augment(&batch, &with)?;
    refused(noise.augment(&batch, &context))
}

fn networks(items: &Items<'_>) -> Done {
    let net = Architecture::new(items.make(Kind::Architecture, "net", json!({}))?);
    let graph = net.build(&image_input([3, 8, 8]), &logits_output(4))?;
    refused(net.build(&image_input([3, 1, 1]), &logits_output(4)))?;
    let shapes = graph.nodes.iter().map(|node| (node.id.clone(), vec![4, 8, 8])).collect();
    let view = GraphView { graph, shapes };
    let echo = Skip::new(items.make(Kind::Skip, "echo", json!({}))?);
    echo.rewrite(&view, 1)?;
    refused(echo.rewrite(&GraphView { shapes: Default::default(), ..view }, 1))
}

fn models(items: &Items<'_>) -> Done {
    let weight = Tensor::arange(16, (Dtype::Float, Device::Cpu)).reshape([4, 4]);
    let model = Small { mask: weight.gt(3.0), weight };
    let context = HookContext { model: Some(&model), ..HookContext::plain("door", "door", AT, 1) };
    Init::new(items.make(Kind::Init, "fresh", json!({}))?).initialize(&context)?;
    let check = Init::new(items.make(Kind::Init, "check", json!({}))?);
    // It asks for more than this model has, after all methods of tensors.
    refused(check.initialize(&HookContext {
        model: Some(&model),
        ..HookContext::plain("door", "door", BEFORE, 1)
    }))?;
    let refusal = Init::new(items.make(Kind::Init, "refusal", json!({ "words": "no" }))?);
    refused(refusal.initialize(&context))?;
    Score::new(items.make(Kind::Score, "magnitude", json!({}))?).score(&context)?;
    Score::new(items.make(Kind::Score, "sensitivity", json!({}))?).score(&context)?;
    let turn = Update::new(items.make(Kind::Update, "turn", json!({}))?);
    turn.due(AT)?;
    turn.replaces_step()?;
    turn.update(&context)?;
    refused(turn.update(&HookContext::plain("door", "door", AT, 1)))
}

fn main() -> Done {
    let mut args = std::env::args().skip(1);
    let (Some(file), Some(rounds)) = (args.next(), args.next()) else {
        return Err("usage: door FILE.so ROUNDS".into());
    };
    set_threads(1)?;
    let mut registry = Registry::default();
    registry.add_file(Path::new(&file))?;
    let items = Items(&registry);
    let x = Tensor::arange(24, (Dtype::Float, Device::Cpu)).reshape([6, 4]) - 12.0;
    for _ in 0..rounds.parse()? {
        activations(&items, &x)?;
        every_step(&items)?;
        networks(&items)?;
        models(&items)?;
    }
    println!("{rounds} rounds");
    Ok(())
}
