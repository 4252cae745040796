//! The stream on which graphs are captured.

use tch::Device;

use crate::torch::error::OpError;
use crate::torch::ffi::{self, JpStream};

const OP: &str = "cuda::stream";

/// This thread's work goes to a stream of its own until this is dropped; what was asked before is
/// done then, and what is asked meanwhile is done afterwards. Does nothing on a CPU.
#[derive(Debug)]
pub struct SideStream(Option<JpStream>);

impl SideStream {
    /// From here on.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn enter(device: Device) -> Result<Self, OpError> {
        let Device::Cuda(index) = device else { return Ok(Self(None)) };
        let mut before = JpStream::default();
        let index = i64::try_from(index).unwrap_or(i64::MAX);
        // SAFETY: the function writes the stream, on success.
        unsafe { ffi::check(OP, ffi::jp_side_stream_enter(index, &mut before))? };
        Ok(Self(Some(before)))
    }
}

impl Drop for SideStream {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // SAFETY: this is the stream of before. An error of the device shows at the next call.
            let _ = unsafe { ffi::check(OP, ffi::jp_side_stream_leave(before)) };
        }
    }
}
