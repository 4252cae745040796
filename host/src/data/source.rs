//! A dataset as its format gives it, before the config cuts it.

use super::normalise::Normalisation;

/// Images and labels of one split, as plain memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Samples {
    /// `[N, C, H, W]`, without gaps.
    pub images: Vec<u8>,
    /// `[N]`, each in `0..classes`.
    pub labels: Vec<i64>,
}

impl Samples {
    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Takes away the first `n` images and gives them back; `image` is an image's size.
    pub fn take_first(&mut self, n: usize, image: usize) -> Self {
        let n = n.min(self.len());
        Self {
            images: self.images.drain(..n * image).collect(),
            labels: self.labels.drain(..n).collect(),
        }
    }

    /// Forgets the images from the `n`-th on.
    pub fn truncate(&mut self, n: usize, image: usize) {
        self.images.truncate(n.saturating_mul(image));
        self.labels.truncate(n);
    }
}

/// A whole dataset.
#[derive(Debug)]
pub struct Source {
    /// As a reader would say it: `CIFAR-10`, or the file's name.
    pub name: String,
    /// Channels, height, width.
    pub shape: [usize; 3],
    pub classes: usize,
    /// One per class.
    pub label_names: Option<Vec<String>>,
    pub train: Samples,
    /// The dataset's own validation images.
    pub validation: Option<Samples>,
    pub test: Samples,
    /// `None`: computed from the training images.
    pub normalisation: Option<Normalisation>,
}

impl Source {
    /// Bytes of one image.
    pub fn image_size(&self) -> usize {
        self.shape.iter().product()
    }
}
