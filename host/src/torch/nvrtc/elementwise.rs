//! Two kernels that work number by number, on tensors.

use std::sync::Arc;

use tch::{Kind, Tensor};

use super::arguments::Arguments;
use super::{Compiler, Kernels};
use crate::torch::error::OpError;

const OP: &str = "a fused function";

/// Bytes that kernels read and write at a time.
const VECTOR: usize = 16;
/// Threads in a block.
const THREADS: usize = 256;

/// A function of each number and its gradient, of f32 or bf16 tensors on one device.
pub struct Elementwise {
    kernels: Arc<dyn Kernels>,
    /// The numbers that the function knows.
    numbers: Vec<f32>,
}

/// Which kernel.
#[derive(Clone, Copy)]
enum Kernel {
    Forward = 0,
    Backward = 1,
}

impl Elementwise {
    /// The kernels of these two names, which take pointers to `x`, to the result's gradient (the second
    /// alone) and to what is written; how many vectors of 16 bytes there are to be taken at once, and
    /// how many numbers in all (both i64); these numbers (f32); and pointers to those that are read.
    /// They take 256 threads in a block.
    ///
    /// # Errors
    /// What the compiler says.
    pub fn new(
        compiler: &dyn Compiler,
        text: &str,
        names: [&str; 2],
        numbers: Vec<f32>,
    ) -> Result<Self, OpError> {
        Ok(Self { kernels: compiler.kernels(text, &names)?, numbers })
    }

    /// Whether it could compute a function of this tensor: f32 or bf16, without a gap between its numbers,
    /// in whatever order they lie.
    pub fn fits(x: &Tensor) -> bool {
        matches!(x.kind(), Kind::Float | Kind::BFloat16) && !x.is_sparse() && is_dense(x)
    }

    /// The function of each number, laid out as `x`. `reads` are 0-dimensional f32 tensors on its device.
    ///
    /// # Errors
    /// A tensor that does not fit, or what libtorch or the driver says.
    pub fn forward(&self, x: &Tensor, reads: &[&Tensor]) -> Result<Tensor, OpError> {
        let y = like(x)?;
        self.run(Kernel::Forward, &[x, &y], reads)?;
        Ok(y)
    }

    /// The gradient to `x`, laid out as it, from the result's, which may lie otherwise.
    ///
    /// # Errors
    /// As [`Elementwise::forward`].
    pub fn backward(
        &self,
        x: &Tensor,
        to_y: &Tensor,
        reads: &[&Tensor],
    ) -> Result<Tensor, OpError> {
        let to_x = like(x)?;
        let laid_out;
        let to_y = if to_y.kind() == x.kind() && lie_alike(x, to_y) {
            to_y
        } else {
            let mut copy = like(x)?;
            copy.f_copy_(to_y).map_err(refused)?;
            laid_out = copy;
            &laid_out
        };
        self.run(Kernel::Backward, &[x, to_y, &to_x], reads)?;
        Ok(to_x)
    }

    fn run(&self, kernel: Kernel, tensors: &[&Tensor], reads: &[&Tensor]) -> Result<(), OpError> {
        let Some(&x) = tensors.first() else { return Ok(()) };
        let is_alike = |other: &&Tensor| {
            other.device() == x.device() && other.kind() == x.kind() && lie_alike(x, other)
        };
        let is_number = |read: &&Tensor| {
            read.device() == x.device() && read.kind() == Kind::Float && read.dim() == 0
        };
        if !Self::fits(x) || !tensors.iter().all(is_alike) || !reads.iter().all(is_number) {
            return Err(OpError::failed(OP, "these tensors have no kernel"));
        }
        let count = x.numel();
        if count == 0 {
            return Ok(());
        }
        let is_aligned = |tensor: &&Tensor| (tensor.data_ptr() as usize).is_multiple_of(VECTOR);
        let width = VECTOR / x.kind().elt_size_in_bytes();
        let whole = if tensors.iter().all(is_aligned) { count / width } else { 0 };
        let mut arguments = Arguments::default();
        tensors.iter().for_each(|tensor| arguments.pointer(tensor.data_ptr()));
        arguments.integer(whole as i64);
        arguments.integer(count as i64);
        self.numbers.iter().for_each(|number| arguments.number(*number));
        reads.iter().for_each(|read| arguments.pointer(read.data_ptr()));
        let turns = whole.max(count - whole * width);
        let blocks = turns.div_ceil(THREADS).clamp(1, self.kernels.blocks().max(1));
        // SAFETY: the kernels take these, as `new` says. All tensors have `count` numbers without a gap.
        // libtorch gives their memory to others only behind this kernel on the same stream.
        unsafe { self.kernels.launch(kernel as usize, blocks, THREADS, &arguments.pointers()) }
    }
}

fn refused(error: tch::TchError) -> OpError {
    OpError::failed(OP, error.to_string())
}

/// A new tensor that lies as `x`, which has no gap.
fn like(x: &Tensor) -> Result<Tensor, OpError> {
    let x = x.f_detach().map_err(refused)?;
    x.f_empty_like().map_err(refused)
}

/// Whether each number is at the same place in both, from the first one on. The strides of a dimension of one
/// say nothing.
fn lie_alike(a: &Tensor, b: &Tensor) -> bool {
    let (size, strides) = (a.size(), a.stride().into_iter().zip(b.stride()));
    size == b.size() && size.iter().zip(strides).all(|(size, (a, b))| *size < 2 || a == b)
}

/// Whether its numbers fill their memory, each once.
fn is_dense(x: &Tensor) -> bool {
    let mut dimensions: Vec<_> =
        x.stride().into_iter().zip(x.size()).filter(|(_, size)| *size != 1).collect();
    dimensions.sort_unstable();
    let mut next = 1;
    x.numel() == 0
        || dimensions.into_iter().all(|(stride, size)| {
            let fits = stride == next;
            next *= size;
            fits
        })
}
