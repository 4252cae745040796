//! From the config's `[data]` to tensors.

use std::path::Path;

use sha2::{Digest, Sha256};
use tch::{Device, TchError};

use super::error::DataError;
use super::normalise::{Normalisation, Normaliser};
use super::source::{Part, Samples, Source};
use super::split::Split;
use super::watch::Watch;
use super::{cifar, images, mnist, synthetic, tensors};
use crate::config::{DataConfig, DatasetChoice};
use crate::digest::hex;

/// A dataset, cut as the config says, on the CPU.
#[derive(Debug)]
pub struct Data {
    pub train: Split,
    /// Empty if none was asked for.
    pub validation: Split,
    pub test: Split,
    pub classes: usize,
    /// Channels, height, width.
    pub shape: [usize; 3],
    /// Per channel, of pixels in [0, 1].
    pub mean: Vec<f32>,
    /// Per channel, of pixels in [0, 1]; positive.
    pub std: Vec<f32>,
    /// As a reader would say it: `CIFAR-10`, or the file's name.
    pub name: String,
    /// Of all images and labels that are used; see [`load()`].
    pub sha256: String,
    /// One per class, where the dataset has names.
    pub label_names: Option<Vec<String>>,
}

impl Data {
    /// The normalisation on a device.
    pub fn normaliser(&self, device: Device) -> Result<Normaliser, TchError> {
        Normaliser::new(&self.mean, &self.std, device)
    }
}

/// Reads the dataset.
///
/// The first `validation` training images become the validation split; then `train_limit` and
/// `test_limit` keep the first images of what is left. A limit above the number of images is none.
/// Nothing depends on a seed.
///
/// The hash is SHA-256 over the number of classes and then, for training, validation and test
/// images: N, C, H, W, the labels, the pixels; numbers as 64-bit little-endian.
///
/// Images in files are decoded in parallel and kept in a cache (see `images`); `watch` hears how
/// far that is.
pub fn load(config: &DataConfig, watch: &dyn Watch) -> Result<Data, DataError> {
    let root = config.root.as_deref();
    let source = match config.dataset {
        DatasetChoice::Cifar10 => cifar::CIFAR10.load(root)?,
        DatasetChoice::Cifar100 => cifar::CIFAR100.load(root)?,
        DatasetChoice::Mnist => mnist::MNIST.load(root)?,
        DatasetChoice::FashionMnist => mnist::FASHION_MNIST.load(root)?,
        DatasetChoice::TinyImagenet => {
            let root = existing(root, "Tiny-ImageNet")?;
            images::read(images::tiny_imagenet(root)?, watch)?
        }
        DatasetChoice::ImageFolder => {
            let root = existing(root, "the image folder")?;
            images::read(images::image_folder(root, config.image_size, watch)?, watch)?
        }
        DatasetChoice::Tensors => tensors::load(root)?,
        DatasetChoice::Synthetic => synthetic::generate(),
    };
    cut(source, config)
}

/// The folder of a dataset of files.
fn existing<'a>(root: Option<&'a Path>, dataset: &'static str) -> Result<&'a Path, DataError> {
    let kind = "folder";
    let root = root.ok_or(DataError::NoRoot { dataset, kind })?;
    match root.exists() {
        true => Ok(root),
        false => Err(DataError::NoSuchRoot { path: root.to_owned(), dataset, kind }),
    }
}

fn cut(mut source: Source, config: &DataConfig) -> Result<Data, DataError> {
    let limits = [("train_limit", config.train_limit), ("test_limit", config.test_limit)];
    if let Some((key, _)) = limits.into_iter().find(|&(_, limit)| limit == Some(0)) {
        return Err(DataError::ZeroLimit { key });
    }
    let aside = set_aside(&source, config)?;
    let image = source.image_size();
    let kept = config.train_limit.map_or(usize::MAX, |limit| limit.saturating_add(aside));
    source.train.truncate(kept, image);
    source.test.truncate(config.test_limit.unwrap_or(usize::MAX), image);

    let Source { name, shape, classes, label_names, train, validation, test, normalisation } =
        source;
    let rest = train.part(aside..train.len(), image);
    let own = validation.as_ref().map(Samples::all);
    let parts = [rest, own.unwrap_or(train.part(0..aside, image)), test.all()];
    let Normalisation { mean, std } =
        Normalisation::choose(config, normalisation, rest, shape, &name)?;
    let sha256 = hash(parts, shape, classes);
    let torch = |source| DataError::Torch { dataset: name.clone(), source };
    let split = |samples| Split::new(samples, shape, classes).map_err(torch);
    let (first, test) = (split(train)?, split(test)?);
    let train = first.part(aside, first.len() - aside).map_err(torch)?;
    let validation = match validation {
        Some(own) => split(own)?,
        None => first.part(0, aside).map_err(torch)?,
    };
    Ok(Data { train, validation, test, classes, shape, mean, std, name, sha256, label_names })
}

/// How many of the first training images are the validation split: none where the dataset has its
/// own.
fn set_aside(source: &Source, config: &DataConfig) -> Result<usize, DataError> {
    let (wanted, images) = (config.validation, source.train.len());
    if wanted >= images {
        let dataset = source.name.clone();
        return Err(DataError::Validation { dataset, validation: wanted, images });
    }
    match source.validation {
        Some(_) if wanted > 0 => Err(DataError::TwoValidations {
            path: config.root.clone().unwrap_or_default(),
            validation: wanted,
        }),
        _ => Ok(wanted),
    }
}

fn hash(splits: [Part<'_>; 3], shape: [usize; 3], classes: usize) -> String {
    let mut hasher = Sha256::new();
    hasher.update((classes as u64).to_le_bytes());
    for Part { images, labels } in splits {
        for size in [labels.len()].into_iter().chain(shape) {
            hasher.update((size as u64).to_le_bytes());
        }
        let labels: Vec<u8> = labels.iter().flat_map(|l| l.to_le_bytes()).collect();
        hasher.update(labels);
        hasher.update(images);
    }
    hex(&hasher.finalize())
}

#[cfg(test)]
mod tests;
