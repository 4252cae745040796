//! A captured list of kernels.

use std::ptr::null_mut;

use tch::Device;

use crate::torch::codes::device_code;
use crate::torch::error::OpError;
use crate::torch::ffi::{self, JpGraph};

const OP: &str = "cuda::graph";

/// Kernels to be launched together. Stays in its thread.
#[derive(Debug)]
pub struct Graph(*mut JpGraph);

impl Graph {
    /// With nothing in it.
    ///
    /// # Errors
    ///
    /// A device without graphs, or a libtorch.
    pub fn new(device: Device) -> Result<Self, OpError> {
        let (kind, index) = device_code(device);
        let mut made = null_mut();
        // SAFETY: the function writes one pointer, on success.
        unsafe { ffi::check(OP, ffi::jp_graph_make(kind, index, &mut made))? };
        Ok(Self(made))
    }

    /// Writes down what `body` asks of the device. To be called once, on a
    /// [`SideStream`](super::SideStream).
    ///
    /// # Errors
    ///
    /// What `body` or the device says.
    pub fn record<T, E: From<OpError>>(
        &self,
        beside: Option<&Self>,
        body: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let beside = beside.map_or(null_mut(), |graph| graph.0);
        // SAFETY: the graphs are alive, here and below.
        unsafe { ffi::check(OP, ffi::jp_graph_begin(self.0, beside))? };
        let mut ending = Ending { graph: self.0, is_over: false };
        let result = body();
        let ended = ending.end();
        // What went wrong inside says more than that the whole is invalid.
        let value = result?;
        ended?;
        Ok(value)
    }

    /// Launches it all.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn replay(&self) -> Result<(), OpError> {
        // SAFETY: the graph is alive.
        unsafe { ffi::check(OP, ffi::jp_graph_replay(self.0)) }
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        // SAFETY: the graph is alive and used by nobody else. Nothing can be done about an error.
        let _ = unsafe { ffi::check(OP, ffi::jp_graph_drop(self.0)) };
    }
}

/// Ends a capture, also where its body panics.
struct Ending {
    graph: *mut JpGraph,
    is_over: bool,
}

impl Ending {
    fn end(&mut self) -> Result<(), OpError> {
        self.is_over = true;
        // SAFETY: the graph outlives this.
        unsafe { ffi::check(OP, ffi::jp_graph_end(self.graph)) }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.is_over {
            let _ = self.end();
        }
    }
}
