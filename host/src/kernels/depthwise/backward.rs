//! The backward pass.

use super::Depthwise;
use super::before::Before;
use super::pass::pass;
use crate::kernels::error::KernelError;
use crate::kernels::norm::{Gradients, ToInput};
use crate::kernels::threads::Threads;

/// What the backward pass reads of so many images.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    pub images: usize,
    /// In front of the norm where there is one.
    pub input: &'a [f32],
    pub weight: &'a [f32],
    /// The output's.
    pub gradient: &'a [f32],
}

impl Depthwise {
    /// Writes the gradient to the input and gives the one to the weight, as PyTorch has it.
    ///
    /// # Errors
    /// When there are no kernels for it, or a slice has another length than the measures say.
    pub fn backward(
        &self,
        given: Given<'_>,
        to_input: &mut [f32],
        threads: &Threads,
    ) -> Result<Vec<f32>, KernelError> {
        Ok(pass(self, given, None, to_input, threads)?.0)
    }

    /// The same where a norm with a ReLU comes before, but writes the gradient behind the norm, in front
    /// of the ReLU. Gives those to the norm's weight and bias, and what makes the one to the norm's
    /// input of it, beside the one to the convolution's weight.
    ///
    /// # Errors
    /// As for [`Self::backward`].
    pub fn backward_through(
        &self,
        given: Given<'_>,
        before: &Before<'_>,
        behind: &mut [f32],
        threads: &Threads,
    ) -> Result<(Vec<f32>, Gradients, ToInput), KernelError> {
        let (to_weight, sums) = pass(self, given, Some(before), behind, threads)?;
        let (found, rest) = before.norm.with_sums(given.images, before.statistics, &sums)?;
        Ok((to_weight, found, rest))
    }
}
