//! Backward passes in Rust: a tensor is made the result of others, with a function for its
//! gradients.

use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tch::Tensor;
use torch_sys::C_tensor;

use super::error::OpError;
use super::ffi::{self, Message, NodeTable, tensor_pointer};
use super::grad::GradMode;

const OP: &str = "autograd::node";

/// The backward pass of one result.
pub trait Backward: Send {
    /// The gradient to each input that is wanted, from the output's. While gradients are to be
    /// differentiable themselves ([`GradMode::is_enabled`]), only operators that record may be
    /// used here.
    ///
    /// # Errors
    /// What went wrong, in words.
    fn gradients(
        &self,
        saved: &[&Tensor],
        output_gradient: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, String>;
}

/// Whether a result of these would need a backward pass.
pub fn is_recorded(inputs: &[&Tensor]) -> bool {
    GradMode::is_enabled() && inputs.iter().any(|input| input.requires_grad())
}

/// Makes `output`, which has no history yet, the result of `inputs`. `backward` gets the tensors
/// in `saved`, which may be inputs or the output itself (that comes last); one that was changed in
/// place by then is an error of the backward pass. Does nothing where nothing is recorded.
///
/// # Errors
/// [`OpError::Failed`]: an output that has a history.
pub fn attach(
    inputs: &[&Tensor],
    output: &Tensor,
    saved: &[&Tensor],
    backward: Box<dyn Backward>,
) -> Result<(), OpError> {
    if !is_recorded(inputs) {
        return Ok(());
    }
    let pointers = |list: &[&Tensor]| list.iter().map(|one| tensor_pointer(one)).collect();
    let (inputs, saved): (Vec<_>, Vec<_>) = (pointers(inputs), pointers(saved));
    // A pointer to a trait object takes two words; the border has one.
    let context = Box::into_raw(Box::new(backward)).cast();
    let table = NodeTable { backward: run, drop: release };
    // SAFETY: the arrays have the lengths given with them, and their tensors are borrowed until
    // the call is over. The context is what the table's functions expect, and is theirs now.
    unsafe {
        let message = ffi::jp_node(
            inputs.as_ptr(),
            inputs.len(),
            tensor_pointer(output),
            saved.as_ptr(),
            saved.len(),
            &table,
            context,
        );
        ffi::check(OP, message)
    }
}

/// # Safety
/// The context is one of [`attach`]'s; the arrays have their lengths, and every tensor in them is
/// borrowed until this returns.
unsafe extern "C" fn run(
    context: *mut c_void,
    saved: *const *mut c_void,
    saved_count: usize,
    output_gradient: *const c_void,
    wanted: *const u8,
    input_count: usize,
    gradients: *mut *mut c_void,
) -> Message {
    // SAFETY: the caller's promises.
    let (backward, saved, given, wanted, gradients) = unsafe {
        (
            &*context.cast::<Box<dyn Backward>>(),
            slice(saved, saved_count),
            lent(output_gradient),
            slice(wanted, input_count),
            std::slice::from_raw_parts_mut(gradients, input_count),
        )
    };
    // SAFETY: as above.
    let saved: Vec<_> = saved.iter().map(|one| unsafe { lent(*one) }).collect();
    let saved: Vec<&Tensor> = saved.iter().map(|one| &**one).collect();
    let wanted: Vec<bool> = wanted.iter().map(|one| *one != 0).collect();
    let found = catch_unwind(AssertUnwindSafe(|| backward.gradients(&saved, &given, &wanted)));
    match found {
        Ok(Ok(found)) if found.len() == input_count => {
            for (place, one) in gradients.iter_mut().zip(found) {
                if let Some(one) = one {
                    *place = tensor_pointer(&ManuallyDrop::new(one));
                }
            }
            std::ptr::null_mut()
        }
        Ok(Ok(found)) => {
            message(&format!("it gave {} gradients for {input_count} inputs", found.len()))
        }
        Ok(Err(text)) => message(&text),
        Err(_) => message("a backward pass panicked"),
    }
}

/// # Safety
/// The context is one of [`attach`]'s, and nobody uses it any more.
unsafe extern "C" fn release(context: *mut c_void) {
    // SAFETY: the caller's promise. A panic must not get out.
    let context = unsafe { Box::from_raw(context.cast::<Box<dyn Backward>>()) };
    let _ = catch_unwind(AssertUnwindSafe(move || drop(context)));
}

/// # Safety
/// So many elements are there, unless there are none.
unsafe fn slice<'a, T>(first: *const T, count: usize) -> &'a [T] {
    if count == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(first, count) }
}

/// Somebody else's tensor, which is not dropped here.
///
/// # Safety
/// It is an `at::Tensor*`, and stays there as long as this is used.
unsafe fn lent(pointer: *const c_void) -> ManuallyDrop<Tensor> {
    // SAFETY: the caller's promise.
    ManuallyDrop::new(unsafe { Tensor::from_ptr(pointer.cast_mut().cast::<C_tensor>()) })
}

/// A text as the C++ side frees it.
fn message(text: &str) -> Message {
    // SAFETY: it is plain memory of that size, and its last byte is written, too.
    unsafe {
        let copy = libc::malloc(text.len() + 1).cast::<u8>();
        if copy.is_null() {
            std::alloc::handle_alloc_error(std::alloc::Layout::new::<u8>());
        }
        copy.copy_from_nonoverlapping(text.as_ptr(), text.len());
        copy.add(text.len()).write(0);
        copy.cast()
    }
}
