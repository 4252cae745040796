//! Activations on a GPU. What a plugin calls there for one image is written down. Where kernels know all
//! of it, two are compiled for that function ([`crate::torch::nvrtc`]): one computes all images, the
//! other their gradient, from `x` alone. Operators would each go over the memory anew.
//!
//! A single operator is left to libtorch, which has just that: one kernel forward and one backward. So
//! is whatever cannot be had here (no NVRTC, an old driver, a text that they refuse), with one line in
//! the log. A plugin's calls are looked at in every pass, as on the CPU, so that what is computed
//! depends on nothing that was before.
//!
//! Numbers that the host changes from step to step, the knobs, are read on the device at each launch.
//! While a CUDA graph is captured nothing is looked at, since each operator of the image would become a
//! part of the graph: what the site computed at its last call outside is taken, if all that this
//! reads is still the site's own.

mod found;

use std::sync::Arc;

use tch::{Device, Tensor};

use self::found::{Fused, Shared, told};
use crate::model::error::ModelError;
use crate::model::run::two_ways::{self, TwoWays};
use crate::torch::capture::is_capturing;
use crate::torch::node::{attach, is_recorded};
use crate::torch::nvrtc::{self, Compiler, Elementwise, Nvrtc};
use crate::torch::op::record::is_recording;

pub use self::found::Last;

/// Fewer numbers than these are left to operators, which take no longer than their launches. The
/// networks of `jackpot device check` have as many, so that it checks the kernels.
const ENOUGH: usize = 1 << 12;

/// The activation `of` the images `x` by kernels on their GPU. `None` where it is none, or operators are
/// to compute it: there is nothing to fuse, or no gradient is recorded. `of` may have been called for
/// the first image then. `own` are the tensors that a site lends to its plugin, `last` what it found.
///
/// # Errors
///
/// What libtorch says.
pub fn apply(
    x: &Tensor,
    of: &dyn Fn(&Tensor) -> Option<Tensor>,
    own: &[(&str, &Tensor)],
    last: &Last,
) -> Result<Option<Tensor>, ModelError> {
    match x.device() {
        // Without a compiler nothing is looked at.
        Device::Cuda(device) => match nvrtc::ready() {
            Ok(()) => apply_with(&Nvrtc { device }, x, of, own, last),
            Err(error) => {
                told(&error);
                Ok(None)
            }
        },
        _ => Ok(None),
    }
}

/// The same, by that compiler.
fn apply_with(
    compiler: &dyn Compiler,
    x: &Tensor,
    of: &dyn Fn(&Tensor) -> Option<Tensor>,
    own: &[(&str, &Tensor)],
    last: &Last,
) -> Result<Option<Tensor>, ModelError> {
    if !is_recorded(&[x]) || !is_worth_it(x) || is_recording() {
        return Ok(None);
    }
    let found = match is_capturing() {
        true => last.for_graph(x, own),
        false => last.anew(compiler, x, of, own)?,
    };
    let Some(found) = found else { return Ok(None) };
    let reads: Vec<&Tensor> = found.reads.iter().collect();
    let y = match found.function.kernels.forward(&x.f_detach()?, &reads) {
        Ok(y) => y,
        Err(error) => {
            told(&error);
            return Ok(None);
        }
    };
    // That nobody writes the numbers before the way back, autograd sees to.
    let saved: Vec<&Tensor> = std::iter::once(x).chain(reads).collect();
    attach(&[x], &y, &saved, Box::new(OnGpu { program: found.program, function: found.function }))?;
    Ok(Some(y))
}

fn is_worth_it(x: &Tensor) -> bool {
    let is_one = x.size().first().is_none_or(|images| *images < 2);
    x.numel() >= ENOUGH && !is_one && Elementwise::fits(x)
}

struct OnGpu {
    program: Shared,
    function: Arc<Fused>,
}

impl TwoWays for OnGpu {
    /// `saved`: x, and the numbers that are read.
    fn on_kernels(
        &self,
        saved: &[&Tensor],
        to_y: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, ModelError> {
        let Some((x, reads)) = saved.split_first().filter(|_| wanted == [true]) else {
            return Ok(vec![None]);
        };
        let (x, to_y) = (x.f_detach()?, to_y.f_detach()?);
        match self.function.kernels.backward(&x, &to_y, reads) {
            Ok(to_x) => Ok(vec![Some(to_x)]),
            Err(error) => {
                told(&error);
                Ok(vec![self.program.lock().gradient(&x, &to_y)?])
            }
        }
    }

    fn differentiable(
        &self,
        saved: &[&Tensor],
        to_y: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, ModelError> {
        two_ways::gradients(&saved[..1], to_y, wanted, |saved| self.program.lock().run(saved[0]))
    }
}

#[cfg(test)]
mod tests;
