//! Activations that work number by number, computed in pieces that stay in the cache.
//!
//! Operator by operator, a plugin such as `x · sigmoid(β·x)` goes over the memory a dozen times in
//! a training step and keeps three tensors for its backward pass. Here the operators that it calls
//! for the first images are written down. Where kernels know all of them ([`fused`]), they compute
//! the others in one loop, or behind a batch norm as part of that ([`function()`]). Else the operators
//! are called again for a few images at a time; that is the same but for the last bit of some numbers,
//! since libtorch rounds some functions otherwise in what is left over behind its last whole vector.
//! Either way the backward pass computes everything once more and keeps `x` alone.
//!
//! What a plugin calls is looked at in every pass: as soon as something else than functions of one
//! number are among it, it is called with all images, as without any of this.
//!
//! On a GPU ([`cuda`]) functions that kernels know are one kernel forward and one backward.

pub mod cuda;
mod function;
mod fused;
mod program;
mod translate;

use tch::{Device, Kind, Tensor};

use self::fused::Fused;
use self::program::{Knobs, Program};
use super::order::order;
use super::two_ways::{self, TwoWays};
use crate::model::error::ModelError;
use crate::torch::capture::is_on_tape;
use crate::torch::grad::GradMode;
use crate::torch::node::{attach, is_recorded};
use crate::torch::op::record::is_recording;

pub use function::{Function, function};

/// Numbers in a piece: a few tensors of that size fit the second cache.
const PIECE: usize = 64 << 10;
/// libtorch computes so many numbers at a time, and what is left over otherwise.
const WHOLE: usize = 32;

/// The activation `of` the images `x`, a few at a time. `None` where it does not work number by
/// number, it would bring nothing, or no gradient is recorded: an evaluation is that of the graph's
/// operators to the bit. `of` may have been called for the first images then.
///
/// # Errors
///
/// What libtorch says.
pub fn apply(
    x: &Tensor,
    of: &dyn Fn(&Tensor) -> Option<Tensor>,
) -> Result<Option<Tensor>, ModelError> {
    if !is_recorded(&[x]) {
        return Ok(None);
    }
    let Some(images) = images_of_a_piece(x) else { return Ok(None) };
    let first = x.detach().f_narrow(0, 0, images)?;
    let Some((program, found)) = Program::traced(&first, of, Knobs::Copied)? else {
        return Ok(None);
    };
    let fused = Fused::of(&program)?;
    let y = if let Some(fused) = &fused {
        fused.forward(x)?
    } else {
        let _no_grad = GradMode::disable();
        let y = x.f_empty_like()?;
        y.f_narrow(0, 0, images)?.f_copy_(&found)?;
        for (begin, count) in pieces(x, images).skip(1) {
            let part = program.run(&x.f_narrow(0, begin, count)?)?;
            y.f_narrow(0, begin, count)?.f_copy_(&part)?;
        }
        y
    };
    attach(&[x], &y, &[x], Box::new(InPieces { program, fused, images }))?;
    Ok(Some(y))
}

/// How many images are computed at a time; `None`: all.
fn images_of_a_piece(x: &Tensor) -> Option<i64> {
    let is_plain = x.kind() == Kind::Float && x.device() == Device::Cpu && order(x).is_some();
    let count = *x.size().first()?;
    let numbers = x.numel().checked_div(usize::try_from(count).ok()?)?;
    let images = i64::try_from((PIECE / numbers.max(1)).max(1)).ok()?;
    let fits = x.dim() == 4 && numbers.is_multiple_of(WHOLE) && images < count;
    (is_plain && fits && !is_recording() && !is_on_tape()).then_some(images)
}

/// Where each piece begins, and how many images it has.
fn pieces(x: &Tensor, images: i64) -> impl Iterator<Item = (i64, i64)> {
    let count = x.size().first().copied().unwrap_or_default();
    let step = usize::try_from(images).unwrap_or(1).max(1);
    (0..count).step_by(step).map(move |begin| (begin, images.min(count - begin)))
}

struct InPieces {
    program: Program,
    fused: Option<Fused>,
    images: i64,
}

impl TwoWays for InPieces {
    /// `saved`: x.
    fn on_kernels(
        &self,
        saved: &[&Tensor],
        to_y: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, ModelError> {
        if !wanted[0] {
            return Ok(vec![None]);
        }
        let x = saved[0].f_detach()?;
        if let Some(fused) = &self.fused {
            return Ok(vec![Some(fused.backward(&x, to_y)?)]);
        }
        let to_x = x.f_empty_like()?;
        for (begin, count) in pieces(&x, self.images) {
            let part = x.f_narrow(0, begin, count)?;
            let found = self.program.gradient(&part, &to_y.f_narrow(0, begin, count)?)?;
            let mut place = to_x.f_narrow(0, begin, count)?;
            match found {
                Some(found) => place.f_copy_(&found)?,
                None => drop(place.f_zero_()?),
            }
        }
        Ok(vec![Some(to_x)])
    }

    fn differentiable(
        &self,
        saved: &[&Tensor],
        to_y: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, ModelError> {
        two_ways::gradients(saved, to_y, wanted, |saved| self.program.run(saved[0]))
    }
}

#[cfg(test)]
mod tests;
