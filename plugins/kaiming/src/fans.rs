//! How many numbers a weight connects: what the plugins kaiming and xavier share.

use jackpot_plugin_api::prelude::*;

/// The fans of a weight `[out, in / groups, kernel…]`, counted as PyTorch does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fans {
    /// Weights that one output reads: in / groups · kernel.
    pub input: f64,
    /// out · kernel. In a grouped convolution an input feeds 1 / groups of these weights; PyTorch
    /// does not see that in the shape and counts them all, and so does this.
    pub output: f64,
}

impl Fans {
    /// From the shape of a convolution's or linear layer's weight.
    ///
    /// # Errors
    ///
    /// Fewer than two dimensions, or one of size 0.
    pub fn of(info: &ParameterInfo) -> Result<Self, Error> {
        let [outputs, inputs, kernel @ ..] = info.shape.as_slice() else {
            return Err(Error::new(format!(
                "`{}` has shape {:?}: fans need the dimensions [out, in, …]",
                info.name, info.shape
            )));
        };
        let kernel: i64 = kernel.iter().product();
        let (input, output) = (inputs * kernel, outputs * kernel);
        if input < 1 || output < 1 {
            return Err(Error::new(format!("`{}` has no weights: {:?}", info.name, info.shape)));
        }
        Ok(Self { input: input as f64, output: output as f64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fans(shape: &[i64]) -> Result<Fans, Error> {
        let (name, shape) = ("conv.weight".to_owned(), shape.to_vec());
        let role = Role::Conv;
        let (prunable, decay, added) = (true, true, false);
        Fans::of(&ParameterInfo { name, shape, role, prunable, decay, added })
    }

    #[test]
    fn convolutions_and_linear_layers() {
        assert_eq!(fans(&[32, 16, 3, 3]), Ok(Fans { input: 144.0, output: 288.0 }));
        assert_eq!(fans(&[10, 64]), Ok(Fans { input: 64.0, output: 10.0 }));
        assert_eq!(fans(&[8, 4, 1, 5]), Ok(Fans { input: 20.0, output: 40.0 }));
    }

    #[test]
    fn groups_are_seen_in_the_inputs_alone() {
        // 16 inputs and 32 outputs in 4 groups; a depthwise one of 16 channels.
        assert_eq!(fans(&[32, 4, 3, 3]), Ok(Fans { input: 36.0, output: 288.0 }));
        assert_eq!(fans(&[16, 1, 3, 3]), Ok(Fans { input: 9.0, output: 144.0 }));
    }

    #[test]
    fn a_vector_has_no_fans() {
        let error = fans(&[7]).unwrap_err().to_string();
        assert!(error.contains("`conv.weight` has shape [7]"), "{error}");
        assert!(fans(&[4, 0, 3, 3]).is_err());
    }
}
