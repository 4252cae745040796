//! The passes: forward, gradient to the input, gradient to the kept weights, both gradients.

use super::lists::Lists;
use super::part::{Begin, GatherPart, Shared, WeightPart, parts};
use super::plan::Conv;
use super::tiling::Over;
use crate::kernels::error::{KernelError, check_length};
use crate::kernels::frame::Frame;
use crate::kernels::micro::told::Told;
use crate::kernels::norm::Moments;
use crate::kernels::pool::Pool;
use crate::kernels::threads::{Threads, even};
use std::ops::Range;
use std::sync::Arc;

/// Where the gradient to the input goes, and how.
#[derive(Clone, Copy)]
struct Target {
    to: Shared,
    /// Numbers of all of it.
    len: usize,
    begin: Begin<'static>,
}

impl Target {
    fn new(to: &mut [f32], adds: bool) -> Self {
        let len = to.len();
        Self { to: Shared::new(to), len, begin: begin(adds) }
    }
}

fn begin(adds: bool) -> Begin<'static> {
    if adds { Begin::There } else { Begin::Zero }
}

impl Conv {
    /// The output for so many images. Its margins are left as they are. `moments` are told of the
    /// output's numbers, where that costs less than reading them again would.
    ///
    /// # Errors
    /// When a slice has another length than its frame says.
    pub fn forward(
        &self,
        images: usize,
        input: &[f32],
        bias: Option<&[f32]>,
        output: &mut [f32],
        moments: Option<&mut Moments>,
        threads: &Threads,
    ) -> Result<(), KernelError> {
        check_length("the input", input.len(), self.input.len(images))?;
        check_length("the output", output.len(), self.output.len(images))?;
        if let Some(bias) = bias {
            check_length("the bias", bias.len(), self.shape.out_channels)?;
        }
        let frames = [&self.input, &self.output];
        // A tile over several blocks of images would have to tell each of them.
        let told = moments
            .filter(|_| self.forward.tiling.over != Over::Images)
            .map(|moments| Shared::new(moments.reset(&self.output, images)));
        let begin = bias.map_or(Begin::Zero, Begin::Bias);
        self.gather(&self.forward, frames, images, input, begin, output, told, threads);
        Ok(())
    }

