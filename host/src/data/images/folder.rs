//! Any folder of images: `train/<class>/**`, and `test/<class>/**` or `val/<class>/**`.

use std::path::Path;

use super::decode::Sizing;
use super::error::ImageError;
use super::listing::Listing;
use super::{Collection, scan};
use crate::data::watch::Watch;

const DATASET: &str = "image-folder";

/// Looks at the folder.
///
/// The classes are the folders of `train`, sorted by name. With both `val` and `test`, `val` is the
/// dataset's own validation split; with one of them, that one is the test split. The images of each
/// split are mixed (see [`Listing::mixed`]).
pub fn image_folder(
    root: &Path,
    size: Option<usize>,
    watch: &dyn Watch,
) -> Result<Collection, ImageError> {
    let has = |name: &str| root.join(name).is_dir();
    if !has("train") || !(has("val") || has("test")) {
        return Err(ImageError::Layout {
            path: root.to_owned(),
            dataset: DATASET,
            wanted: if has("train") { "folder `test` or `val`" } else { "folder `train`" },
            root: "a folder with `train` and `test` (or `val`), each with one folder per class",
        });
    }
    let folder = root.join("train");
    let classes = class_names(&folder)?;
    let mut train = Listing::default();
    for (label, class) in classes.iter().enumerate() {
        let path = folder.join(class);
        let files = scan::images(&path)?;
        if files.is_empty() {
            return Err(ImageError::EmptyClass { path });
        }
        files.into_iter().for_each(|file| train.push(file, label));
    }
    let other = |name: &str| held_out(&root.join(name), &folder, &classes, watch);
    let (validation, test) = match (has("val"), has("test")) {
        (true, true) => (Some(other("val")?), other("test")?),
        (true, false) => (None, other("val")?),
        (false, _) => (None, other("test")?),
    };
    Ok(Collection {
        name: root.file_name().unwrap_or(root.as_os_str()).to_string_lossy().into_owned(),
        kind: DATASET,
        root: root.to_owned(),
        label_names: classes,
        train: train.mixed(),
        validation: validation.map(Listing::mixed),
        test: test.mixed(),
        sizing: size.map_or(Sizing::AsFirst, Sizing::Crop),
        normalisation: None,
    })
}

/// The names of the folders in `path`; an error if there are none.
fn class_names(path: &Path) -> Result<Vec<String>, ImageError> {
    let folders = scan::folders(path)?;
    if folders.is_empty() {
        return Err(ImageError::NoClasses { path: path.to_owned() });
    }
    let name = |folder: &std::path::PathBuf| {
        folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    };
    Ok(folders.iter().map(name).collect())
}

/// The images of `val` or `test`, whose classes must be among those of the training images. One
/// that is missing there is told, and no error: small test sets may lack one.
fn held_out(
    folder: &Path,
    train: &Path,
    classes: &[String],
    watch: &dyn Watch,
) -> Result<Listing, ImageError> {
    let found = class_names(folder)?;
    if let Some(stranger) = found.iter().find(|name| !classes.contains(name)) {
        return Err(ImageError::UnknownClass {
            path: folder.join(stranger),
            train: train.display().to_string(),
            known: classes.to_vec(),
        });
    }
    let mut listing = Listing::default();
    let mut without = Vec::new();
    for (label, class) in classes.iter().enumerate() {
        let path = folder.join(class);
        let files = if path.is_dir() { scan::images(&path)? } else { Vec::new() };
        if files.is_empty() {
            without.push(class.as_str());
        }
        files.into_iter().for_each(|file| listing.push(file, label));
    }
    if listing.len() == 0 {
        return Err(ImageError::EmptyClass { path: folder.join(&classes[0]) });
    }
    if let Some(first) = without.first() {
        let more = match without.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        watch.note(&format!(
            "{} has no images of the class `{first}`{more}, which the training images have",
            folder.display()
        ));
    }
    Ok(listing)
}
