//! What can go wrong with a dataset. Each message says where, what, and what to do.

use std::io;
use std::path::{Path, PathBuf};

use tch::TchError;

use super::images::ImageError;

/// A dataset that cannot be used as the config asks.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The dataset is on disk, but the config does not say where.
    #[error("{dataset} needs `data.root`: the {kind} that holds it")]
    NoRoot { dataset: &'static str, kind: &'static str },

    /// `data.root` does not exist at all.
    #[error(
        "{} does not exist; set `data.root` to the {kind} that holds {dataset}", path.display()
    )]
    NoSuchRoot { path: PathBuf, dataset: &'static str, kind: &'static str },

    /// The folder exists, but none of the dataset's files is there.
    #[error(
        "no {dataset} data was found; looked for\n{}set `data.root` to the folder that holds these \
         files, or to its parent; or fetch them with `jackpot data get {key} --root DIR`",
        lines(looked)
    )]
    NotFound { dataset: &'static str, key: &'static str, looked: Vec<PathBuf> },

    /// Some of the dataset's files are there, but not all.
    #[error(
        "{} is missing, though the folder has other files of {dataset}; unpack the archive again",
        path.display()
    )]
    MissingFile { path: PathBuf, dataset: &'static str },

    /// The file exists and cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },

    /// A file of 0 bytes.
    #[error("{} is empty; copy or unpack it again", path.display())]
    Empty { path: PathBuf },

    /// A file that ends inside a record.
    #[error(
        "{} is cut off or no {dataset} file: its {} bytes are {whole} records of {record} bytes \
         and {left} bytes more; copy or unpack it again, and check `data.dataset`",
        path.display(), whole * record + left
    )]
    PartialRecord { path: PathBuf, dataset: &'static str, record: usize, whole: usize, left: usize },

    /// A label byte that is no class.
    #[error(
        "{}, record {record} (byte {offset}): the {field} is {label}, but {dataset}'s are 0 to \
         {}; the file is damaged, or `data.dataset` is wrong", path.display(), classes - 1
    )]
    Label {
        path: PathBuf,
        dataset: &'static str,
        /// Counted from 0.
        record: usize,
        /// From the start of the file.
        offset: usize,
        field: &'static str,
        label: u8,
        classes: usize,
    },

    /// A file of MNIST's format.
    #[error("{}: {reason}", path.display())]
    Idx { path: PathBuf, reason: String },

    /// A folder of image files.
    #[error(transparent)]
    Image(#[from] ImageError),

    /// Not a safetensors file, or a damaged one.
    #[error(
        "{} is no valid safetensors file: {reason}; write it again, e.g. with \
         `safetensors.torch.save_file` in Python", path.display()
    )]
    Safetensors { path: PathBuf, reason: String },

    /// A tensor that the dataset needs.
    #[error(
        "{} has no tensor `{name}`; a dataset has `train_images`, `train_labels`, `test_images` \
         and `test_labels`, this file has {}", path.display(), names(present)
    )]
    NoTensor { path: PathBuf, name: String, present: Vec<String> },

    /// A tensor of another type.
    #[error("{}: `{name}` is {found}; it must be {wanted}", path.display())]
    Dtype { path: PathBuf, name: String, found: String, wanted: &'static str },

    /// A tensor of another shape.
    #[error("{}: `{name}` has shape {found:?}; it must be {wanted}", path.display())]
    Shape { path: PathBuf, name: String, found: Vec<usize>, wanted: String },

    /// A label of a safetensors file that is no class.
    #[error(
        "{}: `{name}`[{index}] is {label}; labels are whole numbers from 0 to {}",
        path.display(), classes - 1
    )]
    TensorLabel { path: PathBuf, name: String, index: usize, label: i64, classes: usize },

    /// The metadata entry `classes` of a safetensors file.
    #[error(
        "{}: the metadata say classes = {given:?}; it must be a whole number from 1 to {limit}",
        path.display()
    )]
    Classes { path: PathBuf, given: String, limit: usize },

    /// Two sources of validation images.
    #[error(
        "{} has its own validation images, but `data.validation` sets {validation} training images \
         aside as well; leave one of the two out", path.display()
    )]
    TwoValidations { path: PathBuf, validation: usize },

    /// Nothing would be left to train on.
    #[error(
        "`data.validation` = {validation} leaves nothing to train on: {dataset} has {images} \
         training images; set at most {}", images.saturating_sub(1)
    )]
    Validation { dataset: String, validation: usize, images: usize },

    /// A limit of no images.
    #[error("`data.{key}` = 0 leaves no images; set at least 1, or leave it out to use all")]
    ZeroLimit { key: &'static str },

    /// A mean or std for another number of channels.
    #[error(
        "`data.{key}` has {given} entries, but the images of {dataset} have {channels} channels"
    )]
    Channels { key: &'static str, dataset: String, given: usize, channels: usize },

    /// A mean that is no number.
    #[error("`data.mean`[{channel}] is {value}; it must be a finite number (pixels are in [0, 1])")]
    Mean { channel: usize, value: f64 },

    /// A std that cannot be divided by.
    #[error(
        "`data.std`[{channel}] is {value}; it must be a positive number (pixels are in [0, 1])"
    )]
    Std { channel: usize, value: f64 },

    /// A computed std of zero.
    #[error(
        "channel {channel} is the same in every pixel of the training images of {dataset}, so they \
         cannot be normalised by their own deviation; set `data.std`"
    )]
    Constant { channel: usize, dataset: String },

    /// libtorch refused.
    #[error("the images of {dataset} cannot be made a tensor: {source}")]
    Torch { dataset: String, source: TchError },
}

fn lines(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| format!("  {}\n", path.display())).collect()
}

fn names(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The bytes of a file that is known to exist.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    let bytes = std::fs::read(path)
        .map_err(|source| DataError::Unreadable { path: path.to_owned(), source })?;
    if bytes.is_empty() { Err(DataError::Empty { path: path.to_owned() }) } else { Ok(bytes) }
}
