//! What a program costs: bytes, multiply-adds, time.

use std::time::{Duration, Instant};

use tch::Tensor;

use super::error::ExportError;
use super::program::{Program, Reference};
use crate::median::median;

/// The size of a program, for one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Of all tensors.
    pub bytes: u64,
    /// Multiply-adds × 2 of convolutions and linear layers, pruned weights counted: what a program
    /// that knows nothing of zeros computes.
    pub flops: u64,
    /// The elements of all weights of convolutions and linear layers.
    pub weights: u64,
}

impl Cost {
    /// Of that program.
    pub fn of(program: &Program) -> Self {
        let bytes = |tensor: &Tensor| (tensor.numel() * tensor.kind().elt_size_in_bytes()) as u64;
        let (mut flops, mut weights) = (0, 0);
        for call in &program.calls {
            let Some(Reference::Stored(index)) = call.arg("weight").references().first() else {
                continue;
            };
            let out = call.shapes.first().map(Vec::as_slice).unwrap_or_default();
            // Once per output pixel, or per token.
            let places = match call.schema.name.as_str() {
                "aten::conv1d" | "aten::conv2d" | "aten::conv3d" => out.get(2..),
                "aten::linear" => out.get(1..out.len().saturating_sub(1)),
                _ => continue,
            };
            let places = places.unwrap_or_default().iter().map(|size| size.unwrap_or(1));
            let count = program.tensors[*index].tensor.numel() as u64;
            weights += count;
            flops += 2 * count * places.product::<i64>().unsigned_abs();
        }
        Self { bytes: program.tensors.iter().map(|one| bytes(&one.tensor)).sum(), flops, weights }
    }
}

/// Rounds of a measurement, unless the time is over before.
const ROUNDS: usize = 200;
const LONGEST: Duration = Duration::from_secs(4);

/// The median times of programs on one input, in seconds. They take turns, so that whatever else
/// the machine does meets all of them.
///
/// # Errors
///
/// What an operator says.
pub fn latencies(programs: &[&Program], input: &Tensor) -> Result<Vec<f64>, ExportError> {
    let mut times = vec![Vec::new(); programs.len()];
    let begin = Instant::now();
    for round in 0..ROUNDS + 5 {
        for (program, times) in programs.iter().zip(&mut times) {
            let start = Instant::now();
            tch::no_grad(|| program.run(input))?;
            // The first ones find their memory.
            if round >= 5 {
                times.push(start.elapsed().as_secs_f64());
            }
        }
        if round >= 15 && begin.elapsed() > LONGEST {
            break;
        }
    }
    Ok(times.into_iter().map(|times| median(times).unwrap_or_default()).collect())
}
