//! Datasets of image files in folders: Tiny-ImageNet and any folder with a class each.
//!
//! A scan gives a [`Collection`]: which files are in which split, in which order, with which label.
//! [`read`] makes a [`Source`] of it: from the [`cache`] if that is of the same files, else by
//! decoding all of them on all cores.
//!
//! **Order.** Files are sorted by class and name, so that the first N would be one class. The
//! training images (and the test images of `image-folder`) are therefore put into an order that
//! looks random and is always the same: a permutation that depends on their number alone.

mod cache;
pub(crate) mod decode;
mod error;
mod folder;
mod listing;
mod memory;
mod resize;
mod scan;
mod tiny;

use std::path::PathBuf;

use rayon::prelude::*;

use self::cache::{Cache, Key};
use self::decode::{Sizing, decode, decode_into};
use super::normalise::Normalisation;
use super::source::{Samples, Source};
use super::watch::{Stage, Unit, Watch};

pub use error::ImageError;
pub use folder::image_folder;
pub use listing::Listing;
pub use tiny::{find as find_tiny, tiny_imagenet};

/// All images become RGB.
const CHANNELS: usize = 3;

/// Which files a dataset is made of.
#[derive(Debug)]
pub struct Collection {
    /// As a reader would say it.
    pub name: String,
    /// As the config says it; names the cache's file.
    pub kind: &'static str,
    /// The folder that the files are in, and the cache.
    pub root: PathBuf,
    /// One per class, for display.
    pub label_names: Vec<String>,
    pub train: Listing,
    pub validation: Option<Listing>,
    pub test: Listing,
    pub sizing: Sizing,
    /// `None`: computed from the training images.
    pub normalisation: Option<Normalisation>,
}

impl Collection {
    fn splits(&self) -> impl Iterator<Item = &Listing> {
        [Some(&self.train), self.validation.as_ref(), Some(&self.test)].into_iter().flatten()
    }
}

/// Reads all images.
pub fn read(collection: Collection, watch: &dyn Watch) -> Result<Source, ImageError> {
    let [height, width] = size(&collection)?;
    let shape = [CHANNELS, height, width];
    let image: usize = shape.iter().product();
    let lengths: Vec<usize> = collection.splits().map(|split| split.len() * image).collect();
    memory::check(lengths.iter().sum(), &collection.root)?;
    let key = Key::of(&collection, shape)?;
    let cache = Cache::new(&collection.root, collection.kind, collection.sizing);
    let mut pixels = match cache.load(&key, &lengths, watch) {
        Some(pixels) => pixels,
        None => {
            let pixels = decode_all(&collection, shape, watch)?;
            cache.store(&key, &pixels, watch);
            pixels
        }
    }
    .into_iter();
    let mut take = |listing: Listing| Samples {
        images: pixels.next().unwrap_or_default(),
        labels: listing.labels,
    };
    Ok(Source {
        name: collection.name,
        shape,
        classes: collection.label_names.len(),
        label_names: Some(collection.label_names),
        train: take(collection.train),
        validation: collection.validation.map(&mut take),
        test: take(collection.test),
        normalisation: collection.normalisation,
    })
}

/// Height and width of every image.
fn size(collection: &Collection) -> Result<[usize; 2], ImageError> {
    match collection.sizing {
        Sizing::Exactly(size) | Sizing::Crop(size) => Ok([size, size]),
        Sizing::AsFirst => match collection.train.files.first() {
            Some(path) => decode(path).map(|image| [image.height, image.width]),
            None => Ok([0, 0]),
        },
    }
}

/// The pixels of each split, `[N, C, H, W]`.
fn decode_all(
    collection: &Collection,
    shape: [usize; 3],
    watch: &dyn Watch,
) -> Result<Vec<Vec<u8>>, ImageError> {
    let total: usize = collection.splits().map(Listing::len).sum();
    let what = format!("decoding {}", collection.name);
    let _stage = Stage::begin(watch, &what, Some(total as u64), 0, Unit::Images);
    let first = collection.train.files.first();
    let decode_split = |split: &Listing| {
        let image: usize = shape.iter().product();
        let mut pixels = vec![0; split.len() * image];
        let mut all: Vec<_> = pixels.chunks_exact_mut(image.max(1)).zip(&split.files).collect();
        // As they lie in their folders, not in the order of the samples: the system finds them sooner.
        all.par_sort_unstable_by(|(_, path), (_, other)| path.cmp(other));
        let wrong = all.into_par_iter().find_map_first(|(out, path)| {
            let result = decode_into(path, collection.sizing, shape, first, out);
            watch.advance(1);
            result.err()
        });
        wrong.map_or(Ok(pixels), Err)
    };
    collection.splits().map(decode_split).collect()
}

#[cfg(test)]
mod tests;
