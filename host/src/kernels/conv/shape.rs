//! A convolution's sizes.

use crate::kernels::error::KernelError;

/// The sizes of a two-dimensional convolution without dilation. Pairs are (height, width).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    pub in_channels: usize,
    pub out_channels: usize,
    /// Of the input.
    pub image: [usize; 2],
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
    pub groups: usize,
}

impl ConvShape {
    /// A linear layer: a convolution of images of one pixel.
    pub fn linear(inputs: usize, outputs: usize) -> Self {
        Self {
            in_channels: inputs,
            out_channels: outputs,
            image: [1, 1],
            kernel: [1, 1],
            stride: [1, 1],
            padding: [0, 0],
            groups: 1,
        }
    }

    /// The output's height and width.
    pub fn output(&self) -> [usize; 2] {
        [0, 1].map(|axis| {
            (self.image[axis] + 2 * self.padding[axis] - self.kernel[axis]) / self.stride[axis] + 1
        })
    }

    /// Weights, dense: out_channels × in_channels / groups × kernel height × kernel width.
    pub fn weights(&self) -> usize {
        self.out_channels * self.in_channels / self.groups * self.kernel[0] * self.kernel[1]
    }

    /// Zero rows and columns that the input must have around it.
    pub fn input_margin(&self) -> [usize; 2] {
        self.padding
    }

    /// Zero rows and columns that the output's gradient must have around it.
    ///
    /// Pixel `y` of the input gets its gradient from the rows `(y + padding − k) / stride` for
    /// every k in the kernel that divides; the first and the last may lie outside.
    pub fn output_margin(&self) -> [usize; 2] {
        let output = self.output();
        [0, 1].map(|axis| {
            let (kernel, stride, padding) =
                (self.kernel[axis], self.stride[axis], self.padding[axis]);
            let before = (kernel - 1).saturating_sub(padding) / stride;
            let last = (self.image[axis] - 1 + padding) / stride;
            before.max(last.saturating_sub(output[axis] - 1))
        })
    }

    pub(crate) fn check(&self) -> Result<(), KernelError> {
        let complain = |what: String| Err(KernelError::Shape { what });
        if self.groups == 0 || self.in_channels == 0 || self.out_channels == 0 {
            return complain("no channels or no groups".into());
        }
        let divisible = |channels: usize| channels.is_multiple_of(self.groups);
        if !divisible(self.in_channels) || !divisible(self.out_channels) {
            return complain(format!(
                "{} groups with {} input and {} output channels: both must be divisible",
                self.groups, self.in_channels, self.out_channels
            ));
        }
        for axis in [0, 1] {
            if self.kernel[axis] == 0 || self.stride[axis] == 0 || self.image[axis] == 0 {
                return complain("an image, kernel or stride of size zero".into());
            }
            if self.kernel[axis] > self.image[axis] + 2 * self.padding[axis] {
                return complain(format!(
                    "a kernel of {} on {} pixels with padding {}",
                    self.kernel[axis], self.image[axis], self.padding[axis]
                ));
            }
        }
        Ok(())
    }
}
