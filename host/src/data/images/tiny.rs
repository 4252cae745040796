//! Tiny-ImageNet-200 in the folders of its archive.
//!
//! `wnids.txt` names the classes, in the order of the labels; `train/<wnid>/images/` has their
//! training images; `val/images/` the images that are the test split here, since the archive's own
//! test images have no labels; `val/val_annotations.txt` says of which class each is. `words.txt`
//! has the classes' names. A copy with fewer classes or images is as good.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::decode::Sizing;
use super::error::ImageError;
use super::listing::Listing;
use super::{Collection, scan};
use crate::data::normalise::Normalisation;

const DATASET: &str = "Tiny-ImageNet";
/// The archive's folder.
const FOLDER: &str = "tiny-imagenet-200";
const SIZE: usize = 64;
/// As the SynFlow paper's code has them (github.com/ganguli-lab/Synaptic-Flow), whose results on
/// this dataset many compare with: over all pixels of the training images.
const MEAN: [f32; 3] = [0.480, 0.448, 0.397];
const STD: [f32; 3] = [0.276, 0.269, 0.282];

/// The folder with the files, which `root` is or has; `None` if neither.
pub fn find(root: &Path) -> Option<PathBuf> {
    let folders = [root.to_owned(), root.join(FOLDER)];
    folders.into_iter().find(|folder| folder.join("wnids.txt").is_file())
}

/// Looks at the folder. Training images are mixed (see [`Listing::mixed`]); test images have the
/// order of `val_annotations.txt`, which is a random one.
pub fn tiny_imagenet(root: &Path) -> Result<Collection, ImageError> {
    let folder = find(root).ok_or_else(|| ImageError::Layout {
        path: root.to_owned(),
        dataset: DATASET,
        wanted: "wnids.txt, nor has a folder tiny-imagenet-200 in it",
        root: "the folder tiny-imagenet-200, or to its parent; or fetch it with `jackpot data get \
               tiny-imagenet --root DIR`",
    })?;
    let classes = class_ids(&folder.join("wnids.txt"))?;
    let mut train = Listing::default();
    for (label, class) in classes.iter().enumerate() {
        let path = folder.join("train").join(class).join("images");
        if !path.is_dir() {
            let why = "wnids.txt names this class; unpack the archive again";
            return Err(ImageError::Missing { path, why });
        }
        let files = scan::images(&path)?;
        if files.is_empty() {
            return Err(ImageError::EmptyClass { path });
        }
        files.into_iter().for_each(|file| train.push(file, label));
    }
    Ok(Collection {
        name: DATASET.to_owned(),
        kind: "tiny-imagenet",
        label_names: names(&folder.join("words.txt"), &classes),
        train: train.mixed(),
        validation: None,
        test: test(&folder, &classes)?,
        root: folder,
        sizing: Sizing::Exactly(SIZE),
        normalisation: Some(Normalisation { mean: MEAN.into(), std: STD.into() }),
    })
}

fn text(path: &Path) -> Result<String, ImageError> {
    std::fs::read_to_string(path)
        .map_err(|source| ImageError::Unreadable { path: path.to_owned(), source })
}

/// The lines that are not empty, with their numbers from 1.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text.lines().enumerate().map(|(i, line)| (i + 1, line.trim_end()));
    numbered.filter(|(_, line)| !line.is_empty())
}

fn class_ids(path: &Path) -> Result<Vec<String>, ImageError> {
    let text = text(path)?;
    let mut classes: Vec<String> = Vec::new();
    for (line, id) in lines(&text) {
        let problem = if classes.iter().any(|known| known == id) {
            format!("the class `{id}` stands there twice")
        } else if id.contains(['/', '\\']) || id.starts_with('.') {
            format!("`{id}` is no class")
        } else {
            classes.push(id.to_owned());
            continue;
        };
        return Err(ImageError::Line { path: path.to_owned(), line, problem });
    }
    match classes.is_empty() {
        true => {
            let problem = "it names no class; unpack the archive again".to_owned();
            Err(ImageError::Line { path: path.to_owned(), line: 1, problem })
        }
        false => Ok(classes),
    }
}

/// The images of `val`, whose annotations are lines of file, class and box with tabs between.
fn test(folder: &Path, classes: &[String]) -> Result<Listing, ImageError> {
    let (images, path) = (folder.join("val/images"), folder.join("val/val_annotations.txt"));
    if !images.is_dir() || !path.is_file() {
        let rearranged = classes.iter().any(|class| folder.join("val").join(class).is_dir());
        if rearranged {
            return Err(ImageError::Rearranged { path: folder.join("val") });
        }
        let path = if path.is_file() { images } else { path };
        return Err(ImageError::Missing { path, why: "unpack the archive again" });
    }
    let labels: HashMap<&str, usize> =
        classes.iter().enumerate().map(|(label, class)| (class.as_str(), label)).collect();
    let text = text(&path)?;
    let mut listing = Listing::default();
    for (line, content) in lines(&text) {
        let mut fields = content.split('\t');
        let (file, class) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        let problem = match labels.get(class) {
            _ if file.is_empty() || file.contains('/') || class.is_empty() => {
                "it must be a file, a class and a box, with tabs between".to_owned()
            }
            None => format!("the class `{class}` is not in wnids.txt"),
            Some(&label) => {
                listing.push(images.join(file), label);
                continue;
            }
        };
        return Err(ImageError::Line { path, line, problem });
    }
    match listing.len() {
        0 => {
            let problem = "it names no image; unpack the archive again".to_owned();
            Err(ImageError::Line { path, line: 1, problem })
        }
        _ => Ok(listing),
    }
}

/// The classes' names, which are for display only: where there is none, the class itself.
fn names(path: &Path, classes: &[String]) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let words: HashMap<&str, &str> =
        text.lines().filter_map(|line| line.split_once('\t')).collect();
    let name = |class: &String| match words.get(class.as_str()) {
        Some(name) => name.trim().to_owned(),
        None => class.clone(),
    };
    classes.iter().map(name).collect()
}
