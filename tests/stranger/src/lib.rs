//! Items of every kind, right and wrong ones, to be tried by their author's tests.

use jackpot_plugin_api::prelude::*;

/// x · sigmoid(β·x).
#[derive(Params)]
struct Swish {
    /// Steepness.
    #[param(default = 1.0, range = 0.0..=100.0)]
    beta: f64,
}

impl Activation for Swish {
    const NAME: &str = "my-swish";
    fn forward(&self, x: &Tensor, _: &Ctx<'_>) -> Tensor {
        x * (x * self.beta).sigmoid()
    }
}

/// PReLU: max(x, 0) + a·min(x, 0) with a trained slope per channel.
#[derive(Params)]
struct Slope;

impl Activation for Slope {
    const NAME: &str = "my-slope";
    fn tensors(&self, site: &Site) -> Vec<DeclaredTensor> {
        vec![DeclaredTensor::trainable("a", &[site.shape[0]], 0.25)]
    }
    fn forward(&self, x: &Tensor, ctx: &Ctx<'_>) -> Tensor {
        x.relu() + ctx.tensor("a") * x.clamp_max(0.0)
    }
}

/// tanh(k·x) with a knob that goes from 1 to 0 over the training, and −x in evaluations.
#[derive(Params)]
struct Fading;

impl Activation for Fading {
    const NAME: &str = "fading";
    const KNOBS: &[&str] = &["k"];
    fn knob(&self, _: &str, progress: Progress) -> f64 {
        1.0 - progress.fraction()
    }
    fn forward(&self, x: &Tensor, ctx: &Ctx<'_>) -> Tensor {
        if ctx.training() { (x * ctx.knob("k")).tanh() } else { -x }
    }
}

/// x², whose gradient the author forgot half of.
#[derive(Params)]
struct HalfGradient;

impl Activation for HalfGradient {
    const NAME: &str = "half-gradient";
    fn forward(&self, x: &Tensor, _: &Ctx<'_>) -> Tensor {
        x * x.detach()
    }
}

/// Does what `what` says.
#[derive(Params)]
struct Bad {
    /// What goes wrong.
    #[param(choices = ["panic", "shape", "operator", "refusal", "tensor"])]
    what: String,
}

impl Activation for Bad {
    const NAME: &str = "bad";
    fn forward(&self, x: &Tensor, ctx: &Ctx<'_>) -> Tensor {
        match self.what.as_str() {
            "panic" => panic!("no luck today"),
            "shape" => x.sum(),
            "operator" => x.op("aten::no_such_thing", &[]),
            "refusal" => Error::new("not on Sundays").throw(),
            _ => ctx.tensor("gone"),
        }
    }
}

/// From 0 to the base rate in `warm` steps.
#[derive(Params)]
struct WarmUp {
    /// How long.
    #[param(default = "1ep")]
    warm: Duration,
}

impl LrSchedule for WarmUp {
    const NAME: &str = "my-warm-up";
    fn learning_rate(&self, base: f64, ctx: &Ctx<'_>) -> f64 {
        let now = ctx.progress();
        let warm = self.warm.steps(now.steps_per_epoch) as f64;
        base * (now.step as f64 / warm).min(1.0)
    }
}

/// −Σ t·log softmax(x), the mean over the batch, plus the distance to the teacher's outputs.
#[derive(Params)]
struct Distance {
    /// The teacher's share.
    #[param(default = 0.0)]
    share: f64,
}

impl Loss for Distance {
    const NAME: &str = "distance";
    fn needs_teacher(&self) -> bool {
        self.share > 0.0
    }
    fn loss(&self, outputs: &NamedTensors, targets: &NamedTensors, _: &Ctx<'_>) -> Tensor {
        let x = outputs.expect("logits");
        let per_image = -(x.log_softmax(1) * targets.expect("target")).sum_dim(&[1], false);
        match outputs.get("teacher") {
            Some(teacher) => per_image.mean() + (x - teacher).square().mean() * self.share,
            None => per_image.mean(),
        }
    }
}

/// Adds noise that depends on the sample.
#[derive(Params)]
struct Noise {
    /// Its size.
    #[param(default = 0.5)]
    size: f64,
}

impl Augmentation for Noise {
    const NAME: &str = "noise";
    fn augment(&self, batch: Batch, ctx: &Ctx<'_>) -> Batch {
        let noise = ctx.rng().uniform_for(0, &batch.indices, &batch.images.shape()[1..]);
        Batch { images: batch.images + noise * self.size, ..batch }
    }
}

/// conv2 + α·(what it reads, through a 1 × 1 convolution), or with another stride.
#[derive(Params)]
struct Shortcut {
    /// The convolution's stride; 2 fits `small_network`.
    #[param(default = 2)]
    stride: i64,
}

