//! What can go wrong with folders of images.

use std::io;
use std::path::PathBuf;

/// A folder of images that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// Neither the folder nor one of the usual name in it has the layout.
    #[error(
        "no {dataset} data was found: {} has no {wanted}; set `data.root` to {root}",
        path.display()
    )]
    Layout { path: PathBuf, dataset: &'static str, wanted: &'static str, root: &'static str },

    /// Tiny-ImageNet's `val` was rearranged into class folders.
    #[error(
        "{} has class folders instead of `images` and `val_annotations.txt`: somebody rearranged \
         it; unpack the archive again, or read it as `image-folder`", path.display()
    )]
    Rearranged { path: PathBuf },

    /// A file or folder that belongs to the layout.
    #[error("{} is missing: {why}", path.display())]
    Missing { path: PathBuf, why: &'static str },

    /// The system says no.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },

    /// A class without images.
    #[error(
        "{} has no images; remove the folder, or put at least one image into it (JPEG, PNG, WebP, \
         BMP or PNM)", path.display()
    )]
    EmptyClass { path: PathBuf },

    /// No class folders at all.
    #[error(
        "{} has no class folders; it must have one folder per class, with the images in it",
        path.display()
    )]
    NoClasses { path: PathBuf },

    /// A class of the test images that cannot be learned.
    #[error(
        "{} is a class that the training images do not have; {train} has {}",
        path.display(), some(known)
    )]
    UnknownClass { path: PathBuf, train: String, known: Vec<String> },

    /// An image by a format that is not read.
    #[error(
        "{} is {format}, which is not read; convert it to PNG or JPEG, or remove it",
        path.display()
    )]
    Format { path: PathBuf, format: String },

    /// A damaged image.
    #[error("{} cannot be decoded: {reason}; copy or unpack it again, or remove it", path.display())]
    Decode { path: PathBuf, reason: String },

    /// An image of another size than the dataset's.
    #[error("{} has {width}×{height} pixels; {wanted}", path.display())]
    Size { path: PathBuf, width: usize, height: usize, wanted: String },

    /// A line of a text file.
    #[error("{}, line {line}: {problem}", path.display())]
    Line { path: PathBuf, line: usize, problem: String },

    /// Folders within folders, as a link to one above gives.
    #[error(
        "{} is more than {limit} folders deep; is there a link to a folder above it?",
        path.display()
    )]
    Deep { path: PathBuf, limit: usize },

    /// More pixels than memory.
    #[error(
        "the images of {} need {need:.1} GB of memory, and {free:.1} GB are free; use a smaller \
         `data.image_size`, or fewer images", path.display()
    )]
    Memory { path: PathBuf, need: f64, free: f64 },
}

/// A few names.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let quoted: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", quoted.join(", "))
}
