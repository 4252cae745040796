//! How weights lie in memory.

use tch::{Device, Tensor};

use super::error::TrainError;
use super::training::Training;
use crate::config::Precision;
use crate::prune::Masks;
use crate::torch::memory_format::MemoryFormat;

impl Training<'_> {
    /// Lays weights and masks out as the device has them best; before the first step, since an
    /// optimizer's state lies as its weights do.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn lay_out(&mut self) -> Result<(), TrainError> {
        self.lay_out_as(format(self.spec.device, self.spec.precision))
    }

    /// As [`Training::lay_out`], in that order.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub(crate) fn lay_out_as(&mut self, format: MemoryFormat) -> Result<(), TrainError> {
        self.network.lay_out(format)?;
        if let Some(teacher) = &mut self.teacher {
            teacher.lay_out(format)?;
        }
        let laid_out = |(name, mask): (&str, &Tensor)| Ok((name.to_owned(), format.apply(mask)?));
        self.masks = self.masks.iter().map(laid_out).collect::<Result<Masks, TrainError>>()?;
        Ok(())
    }
}

/// Channels last where cuDNN's bf16 kernels read them so; elsewhere as PyTorch has them.
fn format(device: Device, precision: Precision) -> MemoryFormat {
    match (device, precision) {
        (Device::Cuda(_), Precision::Bf16) => MemoryFormat::ChannelsLast,
        _ => MemoryFormat::Contiguous,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bf16_on_a_gpu_is_channels_last() {
        let (cpu, gpu) = (Device::Cpu, Device::Cuda(0));
        assert_eq!(format(gpu, Precision::Bf16), MemoryFormat::ChannelsLast);
        for precision in [Precision::F32, Precision::Tf32] {
            assert_eq!(format(gpu, precision), MemoryFormat::Contiguous);
        }
        assert_eq!(format(cpu, Precision::Bf16), MemoryFormat::Contiguous);
    }
}
