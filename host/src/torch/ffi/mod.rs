//! The functions of `cpp/jackpot_torch.h`, and what every caller of them needs.

mod raw;

use std::ffi::{c_char, c_void};

pub(super) use raw::{Raw, Results, list_pointers, own_tensor, tensor_pointer};

use crate::torch::error::OpError;

/// One overload of an operator, on the C++ side. Never freed.
#[repr(C)]
pub(super) struct JpOp {
    _opaque: [u8; 0],
}

/// A captured list of kernels, on the C++ side.
#[repr(C)]
pub(super) struct JpGraph {
    _opaque: [u8; 0],
}

/// A watch over operators, on the C++ side.
#[repr(C)]
pub(super) struct JpWatch {
    _opaque: [u8; 0],
}

/// A CUDA stream (`JpStream`).
#[repr(C)]
#[derive(Debug, Default)]
pub(super) struct JpStream {
    id: i64,
    device_index: i64,
    device_type: i32,
    previous_device: i32,
}

/// What a schema asks of one argument (`JpArgSpec`).
#[repr(C)]
pub(super) struct RawArgSpec {
    pub name: *const c_char,
    pub name_len: usize,
    pub ty: i32,
    pub fixed_len: i32,
    pub optional: u8,
    pub has_default: u8,
    pub kwarg_only: u8,
    pub is_mutable: u8,
}

/// Receives one operator's name and overload; neither is terminated.
pub(super) type EachName =
    unsafe extern "C" fn(*mut c_void, *const c_char, usize, *const c_char, usize);

/// What a node's context can do (`JpNodeTable`).
#[repr(C)]
pub(super) struct NodeTable {
    pub backward: unsafe extern "C" fn(
        *mut c_void,
        *const *mut c_void,
        usize,
        *const c_void,
        *const u8,
        usize,
        *mut *mut c_void,
    ) -> Message,
    pub drop: unsafe extern "C" fn(*mut c_void),
}

/// A message made by `malloc`, or null: what every fallible function returns.
pub(super) type Message = *mut c_char;