impl Skip for Shortcut {
    const NAME: &str = "shortcut";
    const KNOBS: &[&str] = &["alpha"];
    fn knob(&self, _: &str, progress: Progress) -> f64 {
        1.0 - progress.fraction()
    }
    fn rewrite(&self, view: &GraphView, _: &Ctx<'_>) -> Result<Edits, Error> {
        let Some(shape) = view.shape("relu1") else {
            return Err(Error::new("there is no relu1"));
        };
        let weight = Parameter {
            name: "shortcut.weight".to_owned(),
            shape: vec![4, shape[0], 1, 1],
            dtype: "f32".to_owned(),
            role: Role::Conv,
            decay: true,
            prunable: false,
            init: Initial::constant(0.5),
        };
        let attrs = json!({ "stride": [self.stride, self.stride] });
        let node = |id: &str, op: &str, inputs: &[&str]| Node {
            id: id.to_owned(),
            op: op.to_owned(),
            inputs: inputs.iter().map(|&name| Input::One(name.to_owned())).collect(),
            params: Default::default(),
            attrs: Default::default(),
            site: None,
        };
        let mut conv = node("shortcut", "aten::conv2d", &["relu1"]);
        conv.params.insert("weight".to_owned(), weight.name.clone());
        conv.attrs = attrs.as_object().unwrap().clone().into_iter().collect();
        let scaled = node("scaled", "aten::mul.Tensor", &["shortcut", "knob:alpha"]);
        let sum = node("sum", "aten::add.Tensor", &["conv2", "scaled"]);
        Ok(Edits {
            parameters: vec![weight],
            nodes: vec![conv, scaled, sum],
            rewires: vec![Rewire { from: "conv2".to_owned(), to: "sum".to_owned() }],
            ..Edits::default()
        })
    }
}

/// One linear layer on all pixels.
#[derive(Params)]
struct Flat;

impl Architecture for Flat {
    const NAME: &str = "flat";
    fn build(
        &self,
        graph: &mut GraphBuilder,
        input: &TensorSpec,
        output: &TensorSpec,
    ) -> Result<(), Error> {
        let [c, h, w] = input.image_for("flat", 1)?;
        let x = graph.flatten("flat", &graph.input());
        let x = graph.linear("fc", &x, c * h * w, output.classes_for("flat")?);
        graph.output("logits", &x);
        Ok(())
    }
}

/// Every prunable weight becomes `value` times the gradient of the mean logit, plus 1.
#[derive(Params)]
struct FromGradient {
    /// The factor.
    #[param(default = 1.0)]
    value: f64,
}

impl Init for FromGradient {
    const NAME: &str = "from-gradient";
    const KEEPS_TICKET: bool = true;
    fn initialize(&self, model: &Model<'_>, _: &Ctx<'_>) -> Result<(), Error> {
        let infos = model.infos()?.into_iter().filter(|info| info.prunable);
        let names: Vec<String> = infos.map(|info| info.name).collect();
        let all = model.parameters()?;
        let leaves: Vec<Tensor> =
            names.iter().map(|name| all.expect(name).requires_grad_(true)).collect();
        let given = names.iter().cloned().zip(leaves.iter().cloned()).collect();
        let batch = model.batch(0, 4)?;
        let options = ForwardOptions { mode: Mode::BatchStats, ..ForwardOptions::default() };
        let outputs = model.forward(&given, &NamedTensors::new(), &batch.inputs, options)?;
        let mean = outputs.expect("logits").mean();
        let gradients = grad(&[mean], &leaves, GradOptions::default());
        for (name, gradient) in names.iter().zip(gradients.into_iter().flatten()) {
            model.set(name, &(gradient * self.value + 1.0))?;
        }
        Ok(())
    }
}

/// |θ|.
#[derive(Params)]
struct Magnitude {
    /// Leaves this parameter out.
    without: Option<String>,
}

impl Score for Magnitude {
    const NAME: &str = "my-magnitude";
    fn score(&self, model: &Model<'_>, _: &Ctx<'_>) -> Result<NamedTensors, Error> {
        let scores = model.parameters()?.into_iter();
        let scores = scores.filter(|(name, _)| self.without.as_ref() != Some(name));
        Ok(scores.map(|(name, weight)| (name, weight.abs())).collect())
    }
}

/// Keeps the half of each layer with the largest gradients, every other step.
#[derive(Params)]
struct ByGradient;

impl Update for ByGradient {
    const NAME: &str = "by-gradient";
    fn due(&self, ctx: &Ctx<'_>) -> bool {
        ctx.progress().step % 2 == 1
    }
    fn update(&self, model: &Model<'_>, _: &Ctx<'_>) -> Result<NamedTensors, Error> {
        let (gradients, masks) = (model.gradients()?, model.masks()?);
        let half = |name: &str| {
            let size = gradients.expect(name).abs();
            size.largest(size.numel() / 2)
        };
        Ok(masks.iter().map(|(name, _)| (name.to_owned(), half(name))).collect())
    }
}

export_plugin!(
    activations: [Swish, Slope, Fading, HalfGradient, Bad],
    lr_schedules: [WarmUp],
    losses: [Distance],
    augmentations: [Noise],
    skips: [Shortcut],
    architectures: [Flat],
    inits: [FromGradient],
    scores: [Magnitude],
    updates: [ByGradient],
);

#[cfg(test)]
mod tests;
