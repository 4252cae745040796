//! Random numbers without hidden state.

mod derived;

use crate::abi::{Named, RawNamed, Value};
use crate::ctx::Ctx;
use crate::error::{Error, TensorError};
use crate::tensor::Tensor;

/// Random numbers for one call of a hook.
///
/// They come from a counter-based generator (Philox) keyed by the run's seed, the item's name and
/// site, and the step ([`Rng::uniform_for`]: the epoch and the sample). The same call gives the
/// same numbers whatever ran before it, so results survive an interruption. Two draws within one call must use different `stream`
/// numbers, or they are the same numbers.
pub struct Rng<'a> {
    ctx: &'a Ctx<'a>,
}

impl<'a> Rng<'a> {
    pub(crate) fn new(ctx: &'a Ctx<'a>) -> Self {
        Self { ctx }
    }

    /// Uniform in [0, 1), f32, on the training device.
    pub fn uniform(&self, stream: i64, shape: &[i64]) -> Tensor {
        self.tensor("rng.uniform", stream, shape, None)
    }

    /// Standard normal, f32, on the training device.
    pub fn normal(&self, stream: i64, shape: &[i64]) -> Tensor {
        self.tensor("rng.normal", stream, shape, None)
    }

    /// Uniform in [0, 1), f32, of shape `[N, shape…]`: row i depends on the sample `indices[i]`
    /// (i64, as in a batch) and not on its place in the batch.
    pub fn uniform_for(&self, stream: i64, indices: &Tensor, shape: &[i64]) -> Tensor {
        self.tensor("rng.uniform", stream, shape, Some(indices))
    }

    /// As [`Rng::uniform_for`], but the same in every epoch: row i depends on the run's seed, the
    /// item and the sample alone.
    pub fn uniform_fixed(&self, stream: i64, indices: &Tensor, shape: &[i64]) -> Tensor {
        self.tensor("rng.fixed", stream, shape, Some(indices))
    }

    /// A number on the host: 64 random bits. Like reading a tensor's data, it keeps the hook from
    /// being captured in a CUDA graph.
    pub fn host(&self, stream: i64) -> u64 {
        let value = self.ctx.ask("rng.host", &[RawNamed::new("stream", stream)]);
        match value.map(|values| values.into_iter().next()) {
            Ok(Some(Named { value: Value::Int(bits), .. })) => bits.cast_unsigned(),
            Ok(_) => TensorError::new("rng.host", "the host gave no number").throw(),
            Err(error) => TensorError::new("rng.host", error.to_string()).throw(),
        }
    }

    fn tensor(&self, name: &str, stream: i64, shape: &[i64], rows: Option<&Tensor>) -> Tensor {
        let args = [
            RawNamed::new("stream", stream),
            RawNamed::new("shape", shape),
            RawNamed::new("indices", rows),
        ];
        let tensor: Result<Tensor, Error> = self.ctx.ask_tensor(name, &args);
        tensor.unwrap_or_else(|error| TensorError::new(name, error.to_string()).throw())
    }
}
