//! Sparse and fused kernels on the CPU, over plain slices.
//!
//! - [`conv`]: convolutions and linear layers under a fixed mask: forward, gradient to the input,
//!   gradient to the kept weights;
//! - [`depthwise`]: 3 × 3 convolutions of each channel by itself;
//! - [`norm`]: batch norm, ReLU and residual addition, fused;
//! - [`pointwise`]: functions of one number, such as activations, and their slopes; their text for a GPU;
//! - [`planes`](planes()): the colours of images, one behind the other;
//! - [`Frame`]: the layout that they all work in, and the way there and back;
//! - [`Pool`]: memory for it that is used again;
//! - [`Isa`], [`Threads`] ([`Team`]): the instructions and threads that they use;
//! - [`peak`](peak()), [`thread_time`]: what the processor could do at most, and how long it took.
//!
//! This room knows std, rayon's threads and the processor; not libtorch, and not what a network is.

mod buffer;
mod clock;
pub mod conv;
mod convert;
pub mod depthwise;
mod error;
mod frame;
mod isa;
mod micro;
pub mod norm;
mod peak;
mod planes;
pub mod pointwise;
mod pool;
#[cfg(test)]
mod tests;
mod threads;

pub use buffer::Buffer;
pub use clock::thread_time;
pub use error::KernelError;
pub use frame::Frame;
pub use isa::Isa;
pub use peak::peak;
pub use planes::planes;
pub use pool::{Pool, Pooled};
pub use threads::{Team, Threads};
