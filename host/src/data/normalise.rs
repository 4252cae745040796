//! Mean and standard deviation per channel.

use rayon::prelude::*;
use tch::{Device, TchError, Tensor};

use super::error::DataError;
use super::source::Part;
use super::split::Split;
use crate::config::DataConfig;

/// How pixels in [0, 1] become the network's input: `(x − mean) / std` per channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Normalisation {
    pub mean: Vec<f32>,
    pub std: Vec<f32>,
}

impl Normalisation {
    /// The exact mean and population standard deviation of images of `channels` channels, whatever
    /// the order of summation: the sums are whole numbers.
    pub fn of(samples: Part<'_>, shape: [usize; 3]) -> Self {
        Sums::of(samples.images, shape).moments(samples.labels.len(), shape)
    }

    /// The same of a split's images, wherever they are.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn measured(split: &Split, shape: [usize; 3]) -> Result<Self, TchError> {
        const CHUNK: usize = 1 << 12;
        let mut sums = Sums(vec![(0, 0); shape[0]]);
        for start in (0..split.len()).step_by(CHUNK) {
            let length = CHUNK.min(split.len() - start);
            let images = split.images.f_narrow(0, start as i64, length as i64)?;
            let bytes: Vec<u8> = Vec::try_from(images.f_reshape([-1])?)?;
            sums = sums.plus(Sums::of(&bytes, shape));
        }
        Ok(sums.moments(split.len(), shape))
    }

    /// The config's values where it has some, else the dataset's own, else the training images'.
    pub(super) fn choose(
        config: &DataConfig,
        own: Option<Self>,
        train: Part<'_>,
        shape: [usize; 3],
        dataset: &str,
    ) -> Result<Self, DataError> {
        check(config, shape[0], dataset)?;
        let own = match own {
            Some(own) => own,
            None if config.mean.is_some() && config.std.is_some() => {
                Self { mean: Vec::new(), std: Vec::new() }
            }
            None => Self::of(train, shape),
        };
        let narrow = |values: &Vec<f64>| values.iter().map(|&x| x as f32).collect::<Vec<_>>();
        let mean = config.mean.as_ref().map_or(own.mean, narrow);
        let std = config.std.as_ref().map_or(own.std, narrow);
        match std.iter().position(|&x| x == 0.0) {
            Some(channel) => Err(DataError::Constant { channel, dataset: dataset.to_owned() }),
            None => Ok(Self { mean, std }),
        }
    }
}

/// Per channel the sum of all pixels and of their squares.
struct Sums(Vec<(u64, u64)>);

impl Sums {
    fn of(images: &[u8], shape: [usize; 3]) -> Self {
        let [channels, height, width] = shape;
        let one = |image: &[u8]| {
            let planes = image.chunks_exact((height * width).max(1));
            let sums = planes.map(|plane| {
                plane.iter().fold((0, 0), |(sum, squares), &pixel| {
                    (sum + u64::from(pixel), squares + u64::from(pixel) * u64::from(pixel))
                })
            });
            Self(sums.collect())
        };
        let image = channels * height * width;
        let none = || Self(vec![(0, 0); channels]);
        images.par_chunks_exact(image.max(1)).map(one).reduce(none, Self::plus)
    }

    fn plus(mut self, other: Self) -> Self {
        for (sums, more) in self.0.iter_mut().zip(other.0) {
            *sums = (sums.0 + more.0, sums.1 + more.1);
        }
        self
    }

    /// Of so many images.
    fn moments(self, images: usize, [_, height, width]: [usize; 3]) -> Normalisation {
        let n = (images * height * width) as f64;
        let mean = |sum: u64| sum as f64 / n / 255.0;
        // n·Σx² − (Σx)² in whole numbers: exactly 0 for a constant channel.
        let deviation = |(sum, squares): (u64, u64)| {
            let spread = n as u128 * u128::from(squares) - u128::from(sum) * u128::from(sum);
            (spread as f64).sqrt() / n / 255.0
        };
        Normalisation {
            mean: self.0.iter().map(|&(sum, _)| mean(sum) as f32).collect(),
            std: self.0.iter().map(|&sums| deviation(sums) as f32).collect(),
        }
    }
}

/// Whether the config's values can be used for images of so many channels.
fn check(config: &DataConfig, channels: usize, dataset: &str) -> Result<(), DataError> {
    for (key, values) in [("mean", &config.mean), ("std", &config.std)] {
        if let Some(given) = values.as_ref().map(Vec::len).filter(|&given| given != channels) {
            let dataset = dataset.to_owned();
            return Err(DataError::Channels { key, dataset, given, channels });
        }
    }
    let find = |values: &Option<Vec<f64>>, good: fn(f32) -> bool| {
        let mut values = values.iter().flatten().copied().enumerate();
        values.find(|&(_, value)| !good(value as f32))
    };
    if let Some((channel, value)) = find(&config.mean, f32::is_finite) {
        return Err(DataError::Mean { channel, value });
    }
    // A normal f32: neither its inverse nor the quotient is infinite.
    match find(&config.std, |x| x.is_normal() && x > 0.0) {
        Some((channel, value)) => Err(DataError::Std { channel, value }),
        None => Ok(()),
    }
}

/// A [`Normalisation`] as tensors on a device, made once for many batches.
#[derive(Debug)]
pub struct Normaliser {
    /// `[1, C, 1, 1]`.
    mean: Tensor,
    /// `[1, C, 1, 1]`.
    std: Tensor,
}

impl Normaliser {
    /// Puts the values on the device. Fails if libtorch does (no such device, no memory).
    pub fn new(mean: &[f32], std: &[f32], device: Device) -> Result<Self, TchError> {
        let make = |x: &[f32]| Tensor::f_from_slice(x)?.f_view([1, -1, 1, 1])?.f_to_device(device);
        Ok(Self { mean: make(mean)?, std: make(std)? })
    }

    /// Mean and standard deviation of each channel.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn moments(&self) -> Result<Normalisation, TchError> {
        let list = |tensor: &Tensor| Vec::try_from(tensor.f_reshape([-1])?);
        Ok(Normalisation { mean: list(&self.mean)?, std: list(&self.std)? })
    }

    /// `(images − mean) / std`, f32 `[N, C, H, W]`; in f64 if the images are.
    pub fn apply(&self, images: &Tensor) -> Result<Tensor, TchError> {
        images.f_sub(&self.mean)?.f_div(&self.std)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::source::Samples;

    #[test]
    fn moments_are_exact() {
        // Two images of two channels and 1×2 pixels.
        let samples = Samples { images: vec![0, 255, 7, 7, 255, 0, 7, 7], labels: vec![0, 1] };
        let found = Normalisation::of(samples.all(), [2, 1, 2]);
        assert_eq!(found.mean, [0.5, 7.0 / 255.0]);
        assert_eq!(found.std, [0.5, 0.0]);
    }

    #[test]
    fn a_normaliser_subtracts_and_divides_per_channel() {
        let images = Tensor::from_slice(&[0.5f32, 1.0, 0.25, 0.75]).view([1, 2, 1, 2]);
        let normaliser = Normaliser::new(&[0.5, 0.25], &[0.5, 0.125], Device::Cpu).unwrap();
        let result = normaliser.apply(&images).unwrap();
        assert_eq!(result.size(), [1, 2, 1, 2]);
        let values: Vec<f32> = result.view([-1]).try_into().unwrap();
        assert_eq!(values, [0.0, 1.0, 0.0, 4.0]);
    }
}
