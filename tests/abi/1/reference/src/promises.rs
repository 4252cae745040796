//! What the host promises to a hook that sees the model.

use jackpot_plugin_api::prelude::*;

/// Fails with the first promise that is not kept.
pub fn check(model: &Model<'_>, ctx: &Ctx<'_>) -> Result<(), Error> {
    context(ctx)?;
    random(ctx)?;
    let weights = model.parameters()?;
    let infos = model.infos()?;
    ensure(infos.len() == weights.len(), "every parameter has its info")?;
    for (info, (name, weight)) in infos.iter().zip(weights.iter()) {
        ensure(info.name == name && info.shape == weight.shape(), "infos fit the parameters")?;
    }
    masks(model, &weights)?;
    forward(model, &weights)?;
    set(model, &weights)?;
    ensure(model.gradients().is_err(), "gradients are for updates alone")
}

fn context(ctx: &Ctx<'_>) -> Result<(), Error> {
    let at = ctx.progress();
    ensure(at.step == 0 && at.total_steps >= at.steps_per_epoch, "an init runs before step 0")?;
    ensure(ctx.training(), "an init is part of the training")?;
    ensure(ctx.site().is_err(), "an init has no site")
}

fn random(ctx: &Ctx<'_>) -> Result<(), Error> {
    let rng = ctx.rng();
    let (a, again, other) = (rng.uniform(0, &[64]), rng.uniform(0, &[64]), rng.uniform(1, &[64]));
    ensure(distance(&a, &again) == 0.0 && distance(&a, &other) > 0.0, "streams are streams")?;
    ensure(a.min().item() >= 0.0 && a.max().item() < 1.0, "uniform is in [0, 1)")?;
    ensure(a.dtype() == Dtype::F32, "random numbers are f32")?;
    let places = ctx.creator().tensor(&[7_i64, 3, 5], &[3]);
    let rows = rng.uniform_for(2, &places, &[4]);
    let turned = rng.uniform_for(2, &places.flip(&[0]), &[4]).flip(&[0]);
    ensure(rows.shape() == [3, 4] && distance(&rows, &turned) == 0.0, "rows belong to samples")?;
    ensure(rng.normal(3, &[2, 3]).shape() == [2, 3], "normal has the shape asked for")?;
    ensure(rng.uniform_fixed(4, &places, &[]).shape() == [3], "fixed rows, too")?;
    ensure(rng.host(5) == rng.host(5) && rng.host(5) != rng.host(6), "host draws are streams")?;
    let mut order: Vec<i64> = rng.permutation_for(6, &places).to_vec();
    order.sort_unstable();
    ensure(order == [0, 1, 2], "a permutation has every place once")
}

fn masks(model: &Model<'_>, weights: &NamedTensors) -> Result<(), Error> {
    for (name, mask) in model.masks()?.iter() {
        let weight = weights.expect(name);
        ensure(mask.dtype() == Dtype::Bool && mask.shape() == weight.shape(), "masks fit")?;
        let pruned = weight.abs().masked_fill(mask, 0.0).sum().item();
        ensure(pruned == 0.0, "pruned weights are zero")?;
    }
    Ok(())
}

fn forward(model: &Model<'_>, weights: &NamedTensors) -> Result<(), Error> {
    let batch = model.batch(0, 8)?;
    ensure(batch.inputs.size(0) == 8 && batch.targets.size(0) == 8, "a batch has its size")?;
    let (none, buffers) = (NamedTensors::new(), model.buffers()?);
    let run =
        |mode, dtype| model.forward(weights, &none, &batch.inputs, ForwardOptions { mode, dtype });
    let double = run(Mode::BatchStats, Some(Dtype::F64))?;
    ensure(double.expect("logits").dtype() == Dtype::F64, "f64 on request")?;
    let first = run(Mode::Eval, None)?;
    let own: NamedTensors =
        buffers.iter().map(|(name, tensor)| (name.to_owned(), tensor.copy())).collect();
    model.forward(
        weights,
        &own,
        &batch.inputs,
        ForwardOptions { mode: Mode::Train, dtype: None },
    )?;
    let again = run(Mode::Eval, None)?;
    let (first, again) = (first.expect("logits"), again.expect("logits"));
    ensure(distance(first, again) == 0.0, "a forward pass leaves the model as it is")?;
    let moved = own.iter().any(|(name, tensor)| distance(tensor, buffers.expect(name)) > 0.0);
    ensure(own.is_empty() || moved, "the statistics that are given are updated")
}

fn set(model: &Model<'_>, weights: &NamedTensors) -> Result<(), Error> {
    let (name, weight) = weights.iter().next().ok_or("the network has no parameters")?;
    model.set(name, &weight.ones_like())?;
    let now = model.parameters()?;
    let expected = match model.masks()?.get(name) {
        Some(mask) => mask.to_dtype(Dtype::F32),
        None => weight.ones_like(),
    };
    ensure(distance(now.expect(name), &expected) == 0.0, "`set` applies the mask")?;
    model.set(name, weight)?;
    let kind = |result: Result<(), Error>| result.err().map(|error| error.kind());
    ensure(kind(model.set(name, &weight.flatten(0, -1))).is_some(), "another shape is refused")?;
    ensure(kind(model.set("no.such.weight", weight)).is_some(), "an unknown name is refused")
}

fn distance(a: &Tensor, b: &Tensor) -> f64 {
    (a.to_dtype(Dtype::F64) - b.to_dtype(Dtype::F64)).abs().sum().item()
}

fn ensure(holds: bool, promise: &str) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(Error::new(format!("not kept: {promise}"))) }
}
