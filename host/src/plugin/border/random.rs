//! Random numbers for plugins: a function of seed, purpose, epoch, step and sample.

use jackpot_plugin_api::abi::{Named, RawValue, Value};
use tch::{TchError, Tensor};

use super::context::HookContext;
use super::ctx_ops::Questions;
use super::tensors::{borrow, give};
use crate::random::Stream;
use crate::torch::capture::{Moment, drawn, refuse};
use crate::torch::op::record::note_read;

/// Answers `rng.uniform`, `rng.normal`, `rng.fixed` and `rng.host`.
pub fn answer(
    context: &HookContext<'_>,
    question: &str,
    args: &Questions<'_>,
) -> Result<Vec<Named>, String> {
    let stream = u64::try_from(args.int("stream")?)
        .map_err(|_| "a stream's number must not be negative".to_owned())?;
    let (seed, purpose) = (context.seed, context.purpose.to_owned());
    let (now, item) = (moment(context), context.item);
    if question == "rng.host" {
        note_read();
        refuse(|| format!("`{item}` asks for a random number on the host"));
        let words =
            Draw { seed, purpose, stream, count: 0, is_normal: false }.step(now.step).block(0);
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
    let draw = Draw { seed, purpose, stream, count, is_normal: question == "rng.normal" };
    let RawValue::Tensor(raw) = args.get("indices") else {
        let made =
            drawn(context.device, &now, move |at| tensor(&draw.fill(draw.step(at.step)), &shape));
        return Ok(vec![Named::new("values", Value::Tensor(give(made?)))]);
    };
    let is_fixed = question == "rng.fixed";
    let rows = move |at: &Moment<'_>, samples: &[i64]| {
        let epoch = if is_fixed { None } else { Some(at.epoch) };
        let shape = [&[samples.len() as i64], shape.as_slice()].concat();
        tensor(&draw.rows(epoch, samples), &shape)
    };
    let indices = borrow(raw);
    let made = match context.samples {
        // The batch's own are known without asking the device.
        Some(known)
            if known.tensor.data_ptr() == indices.data_ptr()
                && known.values.len() == indices.numel() =>
        {
            drawn(context.device, &now, move |at| rows(at, at.samples))
        }
        _ => {
            refuse(|| format!("`{item}` draws for other samples than the batch's"));
            let samples: Vec<i64> = Vec::try_from(&*indices).map_err(in_words)?;
            drawn(context.device, &now, move |at| rows(at, &samples))
        }
    };
    Ok(vec![Named::new("values", Value::Tensor(give(made?)))])
}

fn moment<'a>(context: &HookContext<'a>) -> Moment<'a> {
    let progress = context.progress;
    Moment {
        step: progress.step,
        epoch: progress.step / progress.steps_per_epoch.max(1),
        samples: context.samples.map_or(&[], |samples| samples.values),
    }
}

/// What is drawn, whenever that is.
struct Draw {
    seed: u64,
    purpose: String,
    /// The plugin's number of it.
    stream: u64,
    /// Of each stream.
    count: usize,
    is_normal: bool,
}

impl Draw {
    /// Numbers of one step.
    fn step(&self, step: u64) -> Stream {
        self.named("step", step)
    }

    /// Numbers of each sample, of one epoch; its number is added, so that they do not depend on the
    /// order of the batches. Without an epoch they are the same in all of them.
    fn rows(&self, epoch: Option<u64>, samples: &[i64]) -> Vec<f32> {
        let stream = match epoch {
            Some(epoch) => self.named("sample", epoch),
            None => self.named("fixed", 0),
        };
        samples.iter().flat_map(|&sample| self.fill(stream.sub(sample.cast_unsigned()))).collect()
    }

    fn named(&self, what: &str, at: u64) -> Stream {
        Stream::new(self.seed, &format!("plugin/{}/{what}", self.purpose), at, self.stream)
    }

    fn fill(&self, stream: Stream) -> Vec<f32> {
        match self.is_normal {
            true => stream.normal(self.count),
            false => stream.uniform(self.count),
        }
    }
}

fn tensor(numbers: &[f32], shape: &[i64]) -> Result<Tensor, String> {
    Tensor::f_from_slice(numbers).and_then(|numbers| numbers.f_reshape(shape)).map_err(in_words)
}

fn in_words(error: TchError) -> String {
    error.to_string()
}
