//! The forward pass.

use std::ptr::null;

use super::before::{Before, Table};
use super::rows::Rows;
use super::{Depthwise, goes_past};
use crate::kernels::error::KernelError;
use crate::kernels::isa;
use crate::kernels::micro::depthwise::Forward;
use crate::kernels::threads::Threads;

impl Depthwise {
    /// The output of so many images, which go through a norm before where there is one.
    ///
    /// # Errors
    /// When there are no kernels for it, or a slice has another length than the measures say.
    pub fn forward(
        &self,
        images: usize,
        input: &[f32],
        before: Option<&Before<'_>>,
        weight: &[f32],
        output: &mut [f32],
        threads: &Threads,
    ) -> Result<(), KernelError> {
        let ([from, to], weight) = (self.sizes(), self.by_place(weight)?);
        let slices = [("the input", input.len(), from), ("the output", output.len(), to)];
        let isa = self.check(images, &slices)?;
        let table = before.map(|before| Table::new(before, self)).transpose()?;
        let zeros = vec![0.0; self.image[1] * self.channels];
        let row = self.output()[1] * self.channels;
        let kernel = isa.depthwise().forward[self.stride - 1][usize::from(table.is_some())];
        let len = output.len();
        let each = input.chunks_exact(from).zip(output.chunks_exact_mut(to));
        threads.run(each.collect(), |(input, output)| {
            let (stream, rows) = (goes_past(isa, len, output), Rows::new(input, &zeros));
            for (y, output) in output.chunks_exact_mut(row).enumerate() {
                let read = [0, 1, 2].map(|ky| (y * self.stride + ky).checked_sub(1));
                // What lies outside of the image is zero behind the norm.
                let line = |of: fn(&Table) -> &[f32]| {
                    read.map(|y| match &table {
                        Some(table) if rows.has(y) => of(table).as_ptr(),
                        Some(_) => zeros.as_ptr(),
                        None => null(),
                    })
                };
                let job = Forward {
                    input: read.map(|y| rows.row(y).as_ptr()),
                    scale: line(|table| &table.scale),
                    shift: line(|table| &table.shift),
                    weight: weight.as_ptr(),
                    output: output.as_mut_ptr(),
                    channels: self.channels,
                    width: self.image[1],
                    stream,
                };
                // SAFETY: the processor has the instructions; channels fill registers, all rows are
                // whole ones, and so is the output, which this thread alone has.
                unsafe { kernel(&job) };
            }
            if stream {
                isa::fence();
            }
        });
        Ok(())
    }
}
