//! MNIST and Fashion-MNIST in their official IDX files, plain or as `.gz`.
//!
//! An IDX file is a header of big-endian 32-bit numbers (2051 or 2049, the number of images or
//! labels, and for images height and width) and then bytes: pixels row by row, or labels. A file of
//! fewer images than the official one is as good, and so is another image size.

use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::error::{DataError, read};
use super::normalise::Normalisation;
use super::source::{Samples, Source};

const CLASSES: usize = 10;
/// Unsigned bytes in three dimensions, and in one.
const IMAGES: u32 = 2051;
const LABELS: u32 = 2049;

/// One of the two datasets.
#[derive(Debug)]
pub struct Format {
    pub name: &'static str,
    /// As the config says it, and the folder that `jackpot data get` makes.
    pub key: &'static str,
    /// The folder in which torchvision keeps them.
    torchvision: &'static str,
    label_names: [&'static str; CLASSES],
    mean: f32,
    std: f32,
}

/// The moments are those of PyTorch's example (github.com/pytorch/examples, mnist/main.py).
pub const MNIST: Format = Format {
    name: "MNIST",
    key: "mnist",
    torchvision: "MNIST/raw",
    label_names: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    mean: 0.1307,
    std: 0.3081,
};

/// The moments are those of the training images, to four places, as in common use.
pub const FASHION_MNIST: Format = Format {
    name: "Fashion-MNIST",
    key: "fashion-mnist",
    torchvision: "FashionMNIST/raw",
    label_names: [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ],
    mean: 0.2860,
    std: 0.3530,
};

/// The files' names: training images and labels, test images and labels.
pub const FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// The file of that name in any of its forms: some tools unpack it with a dot before `idx`.
pub fn file(folder: &Path, name: &str) -> Option<PathBuf> {
    let dotted = name.replace("-idx", ".idx");
    let forms = [name.to_owned(), format!("{name}.gz"), dotted.clone(), format!("{dotted}.gz")];
    forms.into_iter().map(|form| folder.join(form)).find(|path| path.is_file())
}

impl Format {
    /// Reads the dataset from `root`, which has the files or a folder of the usual name.
    pub fn load(&self, root: Option<&Path>) -> Result<Source, DataError> {
        let (dataset, kind) = (self.name, "folder");
        let root = root.ok_or(DataError::NoRoot { dataset, kind })?;
        if !root.exists() {
            return Err(DataError::NoSuchRoot { path: root.to_owned(), dataset, kind });
        }
        let folder = self.find(root).ok_or_else(|| {
            let looked = self.folders(root).map(|folder| folder.join(FILES[0])).to_vec();
            DataError::NotFound { dataset, key: self.key, looked }
        })?;
        let (train, shape) = self.split(&folder, [FILES[0], FILES[1]], None)?;
        let (test, _) = self.split(&folder, [FILES[2], FILES[3]], Some(shape))?;
        Ok(Source {
            name: self.name.to_owned(),
            shape,
            classes: CLASSES,
            label_names: Some(self.label_names.map(str::to_owned).to_vec()),
            train,
            validation: None,
            test,
            normalisation: Some(Normalisation { mean: vec![self.mean], std: vec![self.std] }),
        })
    }

    fn folders(&self, root: &Path) -> [PathBuf; 3] {
        [root.to_owned(), root.join(self.key), root.join(self.torchvision)]
    }

    /// The folder that has at least one of the files.
    pub fn find(&self, root: &Path) -> Option<PathBuf> {
        let has_one = |folder: &PathBuf| FILES.iter().any(|name| file(folder, name).is_some());
        self.folders(root).into_iter().find(has_one)
    }

