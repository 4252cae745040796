//! Gradients with given output gradients, and the thread's grad mode.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr;

use tch::Tensor;

use super::error::OpError;
use super::ffi::{self, own_tensor, tensor_pointer};

/// How [`grad`] treats the graph.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GradOptions {
    /// Keep the graph for another backward pass; implied by `create_graph`.
    pub retain_graph: bool,
    /// Make the gradients differentiable themselves.
    pub create_graph: bool,
    /// Give None for an input that the outputs do not depend on, rather than an error.
    pub allow_unused: bool,
}

/// The gradients of the outputs' sum, weighted by `grad_outputs`, with respect to each input,
/// of that input's shape. Nothing is accumulated in any tensor's `.grad`.
///
/// Without `grad_outputs` each output has one element and the weight 1.
///
/// # Errors
/// [`OpError::Failed`]: an output without a graph, an input that requires no gradient or (see
/// [`GradOptions::allow_unused`]) is unused, a graph used twice without `retain_graph`, weights
/// of another number or shape than the outputs.
pub fn grad(
    outputs: &[&Tensor],
    inputs: &[&Tensor],
    grad_outputs: Option<&[&Tensor]>,
    options: GradOptions,
) -> Result<Vec<Option<Tensor>>, OpError> {
    const OP: &str = "autograd::grad";
    check_weights(OP, outputs, grad_outputs)?;
    if inputs.is_empty() {
        return Ok(Vec::new());
    }
    let outputs = pointers(outputs);
    let inputs = pointers(inputs);
    let weights = grad_outputs.map(pointers);
    let mut gradients = vec![ptr::null_mut(); inputs.len()];
    // SAFETY: each array has the length given with it (weights that of the outputs, gradients
    // that of the inputs), and its tensors are borrowed until the call is over.
    let message = unsafe {
        ffi::jp_grad(
            outputs.as_ptr(),
            outputs.len(),
            inputs.as_ptr(),
            inputs.len(),
            weights.as_ref().map_or(ptr::null(), Vec::as_ptr),
            options.retain_graph || options.create_graph,
            options.create_graph,
            options.allow_unused,
            gradients.as_mut_ptr(),
        )
    };
    // SAFETY: the message is used here alone.
    unsafe { ffi::check(OP, message)? };
    // SAFETY: after success each gradient is null or a new tensor of ours.
    let own = |one: *mut c_void| (!one.is_null()).then(|| unsafe { own_tensor(one) });
    Ok(gradients.into_iter().map(own).collect())
}

/// Adds the gradient of `loss` (one element) to the `.grad` of every leaf it depends on, and
/// frees the graph.
///
/// # Errors
/// [`OpError::Failed`]: a loss without a graph, of more than one element, or whose graph was
/// freed or has had a saved tensor changed in place.
pub fn backward(loss: &Tensor) -> Result<(), OpError> {
    backward_with(&[loss], None, GradOptions::default())
}

/// [`backward`] from several outputs with given weights; `allow_unused` has no meaning here.
///
/// # Errors
/// Those of [`backward`], and weights of another number or shape than the outputs.
pub fn backward_with(
    outputs: &[&Tensor],
    grad_outputs: Option<&[&Tensor]>,
    options: GradOptions,
) -> Result<(), OpError> {
    const OP: &str = "autograd::backward";
    check_weights(OP, outputs, grad_outputs)?;
    let outputs = pointers(outputs);
    let weights = grad_outputs.map(pointers);
    // SAFETY: both arrays have the outputs' length, and their tensors are borrowed until the
    // call is over.
    unsafe {
        let message = ffi::jp_backward(
            outputs.as_ptr(),
            outputs.len(),
            weights.as_ref().map_or(ptr::null(), Vec::as_ptr),
            options.retain_graph || options.create_graph,
            options.create_graph,
        );
        ffi::check(OP, message)
    }
}

fn check_weights(
    op: &str,
    outputs: &[&Tensor],
    grad_outputs: Option<&[&Tensor]>,
) -> Result<(), OpError> {
    if outputs.is_empty() {
        return Err(OpError::failed(op, "no outputs were given"));
    }
    let Some(weights) = grad_outputs else { return Ok(()) };
    if weights.len() != outputs.len() {
        let message = format!("{} output gradients for {} outputs", weights.len(), outputs.len());
        return Err(OpError::failed(op, message));
    }
    // libtorch sums a weight over the dimensions that its output lacks.
    for (index, (output, weight)) in outputs.iter().zip(weights).enumerate() {
        let (shape, given) = (output.size(), weight.size());
        if shape != given {
            let message = format!(
                "output gradient {index} has the shape {given:?}, its output the shape {shape:?}"
            );
            return Err(OpError::failed(op, message));
        }
    }
    Ok(())
}

fn pointers(tensors: &[&Tensor]) -> Vec<*mut c_void> {
    tensors.iter().map(|tensor| tensor_pointer(tensor)).collect()
}

/// Whether this thread records operations for autograd, until the guard is dropped.
///
/// Guards nest; drop them in the reverse order.
#[must_use = "the mode is restored when the guard is dropped"]
#[derive(Debug)]
pub struct GradMode {
    previous: bool,
    /// The mode belongs to the thread, so the guard stays in it.
    not_send: PhantomData<*const ()>,
}

impl GradMode {
    /// Records from here on.
    pub fn enable() -> Self {
        Self::set(true)
    }

    /// Records nothing from here on.
    pub fn disable() -> Self {
        Self::set(false)
    }

    /// Whether this thread records now.
    pub fn is_enabled() -> bool {
        // SAFETY: it reads a thread-local switch.
        unsafe { ffi::jp_grad_mode_get() }
    }

    fn set(enabled: bool) -> Self {
        let previous = Self::is_enabled();
        // SAFETY: it writes a thread-local switch.
        unsafe { ffi::jp_grad_mode_set(enabled) };
        GradMode { previous, not_send: PhantomData }
    }
}

impl Drop for GradMode {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { ffi::jp_grad_mode_set(self.previous) };
    }
}
