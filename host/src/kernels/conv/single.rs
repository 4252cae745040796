//! The forward pass for a few images, one at a time, in PyTorch's layout.
//!
//! The blocked layout computes as many images at once as a register has lanes, which is a waste for
//! one image. Here a register holds pixels side by side instead. The input is copied into planes
//! with their padding, one plane for each remainder of the stride, so that the pixels that a kept
//! weight meets lie one after the other whatever the stride; what is computed between the rows is
//! left out of the result.

use super::lists::places;
use super::plan::Conv;
use super::shape::ConvShape;
use crate::kernels::error::{KernelError, check_length};
use crate::kernels::isa::Isa;
use crate::kernels::micro::gather::Entry;
use crate::kernels::micro::line::Line;
use crate::kernels::threads::{Threads, even};

/// The kept weights of a convolution as single images need them, and room to work in.
pub struct Single {
    shape: ConvShape,
    isa: Isa,
    /// `bounds[c]..bounds[c + 1]` are computed channel c's entries.
    bounds: Vec<u32>,
    entries: Vec<Entry>,
    /// For each entry its place in the dense weight.
    source: Vec<u32>,
    /// The input in planes; what is padding stays zero.
    planes: Vec<f32>,
}

/// The planes of an input channel: (height, width).
fn plane(shape: &ConvShape) -> [usize; 2] {
    [0, 1].map(|axis| (shape.image[axis] + 2 * shape.padding[axis]).div_ceil(shape.stride[axis]))
}

impl Single {
    /// For the kept weights of this convolution.
    pub fn new(conv: &Conv) -> Self {
        let (shape, isa) = (*conv.shape(), conv.isa());
        let [height, width] = plane(&shape);
        let size = height * width;
        let mut found: Vec<_> = places(&shape, conv.kept())
            .into_iter()
            .zip(conv.kept())
            .map(|([to, from, y, x], &source)| {
                let [rest_y, rest_x] = [y % shape.stride[0], x % shape.stride[1]];
                let phase = rest_y * shape.stride[1] + rest_x;
                let row = y / shape.stride[0];
                let offset =
                    (phase * shape.in_channels + from) * size + row * width + x / shape.stride[1];
                (to, offset, source)
            })
            .collect();
        found.sort_unstable();
        let mut bounds = vec![0u32; shape.out_channels + 1];
        for (to, _, _) in &found {
            bounds[to + 1] += 1;
        }
        for channel in 0..shape.out_channels {
            bounds[channel + 1] += bounds[channel];
        }
        let furthest = found.iter().map(|(_, offset, _)| *offset).max().unwrap_or(0);
        let all = size * shape.in_channels * shape.stride[0] * shape.stride[1];
        // The last register may reach beyond the last pixel.
        let room = all.max(furthest + registers(&shape, isa) * isa.lanes());
        let entry =
            |(_, offset, _): &(usize, usize, u32)| Entry { offset: *offset as i32, value: 0.0 };
        Self {
            shape,
            isa,
            bounds,
            entries: found.iter().map(entry).collect(),
            source: found.iter().map(|(_, _, source)| *source).collect(),
            planes: vec![0.0; room],
        }
    }

    /// Takes the kept ones of these dense weights.
    ///
    /// # Errors
    /// When the slice has another length than the convolution says.
    pub fn set_weights(&mut self, weight: &[f32]) -> Result<(), KernelError> {
        check_length("the weight", weight.len(), self.shape.weights())?;
        for (entry, &source) in self.entries.iter_mut().zip(&self.source) {
            entry.value = weight[source as usize];
        }
        Ok(())
    }

    /// The output of so many images in NCHW.
    ///
    /// # Errors
    /// When a slice has another length than the convolution says.
    pub fn forward(
        &mut self,
        images: usize,
        input: &[f32],
        bias: Option<&[f32]>,
        output: &mut [f32],
        threads: &Threads,
    ) -> Result<(), KernelError> {
        let shape = self.shape;
        let ([height, width], [out_height, out_width]) = (shape.image, shape.output());
        let (from, to) = (shape.in_channels * height * width, out_height * out_width);
        check_length("the input", input.len(), images * from)?;
        check_length("the output", output.len(), images * shape.out_channels * to)?;
        if let Some(bias) = bias {
            check_length("the bias", bias.len(), shape.out_channels)?;
        }
        let loads: Vec<usize> =
            self.bounds.windows(2).map(|bounds| (bounds[1] - bounds[0]) as usize).collect();
        let ranges = even(&loads, threads.count());
        let each = input.chunks_exact(from).zip(output.chunks_exact_mut(shape.out_channels * to));
        for (input, mut output) in each {
            self.fill(input);
            let mut parts = Vec::with_capacity(ranges.len());
            for range in &ranges {
                let (own, rest) = std::mem::take(&mut output).split_at_mut(range.len() * to);
                output = rest;
                parts.push((range.clone(), own));
            }
            threads.run(parts, |(channels, output)| {
                let mut line = vec![0.0f32; registers(&shape, self.isa) * self.isa.lanes()];
                for (channel, output) in channels.zip(output.chunks_exact_mut(to)) {
                    self.channel(channel, bias, &mut line);
                    let rows = line.chunks(plane(&shape)[1]);
                    for (row, output) in rows.zip(output.chunks_exact_mut(out_width)) {
                        output.copy_from_slice(&row[..out_width]);
                    }
                }
            });
        }
        Ok(())
    }

    /// All pixels of a channel, with what lies between the rows.
    fn channel(&self, channel: usize, bias: Option<&[f32]>, line: &mut [f32]) {
        let range = self.bounds[channel] as usize..self.bounds[channel + 1] as usize;
        let job = Line {
            input: self.planes.as_ptr(),
            entries: &self.entries[range],
            start: bias.map_or(0.0, |bias| bias[channel]),
            output: line.as_mut_ptr(),
            registers: line.len() / self.isa.lanes(),
        };
        // SAFETY: the convolution was made for these instructions; the planes have room for as many
        // registers behind the furthest entry.
        unsafe { (self.isa.line())(&job) };
    }

    /// Copies an image to its places in the planes.
    fn fill(&mut self, input: &[f32]) {
        let shape = &self.shape;
        let ([height, width], [_, row]) = (shape.image, plane(shape));
        let size = plane(shape)[0] * row;
        for (channel, pixels) in input.chunks_exact(height * width).enumerate() {
            for (y, pixels) in pixels.chunks_exact(width).enumerate() {
                let y = y + shape.padding[0];
                let (rest, y) = (y % shape.stride[0], y / shape.stride[0]);
                let place = |x: usize| {
                    let x = x + shape.padding[1];
                    let phase = rest * shape.stride[1] + x % shape.stride[1];
                    (phase * shape.in_channels + channel) * size + y * row + x / shape.stride[1]
                };
                if shape.stride[1] == 1 {
                    self.planes[place(0)..][..width].copy_from_slice(pixels);
                } else {
                    for (x, &pixel) in pixels.iter().enumerate() {
                        self.planes[place(x)] = pixel;
                    }
                }
            }
        }
    }
}

/// Registers that the rows of an output channel fill, with what lies between them.
fn registers(shape: &ConvShape, isa: Isa) -> usize {
    (shape.output()[0] * plane(shape)[1]).div_ceil(isa.lanes())
}
