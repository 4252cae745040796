//! Random numbers for plugins: a function of seed, purpose, epoch, step and sample.

use jackpot_plugin_api::abi::{Named, RawValue, Value};
use tch::{Kind, Tensor};

use super::context::HookContext;
use super::ctx_ops::Questions;
use super::tensors::{borrow, give};
use crate::random::Stream;
use crate::torch::op::record::note_read;
use crate::torch::upload::upload;

/// Answers `rng.uniform`, `rng.normal`, `rng.fixed` and `rng.host`.
pub fn answer(
    context: &HookContext<'_>,
    question: &str,
    args: &Questions<'_>,
) -> Result<Vec<Named>, String> {
    let stream = u64::try_from(args.int("stream")?)
        .map_err(|_| "a stream's number must not be negative".to_owned())?;
    if question == "rng.host" {
        note_read();
        let words = step_stream(context, stream).block(0);
        let bits = u64::from(words[0]) | u64::from(words[1]) << 32;
        return Ok(vec![Named::new("bits", Value::Int(bits.cast_signed()))]);
    }
    let shape = match args.get("shape") {
        RawValue::IntList(shape) => shape.to_vec(),
        _ => return Err("`shape` must be a list of whole numbers".to_owned()),
    };
    let count = shape
        .iter()
        .try_fold(1_usize, |product, &size| product.checked_mul(usize::try_from(size).ok()?));
    let count = count.ok_or_else(|| format!("{shape:?} is no shape"))?;
    let fill = |stream: Stream| match question {
        "rng.normal" => stream.normal(count),
        _ => stream.uniform(count),
    };
    let (data, shape) = match args.get("indices") {
        RawValue::Tensor(raw) => {
            let indices = samples(context, &borrow(raw))?;
            let stream = match question {
                "rng.fixed" => fixed_stream(context, stream),
                _ => sample_stream(context, stream),
            };
            let rows = indices.iter().map(|&i| fill(stream.sub(i.cast_unsigned())));
            let data: Vec<f32> = rows.flatten().collect();
            (data, [vec![indices.len() as i64], shape].concat())
        }
        _ => (fill(step_stream(context, stream)), shape),
    };
    let tensor = Tensor::from_slice(&data).to_kind(Kind::Float);
    let tensor = tensor.f_reshape(shape).map_err(|e| e.to_string())?;
    let tensor = upload(&tensor, context.device).map_err(|e| e.to_string())?;
    Ok(vec![Named::new("values", Value::Tensor(give(tensor)))])
}

/// The values of a tensor of sample numbers; the batch's own are known without asking the device.
fn samples(context: &HookContext<'_>, tensor: &Tensor) -> Result<Vec<i64>, String> {
    match context.samples {
        Some(known)
            if known.tensor.data_ptr() == tensor.data_ptr()
                && known.values.len() == tensor.numel() =>
        {
            Ok(known.values.to_vec())
        }
        _ => Vec::try_from(tensor).map_err(|e: tch::TchError| e.to_string()),
    }
}

/// Numbers of one step.
fn step_stream(context: &HookContext<'_>, stream: u64) -> Stream {
    let purpose = format!("plugin/{}/step", context.purpose);
    Stream::new(context.seed, &purpose, context.progress.step, stream)
}

/// Numbers of one epoch; the sample's number is added, so that they do not depend on the order of
/// the batches.
fn sample_stream(context: &HookContext<'_>, stream: u64) -> Stream {
    let purpose = format!("plugin/{}/sample", context.purpose);
    let epoch = context.progress.step / context.progress.steps_per_epoch.max(1);
    Stream::new(context.seed, &purpose, epoch, stream)
}

/// Numbers of a sample that are the same in every epoch.
fn fixed_stream(context: &HookContext<'_>, stream: u64) -> Stream {
    Stream::new(context.seed, &format!("plugin/{}/fixed", context.purpose), 0, stream)
}
