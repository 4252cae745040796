//! Gradients.

use abi_stable::std_types::{ROption, RResult, RSlice};

use super::Tensor;
use crate::abi::Value;
use crate::error::TensorError;

/// How [`grad`] computes.
#[derive(Debug, Clone, Copy, Default)]
pub struct GradOptions {
    /// Record the gradients themselves, so that they can be differentiated again.
    pub create_graph: bool,
    /// An input that the outputs do not depend on gives `None` instead of an error.
    pub allow_unused: bool,
    /// Keep the graph for another call (implied by `create_graph`).
    pub retain_graph: bool,
}

/// Gradients of the outputs' sum to each input, as `torch.autograd.grad`.
pub fn grad(outputs: &[Tensor], inputs: &[Tensor], options: GradOptions) -> Vec<Option<Tensor>> {
    let Some(first) = outputs.first() else { return inputs.iter().map(|_| None).collect() };
    let host = first.raw().host;
    let flags = u32::from(options.create_graph)
        | u32::from(options.allow_unused) << 1
        | u32::from(options.retain_graph) << 2;
    let (outputs, inputs) = (Tensor::raw_slice(outputs), Tensor::raw_slice(inputs));
    // SAFETY: all handles are borrowed from live tensors.
    match unsafe { (host.0.grad())(host, outputs, inputs, RSlice::EMPTY, flags) } {
        RResult::ROk(Value::OptTensorList(list)) => {
            list.into_iter().map(ROption::into_option).collect()
        }
        RResult::ROk(other) => {
            let message = format!("the host gave {}", other.describe());
            TensorError::new("grad", message).throw()
        }
        RResult::RErr(fault) => TensorError::new("grad", fault.message).throw(),
    }
}

/// Runs `body` without recording for autograd.
pub fn no_grad<T>(like: &Tensor, body: impl FnOnce() -> T) -> T {
    with_mode(like, false, body)
}

/// Runs `body` with recording for autograd, also inside a [`no_grad`].
pub fn with_grad<T>(like: &Tensor, body: impl FnOnce() -> T) -> T {
    with_mode(like, true, body)
}

fn with_mode<T>(like: &Tensor, enabled: bool, body: impl FnOnce() -> T) -> T {
    struct Restore {
        set: extern "C" fn(bool) -> bool,
        before: bool,
    }
    // A tensor error unwinds through `body`; the mode must not stay.
    impl Drop for Restore {
        fn drop(&mut self) {
            (self.set)(self.before);
        }
    }
    let set = like.raw().host.0.grad_mode();
    let _restore = Restore { set, before: set(enabled) };
    body()
}