    /// The images and labels of a split and the images' shape, which is `expected` if given.
    fn split(
        &self,
        folder: &Path,
        names: [&str; 2],
        expected: Option<[usize; 3]>,
    ) -> Result<(Samples, [usize; 3]), DataError> {
        let open = |name: &str| {
            let path = file(folder, name).ok_or_else(|| DataError::MissingFile {
                path: folder.join(name),
                dataset: self.name,
            })?;
            let bytes = unpacked(&path)?;
            Ok::<_, DataError>((path, bytes))
        };
        let (images_path, images) = open(names[0])?;
        let (labels_path, labels) = open(names[1])?;
        let (n, shape, images) = parse_images(&images_path, images)?;
        let labels = parse_labels(&labels_path, &labels)?;
        let wrong = |path: &Path, reason| DataError::Idx { path: path.to_owned(), reason };
        if labels.len() != n {
            let reason = format!(
                "it has {} labels, but {} has {n} images; the two do not belong together",
                labels.len(),
                images_path.display()
            );
            return Err(wrong(&labels_path, reason));
        }
        if let Some([_, height, width]) = expected.filter(|&expected| expected != shape) {
            let [_, h, w] = shape;
            let reason =
                format!("its images have {h}×{w} pixels, the training images {height}×{width}");
            return Err(wrong(&images_path, reason));
        }
        if let Some(index) = labels.iter().position(|&label| usize::from(label) >= CLASSES) {
            let reason = format!(
                "label {index} is {}, but {}'s are 0 to {}; the file is damaged, or \
                 `data.dataset` is wrong",
                labels[index],
                self.name,
                CLASSES - 1
            );
            return Err(wrong(&labels_path, reason));
        }
        Ok((Samples { images, labels: labels.into_iter().map(i64::from).collect() }, shape))
    }
}

/// The content of a file, unpacked if its name ends in `.gz`.
fn unpacked(path: &Path) -> Result<Vec<u8>, DataError> {
    let bytes = read(path)?;
    if path.extension().is_none_or(|ending| ending != "gz") {
        return Ok(bytes);
    }
    let mut content = Vec::new();
    let unpacked = MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut content);
    unpacked.map_err(|error| DataError::Idx {
        path: path.to_owned(),
        reason: format!("it cannot be unpacked ({error}); copy or fetch it again"),
    })?;
    Ok(content)
}

/// The header's numbers after the first, which says what the file is, and the bytes after it.
fn header<'a, const N: usize>(
    path: &Path,
    bytes: &'a [u8],
    magic: u32,
) -> Result<([usize; N], &'a [u8]), DataError> {
    let wrong = |reason| DataError::Idx { path: path.to_owned(), reason };
    let (numbers, _) = bytes.as_chunks::<4>();
    let found: Vec<u32> =
        numbers.iter().take(1 + N).map(|&four| u32::from_be_bytes(four)).collect();
    if found.first() != Some(&magic) {
        let what = if magic == IMAGES { "images" } else { "labels" };
        return Err(wrong(format!("it is no IDX file of {what}: it must begin with {magic}")));
    }
    let sizes: Vec<usize> = found[1..].iter().map(|&size| size as usize).collect();
    match (<[usize; N]>::try_from(sizes), bytes.get(4 * (1 + N)..)) {
        (Ok(sizes), Some(rest)) => {
            let expected =
                sizes.iter().try_fold(1, |product: usize, &size| product.checked_mul(size));
            match expected {
                Some(expected) if expected == rest.len() => Ok((sizes, rest)),
                _ => Err(wrong(format!(
                    "its header says {}, but {} bytes follow; it is cut off or damaged, copy or \
                     fetch it again",
                    sizes.map(|size| size.to_string()).join("×"),
                    rest.len()
                ))),
            }
        }
        _ => Err(wrong("it ends inside its header; copy or fetch it again".to_owned())),
    }
}

pub fn parse_images(
    path: &Path,
    mut bytes: Vec<u8>,
) -> Result<(usize, [usize; 3], Vec<u8>), DataError> {
    let ([n, height, width], rest) = header::<3>(path, &bytes, IMAGES)?;
    if rest.is_empty() {
        let reason = format!("it has {n} images of {height}×{width} pixels: nothing to use");
        return Err(DataError::Idx { path: path.to_owned(), reason });
    }
    let start = bytes.len() - rest.len();
    bytes.drain(..start);
    Ok((n, [1, height, width], bytes))
}

pub fn parse_labels(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, DataError> {
    header::<1>(path, bytes, LABELS).map(|(_, rest)| rest.to_vec())
}

#[cfg(test)]
mod tests;
