//! A dataset as its format gives it, before the config cuts it.

use std::ops::Range;

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

    /// All of them.
    pub fn all(&self) -> Part<'_> {
        Part { images: &self.images, labels: &self.labels }
    }

    /// The images at these places; `image` is an image's size.
    pub fn part(&self, places: Range<usize>, image: usize) -> Part<'_> {
        let Range { start, end } = places;
        Part { images: &self.images[start * image..end * image], labels: &self.labels[start..end] }
    }

    /// Forgets the images from the `n`-th on, and gives their memory back.
    pub fn truncate(&mut self, n: usize, image: usize) {
        if n >= self.len() {
            return;
        }
        self.images.truncate(n * image);
        self.images.shrink_to_fit();
        self.labels.truncate(n);
    }
}

/// Some of a split's samples, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    /// `[N, C, H, W]`, without gaps.
    pub images: &'a [u8],
    /// `[N]`
    pub labels: &'a [i64],
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
