//! The passes: forward, gradient to the input, gradient to the kept weights, both gradients.

use super::lists::Lists;
use super::part::{GatherPart, Shared, WeightPart, parts};
use super::plan::Conv;
use crate::kernels::error::{KernelError, check_length};
use crate::kernels::frame::Frame;
use crate::kernels::threads::{Threads, even};
use std::ops::Range;

impl Conv {
    /// The output for so many images. Its margins are left as they are.
    ///
    /// # Errors
    /// When a slice has another length than its frame says.
    pub fn forward(
        &self,
        images: usize,
        input: &[f32],
        bias: Option<&[f32]>,
        output: &mut [f32],
        threads: &Threads,
    ) -> Result<(), KernelError> {
        check_length("the input", input.len(), self.input.len(images))?;
        check_length("the output", output.len(), self.output.len(images))?;
        if let Some(bias) = bias {
            check_length("the bias", bias.len(), self.shape.out_channels)?;
        }
        let frames = [&self.input, &self.output];
        self.gather(&self.forward, frames, images, input, bias, output, threads);
        Ok(())
    }

    /// The gradient to the input, from the output's. Its margins are left as they are.
    ///
    /// # Errors
    /// As [`Conv::forward`].
    pub fn input_gradient(
        &self,
        images: usize,
        output_gradient: &[f32],
        input_gradient: &mut [f32],
        threads: &Threads,
    ) -> Result<(), KernelError> {
        check_length("the output's gradient", output_gradient.len(), self.output.len(images))?;
        check_length("the input's gradient", input_gradient.len(), self.input.len(images))?;
        let frames = [&self.output, &self.input];
        for lists in &self.backward {
            self.gather(lists, frames, images, output_gradient, None, input_gradient, threads);
        }
        Ok(())
    }

    /// The gradient to each kept weight, in the order of [`Conv::kept`].
    ///
    /// # Errors
    /// As [`Conv::forward`].
    pub fn weight_gradient(
        &self,
        images: usize,
        input: &[f32],
        output_gradient: &[f32],
        gradient: &mut [f32],
        threads: &Threads,
    ) -> Result<(), KernelError> {
        self.check_weight_gradient(images, input, output_gradient, gradient)?;
        let mut sums = vec![0.0f32; self.kept.len()];
        let shared = Shared::new(&mut sums);
        // By output channel, so that every sum is formed by one thread in one order.
        let ranges = even(&self.weight.loads(), threads.count());
        let blocks = self.input.blocks(images);
        threads.run(ranges, |channels| {
            let part = WeightPart { conv: self, input, output_gradient, sums: shared };
            part.run(0..blocks, 0..usize::MAX, &channels);
        });
        self.in_order(&[sums], gradient);
        Ok(())
    }

    /// Both gradients. Taking turns at a few rows each, they read the output's gradient once where
    /// the images divide evenly among the threads.
    ///
    /// # Errors
    /// As [`Conv::forward`].
    pub fn gradients(
        &self,
        images: usize,
        input: &[f32],
        output_gradient: &[f32],
        input_gradient: &mut [f32],
        gradient: &mut [f32],
        threads: &Threads,
    ) -> Result<(), KernelError> {
        self.check_weight_gradient(images, input, output_gradient, gradient)?;
        check_length("the input's gradient", input_gradient.len(), self.input.len(images))?;
        let (blocks, count) = (self.input.blocks(images), threads.count());
        if blocks == 0 || !blocks.is_multiple_of(count) {
            self.input_gradient(images, output_gradient, input_gradient, threads)?;
            return self.weight_gradient(images, input, output_gradient, gradient, threads);
        }
        let share = blocks / count;
        let output_len = input_gradient.len();
        let to_input = Shared::new(input_gradient);
        let mut sums = vec![vec![0.0f32; self.kept.len()]; count];
        let parts: Vec<_> = sums.iter_mut().enumerate().collect();
        threads.run(parts, |(number, sums)| {
            let weight = WeightPart { conv: self, input, output_gradient, sums: Shared::new(sums) };
            for (blocks, lines) in self.turns(number * share..(number + 1) * share) {
                for lists in &self.backward {
                    let part = GatherPart {
                        isa: self.isa,
                        lists,
                        frames: [&self.output, &self.input],
                        input: output_gradient,
                        bias: None,
                        output: to_input,
                        output_len,
                    };
                    part.run(blocks.clone(), lines.clone(), &(0..lists.channels));
                }
                weight.run(blocks, lines, &(0..self.weight.channels));
            }
        });
        self.in_order(&sums, gradient);
        Ok(())
    }

    /// Blocks of images and rows after which the two gradients take turns.
    fn turns(&self, blocks: Range<usize>) -> Vec<(Range<usize>, Range<usize>)> {
        let mut step = self.weight.tiling.step();
        for lists in &self.backward {
            let other = lists.tiling.step();
            step = [step[0].max(other[0]), step[1].max(other[1])];
        }
        // The input may have more rows than the output has, where a stride leaves some over.
        let rows = self.backward.iter().map(|lists| lists.grid.size[0]);
        let rows = rows.max().unwrap_or(0).max(self.weight.grid.size[0]);
        let mut turns = Vec::new();
        for block in blocks.clone().step_by(step[0]) {
            for row in (0..rows).step_by(step[1]) {
                let lines = row..row.saturating_add(step[1]);
                turns.push((block..(block + step[0]).min(blocks.end), lines));
            }
        }
        turns
    }

    /// Sums of each part, in the order of the weight's lists, as one in the order of the weights.
    fn in_order(&self, sums: &[Vec<f32>], gradient: &mut [f32]) {
        for (place, &source) in self.weight.source.iter().enumerate() {
            gradient[source as usize] = sums.iter().map(|sums| sums[place]).sum();
        }
    }

    fn check_weight_gradient(
        &self,
        images: usize,
        input: &[f32],
        output_gradient: &[f32],
        gradient: &[f32],
    ) -> Result<(), KernelError> {
        check_length("the input", input.len(), self.input.len(images))?;
        check_length("the output's gradient", output_gradient.len(), self.output.len(images))?;
        check_length("the weights' gradient", gradient.len(), self.kept.len())
    }

    #[allow(clippy::too_many_arguments)]
    fn gather(
        &self,
        lists: &Lists,
        frames: [&Frame; 2],
        images: usize,
        input: &[f32],
        bias: Option<&[f32]>,
        output: &mut [f32],
        threads: &Threads,
    ) {
        let parts = parts(lists, frames[0].blocks(images), threads.count());
        let (output, output_len) = (Shared::new(output), output.len());
        let part = GatherPart { isa: self.isa, lists, frames, input, bias, output, output_len };
        threads.run(parts, |(blocks, channels)| part.run(blocks, 0..usize::MAX, &channels));
    }
}