unsafe extern "C" {
    pub(super) fn jp_free(memory: *mut c_void);

    pub(super) fn jp_op_names(context: *mut c_void, each: EachName) -> Message;
    pub(super) fn jp_op_find(
        name: *const c_char,
        overload: *const c_char,
        found: *mut *const JpOp,
    ) -> Message;
    pub(super) fn jp_op_text(op: *const JpOp, len: *mut usize) -> *const c_char;
    pub(super) fn jp_op_arg_count(op: *const JpOp) -> usize;
    pub(super) fn jp_op_return_count(op: *const JpOp) -> usize;
    pub(super) fn jp_op_is_random(op: *const JpOp) -> bool;
    pub(super) fn jp_op_arg(op: *const JpOp, index: usize, out: *mut RawArgSpec);
    pub(super) fn jp_op_default(op: *const JpOp, index: usize, out: *mut Raw) -> Message;
    pub(super) fn jp_op_call(op: *const JpOp, args: *const Raw, results: *mut Raw) -> Message;

    pub(super) fn jp_grad(
        outputs: *const *mut c_void,
        output_count: usize,
        inputs: *const *mut c_void,
        input_count: usize,
        grad_outputs: *const *mut c_void,
        retain_graph: bool,
        create_graph: bool,
        allow_unused: bool,
        gradients: *mut *mut c_void,
    ) -> Message;
    pub(super) fn jp_backward(
        outputs: *const *mut c_void,
        output_count: usize,
        grad_outputs: *const *mut c_void,
        retain_graph: bool,
        create_graph: bool,
    ) -> Message;
    pub(super) fn jp_grad_mode_get() -> bool;
    pub(super) fn jp_grad_mode_set(enabled: bool);

    pub(super) fn jp_node(
        inputs: *const *mut c_void,
        input_count: usize,
        output: *mut c_void,
        saved: *const *mut c_void,
        saved_count: usize,
        table: *const NodeTable,
        context: *mut c_void,
    ) -> Message;
    pub(super) fn jp_owned_tensor(
        numbers: *mut c_void,
        count: i64,
        dtype: i32,
        owner: *mut c_void,
        drop: unsafe extern "C" fn(*mut c_void),
        made: *mut *mut c_void,
    ) -> Message;

    pub(super) fn jp_setting_get(setting: i32, value: *mut i64) -> Message;
    pub(super) fn jp_setting_set(setting: i32, value: i64) -> Message;
    pub(super) fn jp_autocast_get(device: i32, enabled: *mut bool, dtype: *mut i32) -> Message;
    pub(super) fn jp_autocast_set(device: i32, enabled: bool, dtype: i32) -> Message;
    pub(super) fn jp_autocast_enter() -> Message;
    pub(super) fn jp_autocast_leave() -> Message;
    pub(super) fn jp_cuda_device_count(count: *mut i64) -> Message;
    pub(super) fn jp_cuda_synchronize(device_index: i64) -> Message;
    pub(super) fn jp_cuda_stream(device_index: i64, stream: *mut *mut c_void) -> Message;

    pub(super) fn jp_graph_make(device: i32, index: i64, made: *mut *mut JpGraph) -> Message;
    pub(super) fn jp_graph_begin(graph: *mut JpGraph, beside: *const JpGraph) -> Message;
    pub(super) fn jp_graph_end(graph: *mut JpGraph) -> Message;
    pub(super) fn jp_graph_replay(graph: *mut JpGraph) -> Message;
    pub(super) fn jp_graph_drop(graph: *mut JpGraph) -> Message;
    pub(super) fn jp_side_stream_enter(device_index: i64, before: *mut JpStream) -> Message;
    pub(super) fn jp_side_stream_leave(before: *const JpStream) -> Message;

    pub(super) fn jp_watch_begin(made: *mut *mut JpWatch) -> Message;
    pub(super) fn jp_watch_end(watch: *mut JpWatch, reason: *mut Message) -> Message;
    pub(super) fn jp_watch_pause(is_paused: bool);
}

/// The message of a C++ function as a result; `op` says in the error what was asked.
///
/// # Safety
/// `message` is what one of the functions above returned, and is used here alone.
pub(super) unsafe fn check(op: &str, message: Message) -> Result<(), OpError> {
    // SAFETY: by this function's contract.
    match unsafe { taken(message) } {
        Some(text) => Err(OpError::failed(op, one_line(&text))),
        None => Ok(()),
    }
}

/// A message's text; `None` where there is none.
///
/// # Safety
/// As for [`check`].
pub(super) unsafe fn taken(message: Message) -> Option<String> {
    if message.is_null() {
        return None;
    }
    // SAFETY: a message is a terminated string by `malloc`, ours to read and to free.
    unsafe {
        let text = std::ffi::CStr::from_ptr(message).to_string_lossy().into_owned();
        jp_free(message.cast());
        Some(text)
    }
}

/// libtorch's words on one line. Its longest messages list every backend or print a graph
/// after a first sentence or line that says it all.
pub(super) fn one_line(text: &str) -> String {
    const LIMIT: usize = 400;
    let text = text.split(" This could be because").next().unwrap_or(text);
    let whole = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if whole.chars().count() <= LIMIT {
        return whole;
    }
    let first = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    match first.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", &first[..end]),
        None => first.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_short_message_keeps_all_its_lines_on_one() {
        assert_eq!(one_line("  shape\nmismatch:  3\n"), "shape mismatch: 3");
    }

    #[test]
    fn a_long_message_keeps_its_first_line() {
        let text = format!("could not run\n{}", "backend\n".repeat(100));
        assert_eq!(one_line(&text), "could not run");
    }

    #[test]
    fn an_endless_line_is_cut_between_characters() {
        let cut = one_line(&"é".repeat(1000));
        assert_eq!(cut.chars().count(), 401);
        assert!(cut.ends_with('…'));
    }
}
