//! The pass over all rows of the input, backward.

use super::backward::Given;
use super::before::{Before, NONE, Table};
use super::rows::Rows;
use super::{Depthwise, PLACES, goes_past};
use crate::kernels::error::KernelError;
use crate::kernels::isa::{self, Isa};
use crate::kernels::micro::depthwise::{Backward, Norm};
use crate::kernels::threads::Threads;

/// Pixels of a part, about, and one image at least, whose products with the weight's places are added
/// up in f32; the sums of parts are f64.
const PIXELS: usize = 1024;
/// Parts of a batch, at least, where it has as many images.
const PARTS: usize = 16;

/// Some images, and where their results go.
struct Part<'a> {
    input: &'a [f32],
    gradient: &'a [f32],
    to_input: &'a mut [f32],
    /// By place of the kernel, then channel.
    to_weight: &'a mut [f32],
    /// Two for each channel, where a norm comes before.
    sums: &'a mut [f64],
}

/// Writes the gradient to the input, or in front of the ReLU of a norm before; gives the one to the
/// weight, and both sums of each channel that the norm needs.
pub(super) fn pass(
    depthwise: &Depthwise,
    given: Given<'_>,
    before: Option<&Before<'_>>,
    to_input: &mut [f32],
    threads: &Threads,
) -> Result<(Vec<f32>, Vec<[f64; 2]>), KernelError> {
    let ([from, to], channels) = (depthwise.sizes(), depthwise.channels);
    let slices = [
        ("the input", given.input.len(), from),
        ("the output's gradient", given.gradient.len(), to),
        ("the input's gradient", to_input.len(), from),
    ];
    let isa = depthwise.check(given.images, &slices)?;
    let table = before.map(|before| Table::new(before, depthwise)).transpose()?;
    let weight = depthwise.by_place(given.weight)?;
    // Whatever the number of threads.
    let enough = PIXELS.div_ceil(depthwise.image[0] * depthwise.image[1]);
    let together = enough.min(given.images / PARTS).max(1);
    let parts = given.images.div_ceil(together);
    let mut weights = vec![0.0; parts * weight.len()];
    let mut sums = vec![0.0; parts * 2 * channels];
    let len = to_input.len();
    let own = to_input
        .chunks_mut(together * from)
        .zip(weights.chunks_exact_mut(weight.len()))
        .zip(sums.chunks_exact_mut(2 * channels));
    let read = given.input.chunks(together * from).zip(given.gradient.chunks(together * to));
    let parts = read.zip(own).map(|((input, gradient), ((to_input, to_weight), sums))| Part {
        input,
        gradient,
        to_input,
        to_weight,
        sums,
    });
    let all = All { depthwise, isa, weight: &weight, table: table.as_ref(), len };
    threads.run(parts.collect(), |part| all.part(part));
    Ok((to_weight(channels, &weights), by_channel(channels, &sums)))
}

/// What all parts have in common.
struct All<'a> {
    depthwise: &'a Depthwise,
    isa: Isa,
    /// By place of the kernel.
    weight: &'a [f32],
    table: Option<&'a Table>,
    /// Numbers of all images' gradients.
    len: usize,
}

impl All<'_> {
    fn part(&self, part: Part<'_>) {
        let Depthwise { channels, image: [_, width], .. } = *self.depthwise;
        let stream = goes_past(self.isa, self.len, part.to_input);
        let kernels = self.isa.depthwise().backward;
        let (first, second) = part.sums.split_at_mut(channels);
        let norm = match self.table {
            Some(table) => {
                Norm { sums: [first, second].map(<[f64]>::as_mut_ptr), ..table.pointers() }
            }
            None => NONE,
        };
        let [from, to] = self.depthwise.sizes();
        let zeros = vec![0.0; self.depthwise.output()[1] * channels];
        let images = part.input.chunks_exact(from).zip(part.gradient.chunks_exact(to));
        let row = width * channels;
        let mut room = part.to_input.chunks_exact_mut(row);
        for (input, gradient) in images {
            let rows = Rows::new(gradient, &zeros);
            let each = input.chunks_exact(row).zip(&mut room);
            for (y, (input, to_input)) in each.enumerate() {
                let (which, met) = self.depthwise.met(y);
                let job = Backward {
                    input: input.as_ptr(),
                    gradient: met.map(|y| rows.row(y).as_ptr()),
                    weight: self.weight.as_ptr(),
                    to_input: to_input.as_mut_ptr(),
                    to_weight: part.to_weight.as_mut_ptr(),
                    norm,
                    channels,
                    width,
                    stream,
                };
                // SAFETY: the processor has the instructions; channels fill registers, all rows are
                // whole ones, the norm's numbers are there where it is asked for, and this thread
                // alone has what is written.
                unsafe { (kernels[which][usize::from(self.table.is_some())])(&job) };
            }
        }
        if stream {
            isa::fence();
        }
    }
}

impl Depthwise {
    /// Which kernel does a row of the input, and which rows of the output each of the kernel's rows
    /// met it in.
    fn met(&self, y: usize) -> (usize, [Option<usize>; 3]) {
        match (self.stride, y % 2) {
            (1, _) => (0, [Some(y + 1), Some(y), y.checked_sub(1)]),
            (_, 0) => (1, [None, Some(y / 2), None]),
            _ => (2, [Some(y / 2 + 1), None, Some(y / 2)]),
        }
    }
}

/// The gradient to the weight from those of the parts: one channel's numbers after the other's.
fn to_weight(channels: usize, parts: &[f32]) -> Vec<f32> {
    let sums = added(parts.iter().copied().map(f64::from), channels * PLACES);
    let of = |at: usize| sums[at % PLACES * channels + at / PLACES] as f32;
    (0..sums.len()).map(of).collect()
}

/// Both sums of each channel from those of the parts.
fn by_channel(channels: usize, parts: &[f64]) -> Vec<[f64; 2]> {
    let sums = added(parts.iter().copied(), 2 * channels);
    (0..channels).map(|channel| [sums[channel], sums[channels + channel]]).collect()
}

/// The sums over all parts of so many numbers each, in their order.
fn added(numbers: impl Iterator<Item = f64>, part: usize) -> Vec<f64> {
    let mut sums = vec![0.0; part];
    for (at, number) in numbers.enumerate() {
        sums[at % part] += number;
    }
    sums
}
