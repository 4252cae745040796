//! The images and labels of training, validation or test.

use tch::{Device, Kind, TchError, Tensor};

use super::batch::Batch;
use super::source::Samples;
use crate::torch::OpError;
use crate::torch::numbers::owned;
use crate::torch::upload::upload;

/// Images and labels on one device.
#[derive(Debug)]
pub struct Split {
    /// u8 `[N, C, H, W]`.
    pub images: Tensor,
    /// i64 `[N]`, each in `0..classes`.
    pub labels: Tensor,
    /// The width of the targets.
    pub classes: usize,
}

impl Split {
    /// Tensors on the CPU over the samples' memory.
    pub(super) fn new(
        samples: Samples,
        shape: [usize; 3],
        classes: usize,
    ) -> Result<Self, TchError> {
        let [c, h, w] = shape.map(|size| size as i64);
        let size = [samples.len() as i64, c, h, w];
        let images = owned(Box::new(samples.images)).map_err(torch)?.f_view(size)?;
        let labels = owned(Box::new(samples.labels)).map_err(torch)?;
        Ok(Self { images, labels, classes })
    }

    /// So many images from a place on, which share the memory. What lies outside is an error.
    pub(super) fn part(&self, start: usize, length: usize) -> Result<Self, TchError> {
        let (start, length) = (start as i64, length as i64);
        let images = self.images.f_narrow(0, start, length)?;
        let labels = self.labels.f_narrow(0, start, length)?;
        Ok(Self { images, labels, classes: self.classes })
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.size().first().map_or(0, |&n| n as usize)
    }

    /// Whether there are none, as in a validation split that was not asked for.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same split on a device; where it is there already, it shares the memory.
    pub fn to_device(&self, device: Device) -> Result<Self, TchError> {
        let images = self.images.f_to_device(device)?;
        Ok(Self { images, labels: self.labels.f_to_device(device)?, classes: self.classes })
    }

    /// The images at these places, in this order, on the split's device. A place outside the split
    /// is an error.
    pub fn fetch(&self, indices: &[i64]) -> Result<Batch, TchError> {
        self.fetch_at(self.places(indices)?)
    }

    /// These places, i64 `[N]`, on the split's device.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn places(&self, indices: &[i64]) -> Result<Tensor, TchError> {
        upload(&Tensor::f_from_slice(indices)?, self.images.device()).map_err(torch)
    }

    /// As [`Split::fetch`], with [places](Split::places).
    ///
    /// # Errors
    ///
    /// A place outside the split.
    pub fn fetch_at(&self, indices: Tensor) -> Result<Batch, TchError> {
        let images = self.images.f_index_select(0, &indices)?;
        let labels = self.labels.f_index_select(0, &indices)?;
        Batch::new(&images, &labels, indices, self.classes)
    }

    /// All images in order, in batches of `size` (at least 1) and a shorter last one.
    pub fn evaluation_batches(
        &self,
        size: usize,
    ) -> impl ExactSizeIterator<Item = Result<Batch, TchError>> {
        let (n, size) = (self.len(), size.max(1));
        (0..n.div_ceil(size)).map(move |number| {
            let start = number * size;
            let part = self.part(start, size.min(n - start))?;
            let (start, end) = (start as i64, (start + part.len()) as i64);
            let options = (Kind::Int64, self.images.device());
            let indices = Tensor::f_arange_start(start, end, options)?;
            Batch::new(&part.images, &part.labels, indices, self.classes)
        })
    }
}

fn torch(error: OpError) -> TchError {
    TchError::Torch(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three images of 1×1×2 pixels: 0 51, 102 153, 204 255; labels 2, 0, 1.
    fn split() -> Split {
        let samples = Samples { images: vec![0, 51, 102, 153, 204, 255], labels: vec![2, 0, 1] };
        Split::new(samples, [1, 1, 2], 3).unwrap()
    }

    fn values<T: tch::kind::Element + Copy>(tensor: &Tensor) -> Vec<T>
    where
        Vec<T>: TryFrom<Tensor, Error = TchError>,
    {
        tensor.reshape([-1]).try_into().unwrap()
    }

    #[test]
    fn a_batch_has_images_targets_and_places() {
        let batch = split().fetch(&[2, 0]).unwrap();
        assert_eq!(batch.images.size(), [2, 1, 1, 2]);
        assert_eq!(values::<f32>(&batch.images), [0.8, 1.0, 0.0, 0.2]);
        assert_eq!(values::<f32>(&batch.targets), [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(values::<i64>(&batch.indices), [2, 0]);
        assert_eq!(batch.len(), 2);
    }

    #[test]
    fn a_place_outside_is_an_error() {
        assert!(split().fetch(&[3]).is_err());
    }

    #[test]
    fn evaluation_visits_all_in_order() {
        let split = split();
        let batches = split.evaluation_batches(2);
        assert_eq!(batches.len(), 2);
        let batches: Vec<Batch> = batches.map(Result::unwrap).collect();
        assert_eq!(values::<i64>(&batches[0].indices), [0, 1]);
        assert_eq!(values::<i64>(&batches[1].indices), [2]);
        assert_eq!(values::<f32>(&batches[1].images), [0.8, 1.0]);
        assert_eq!(values::<f32>(&batches[1].targets), [0.0, 1.0, 0.0]);
        assert_eq!(split.evaluation_batches(0).len(), 3);
    }

    #[test]
    fn an_empty_split_has_no_batches() {
        let split = Split::new(Samples::default(), [1, 1, 2], 3).unwrap();
        assert!(split.is_empty());
        assert_eq!(split.evaluation_batches(2).len(), 0);
        assert_eq!(split.to_device(Device::Cpu).unwrap().images.size(), [0, 1, 1, 2]);
    }
}