    /// The gradient to the input, from the output's; with `adds`, it is added to what is there.
    /// Its margins are left as they are.
    ///
    /// # Errors
    /// As [`Conv::forward`].
    pub fn input_gradient(
        &self,
        images: usize,
        output_gradient: &[f32],
        input_gradient: &mut [f32],
        adds: bool,
        threads: &Threads,
    ) -> Result<(), KernelError> {
        check_length("the output's gradient", output_gradient.len(), self.output.len(images))?;
        check_length("the input's gradient", input_gradient.len(), self.input.len(images))?;
        let frames = [&self.output, &self.input];
        for lists in &self.backward {
            let (from, begin) = (output_gradient, begin(adds));
            self.gather(lists, frames, images, from, begin, input_gradient, None, threads);
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
            let part =
                WeightPart { conv: self, input, output_gradient, from_block: 0, sums: shared };
            part.run(0..blocks, 0..usize::MAX, &channels);
        });
        self.in_order(&[sums], gradient);
        Ok(())
    }

    /// Both gradients; with `adds`, the input's is added to what is there. Taking turns at a few
    /// rows each, they read the output's gradient once where the images divide evenly among the
    /// threads.
    ///
    /// # Errors
    /// As [`Conv::forward`].
    #[allow(clippy::too_many_arguments)]
    pub fn gradients(
        &self,
        images: usize,
        input: &[f32],
        output_gradient: &[f32],
        input_gradient: &mut [f32],
        adds: bool,
        gradient: &mut [f32],
        threads: &Threads,
    ) -> Result<(), KernelError> {
        self.check_weight_gradient(images, input, output_gradient, gradient)?;
        check_length("the input's gradient", input_gradient.len(), self.input.len(images))?;
        let (blocks, count) = (self.input.blocks(images), threads.count());
        if blocks == 0 || !blocks.is_multiple_of(count) {
            self.input_gradient(images, output_gradient, input_gradient, adds, threads)?;
            return self.weight_gradient(images, input, output_gradient, gradient, threads);
        }
        let to_input = Some(Target::new(input_gradient, adds));
        self.by_blocks(images, Some(gradient), threads, |blocks, sums| {
            self.take_turns(blocks, input, (0, output_gradient), to_input, sums);
        });
        Ok(())
    }

    /// The gradients that are wanted where the output's is not there yet: `make` writes a block of
    /// images of it, which is used while it is still in the caches. Memory for that comes from the
    /// pool.
    ///
    /// # Errors
    /// As [`Conv::forward`].
    #[allow(clippy::too_many_arguments)]
    pub fn gradients_as_made(
        &self,
        images: usize,
        input: &[f32],
        make: &(dyn Fn(usize, &mut [f32]) + Sync),
        pool: &Arc<Pool>,
        input_gradient: Option<(&mut [f32], bool)>,
        gradient: Option<&mut [f32]>,
        threads: &Threads,
    ) -> Result<(), KernelError> {
        check_length("the input", input.len(), self.input.len(images))?;
        if let Some((to, _)) = &input_gradient {
            check_length("the input's gradient", to.len(), self.input.len(images))?;
        }
        if let Some(to) = &gradient {
            check_length("the weights' gradient", to.len(), self.kept.len())?;
        }
        let to_input = input_gradient.map(|(to, adds)| Target::new(to, adds));
        let together = self.together();
        self.by_blocks(images, gradient, threads, |blocks, sums| {
            let mut made = pool.take(&self.output, together * self.output.lanes);
            for first in blocks.clone().step_by(together) {
                let group = first..(first + together).min(blocks.end);
                let places = made[self.output.lead()..].chunks_exact_mut(self.output.block());
                group.clone().zip(places).for_each(|(block, place)| make(block, place));
                self.take_turns(group, input, (first, &made), to_input, sums);
            }
        });
        Ok(())
    }

    /// Calls for each thread's share of the blocks of images, with room for its sums of the weights'
    /// gradient if that is wanted; they are added up in the threads' order.
    fn by_blocks(
        &self,
        images: usize,
        gradient: Option<&mut [f32]>,
        threads: &Threads,
        work: impl Fn(Range<usize>, Option<Shared>) + Send + Sync,
    ) {
        let ranges = even(&vec![1; self.input.blocks(images)], threads.count());
        let room = if gradient.is_some() { self.kept.len() } else { 0 };
        let mut sums = vec![vec![0.0f32; room]; ranges.len()];
        let parts: Vec<_> = ranges.into_iter().zip(&mut sums).collect();
        threads.run(parts, |(blocks, sums)| {
            work(blocks, gradient.is_some().then(|| Shared::new(sums)));
        });
        if let Some(gradient) = gradient {
            self.in_order(&sums, gradient);
        }
    }

    /// Gradients of some blocks of images, a few rows of each in turn. What is given of the output's
    /// gradient begins with that block.
    fn take_turns(
        &self,
        blocks: Range<usize>,
        input: &[f32],
        (from_block, output_gradient): (usize, &[f32]),
        to_input: Option<Target>,
        sums: Option<Shared>,
    ) {
        for (blocks, lines) in self.turns(blocks) {
            if let Some(Target { to, len, begin }) = to_input {
                for lists in &self.backward {
                    let part = GatherPart {
                        isa: self.isa,
                        lists,
                        frames: [&self.output, &self.input],
                        input: output_gradient,
                        from_block,
                        begin,
                        output: to,
                        output_len: len,
                        told: None,
                    };
                    part.run(blocks.clone(), lines.clone(), &(0..lists.channels));
                }
            }
            if let Some(sums) = sums {
                let part = WeightPart { conv: self, input, output_gradient, from_block, sums };
                part.run(blocks, lines, &(0..self.weight.channels));
            }
        }
    }

    /// Blocks of images that a tile of some pass computes at once.
    fn together(&self) -> usize {
        let steps = self.backward.iter().chain([&self.weight]).map(|lists| lists.tiling.step()[0]);
        steps.max().unwrap_or(1)
    }

    /// Blocks of images and rows after which the two gradients take turns.
    fn turns(&self, blocks: Range<usize>) -> Vec<(Range<usize>, Range<usize>)> {
        let lists = self.backward.iter().chain([&self.weight]);
        let lines = lists.map(|lists| lists.tiling.step()[1]).max().unwrap_or(1);
        let step = [self.together(), lines];
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
        begin: Begin<'_>,
        output: &mut [f32],
        told: Option<Shared<Told>>,
        threads: &Threads,
    ) {
        let parts = parts(lists, frames[0].blocks(images), threads.count());
        let (output, output_len) = (Shared::new(output), output.len());
        let part = GatherPart {
            isa: self.isa,
            lists,
            frames,
            input,
            from_block: 0,
            begin,
            output,
            output_len,
            told,
        };
        threads.run(parts, |(blocks, channels)| part.run(blocks, 0..usize::MAX, &channels));
    }
}
