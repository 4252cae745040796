//! The same functions for a GPU: the text of two kernels in CUDA C++, to be compiled while the program
//! runs. One goes from `x` to the results, the other from `x` and the results' gradients to those of
//! `x`, with everything computed once more. All is computed in f32, whatever lies in memory.
//!
//! ```text
//! jackpot_forward(const Number *x, Number *y, i64 whole, i64 count, numbers…)
//! jackpot_backward(const Number *x, const Number *to_y, Number *to_x, i64 whole, i64 count, numbers…)
//! ```
//!
//! There are `count` numbers in each, of which those of the first `whole` vectors of 16 bytes are taken a
//! vector at a time, which wants an address that these 16 divide. Then come the function's own numbers:
//! those that are known as f32, then those that are read as pointers to an f32. None of them is in
//! the text, so that it stays the same while they change. Blocks and threads may be any number.

mod text;

use std::fmt::Write;

use self::text::{Body, body};
use super::{Call, Operand, Pointwise};

/// Kernels take so many threads in a block at most.
const THREADS: u32 = 256;

/// The kernels' names.
pub const FORWARD: &str = "jackpot_forward";
pub const BACKWARD: &str = "jackpot_backward";

/// Longer functions take a compiler too long, and more numbers than this fit no call.
const MOST_STEPS: usize = 256;

/// What lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Storage {
    F32,
    Bf16,
}

impl Storage {
    fn text(self) -> &'static str {
        match self {
            Self::F32 => include_str!("f32.cu"),
            Self::Bf16 => include_str!("bf16.cu"),
        }
    }
}

/// Two kernels, and what they are to be called with.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    pub text: String,
    /// The numbers that are known.
    pub numbers: Vec<f32>,
    /// Which of the numbers that are read ([`Operand::Read`]) comes at each place behind them.
    pub reads: Vec<usize>,
}

impl Pointwise {
    /// Its kernels. `None`: it is too long for that.
    pub fn cuda(&self, storage: Storage) -> Option<Source> {
        if self.steps.len() > MOST_STEPS {
            return None;
        }
        let Body { forward, backward, numbers, reads } = body(self);
        let (known, read) = (0..numbers.len(), 0..reads.len());
        let mut parameters = String::new();
        let mut loads = String::new();
        // Writing to a String never fails.
        for place in known.clone() {
            let _ = write!(parameters, ", const float n{place}");
        }
        for place in read.clone() {
            let _ = write!(parameters, ", const float *__restrict__ at{place}");
            let _ = write!(loads, "\n  const float r{place} = *at{place};");
        }
        let names =
            || known.clone().map(|n| format!("n{n}")).chain(read.clone().map(|r| format!("r{r}")));
        let taken: String = names().map(|name| format!(", const float {name}")).collect();
        let passed: String = names().map(|name| format!(", {name}")).collect();
        let functions = include_str!("functions.cu");
        let storage = storage.text();
        let text = format!(
            "{functions}\n{storage}
static __device__ __forceinline__ float value(const float v0{taken}) {{{forward}
}}

static __device__ __forceinline__ float slope(const float v0, const float given{taken}) {{{backward}
}}

extern \"C\" __global__ void __launch_bounds__({THREADS}) {FORWARD}(
    const Number *__restrict__ x, Number *__restrict__ y,
    const long long whole, const long long count{parameters}) {{{loads}
  const long long first = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  const long long step = (long long)gridDim.x * blockDim.x;
  for (long long place = first; place < whole; place += step) {{
    const Numbers from = unpacked(((const Vector *)x)[place]);
    Numbers to;
#pragma unroll
    for (int i = 0; i < WIDTH; ++i) to.at[i] = value(from.at[i]{passed});
    ((Vector *)y)[place] = packed(to);
  }}
  for (long long place = whole * WIDTH + first; place < count; place += step) {{
    y[place] = rounded(value(widened(x[place]){passed}));
  }}
}}

extern \"C\" __global__ void __launch_bounds__({THREADS}) {BACKWARD}(
    const Number *__restrict__ x, const Number *__restrict__ to_y, Number *__restrict__ to_x,
    const long long whole, const long long count{parameters}) {{{loads}
  const long long first = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  const long long step = (long long)gridDim.x * blockDim.x;
  for (long long place = first; place < whole; place += step) {{
    const Numbers from = unpacked(((const Vector *)x)[place]);
    const Numbers given = unpacked(((const Vector *)to_y)[place]);
    Numbers to;
#pragma unroll
    for (int i = 0; i < WIDTH; ++i) to.at[i] = slope(from.at[i], given.at[i]{passed});
    ((Vector *)to_x)[place] = packed(to);
  }}
  for (long long place = whole * WIDTH + first; place < count; place += step) {{
    to_x[place] = rounded(slope(widened(x[place]), widened(to_y[place]){passed}));
  }}
}}
"
        );
        Some(Source { text, numbers, reads })
    }
}

#[cfg(test)]
pub mod on_host;
#[cfg(test)]
mod tests;
