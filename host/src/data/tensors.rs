//! A dataset in one safetensors file.
//!
//! | tensor | dtype and shape | |
//! |---|---|---|
//! | `train_images`, `test_images` | u8 `[N, C, H, W]` | |
//! | `train_labels`, `test_labels` | i64 `[N]` | from 0 |
//! | `validation_images`, `validation_labels` | the same | optional |
//!
//! The number of classes is the metadata entry `classes`, else the highest label plus one.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::error::{DataError, read};
use super::source::{Samples, Source};

/// More classes than this are taken for a mistake, before memory is filled with one-hot targets.
const CLASS_LIMIT: usize = 1_000_000;

/// Reads the file.
pub fn load(root: Option<&Path>) -> Result<Source, DataError> {
    let (dataset, kind) = ("the `tensors` dataset", "safetensors file");
    let path = root.ok_or(DataError::NoRoot { dataset, kind })?;
    if !path.exists() {
        return Err(DataError::NoSuchRoot { path: path.to_owned(), dataset, kind });
    }
    parse(path, &read(path)?)
}

/// Reads the file's content; `path` is for errors and the dataset's name.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Source, DataError> {
    let invalid = |error: safetensors::SafeTensorError| DataError::Safetensors {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(invalid)?;
    let file = File { path, tensors: SafeTensors::deserialize(bytes).map_err(invalid)? };
    let declared = file.declared_classes(metadata.metadata().as_ref())?;
    let (train, shape) = file.split("train", None)?;
    let (test, _) = file.split("test", Some(shape))?;
    let has = |name| file.tensors.names().contains(&name);
    let validation = if has("validation_images") || has("validation_labels") {
        Some(file.split("validation", Some(shape))?.0)
    } else {
        None
    };
    let mut highest = 0;
    for (split, samples) in
        [("train", Some(&train)), ("test", Some(&test)), ("validation", validation.as_ref())]
    {
        let labels = samples.map_or(&[][..], |samples| &samples.labels);
        highest = highest.max(file.highest_label(split, labels, declared)?);
    }
    Ok(Source {
        name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        shape,
        classes: declared.unwrap_or(highest + 1),
        label_names: None,
        train,
        validation,
        test,
        normalisation: None,
    })
}

struct File<'a> {
    path: &'a Path,
    tensors: SafeTensors<'a>,
}

impl<'a> File<'a> {
    /// The metadata entry `classes`.
    fn declared_classes(
        &self,
        metadata: Option<&HashMap<String, String>>,
    ) -> Result<Option<usize>, DataError> {
        let Some(given) = metadata.and_then(|entries| entries.get("classes")) else {
            return Ok(None);
        };
        match given.parse() {
            Ok(classes) if (1..=CLASS_LIMIT).contains(&classes) => Ok(Some(classes)),
            _ => Err(DataError::Classes {
                path: self.path.to_owned(),
                given: given.clone(),
                limit: CLASS_LIMIT,
            }),
        }
    }

    /// The images and labels of a split, and the images' shape, which is `expected` if given.
    fn split(
        &self,
        split: &str,
        expected: Option<[usize; 3]>,
    ) -> Result<(Samples, [usize; 3]), DataError> {
        let (images_name, labels_name) = (format!("{split}_images"), format!("{split}_labels"));
        let images = self.tensor(&images_name, Dtype::U8, "u8 (pixels from 0 to 255)")?;
        let labels = self.tensor(&labels_name, Dtype::I64, "i64")?;
        let shape_error = |name, view: &TensorView<'_>, wanted| DataError::Shape {
            path: self.path.to_owned(),
            name,
            found: view.shape().to_vec(),
            wanted,
        };
        let (n, shape) = match *images.shape() {
            [n, c, h, w] if !images.shape().contains(&0) => (n, [c, h, w]),
            _ => {
                let wanted = "[N, C, H, W] without a zero".to_owned();
                return Err(shape_error(images_name, &images, wanted));
            }
        };
        if let Some([c, h, w]) = expected.filter(|&expected| expected != shape) {
            let wanted = format!("[N, {c}, {h}, {w}], like `train_images`");
            return Err(shape_error(images_name, &images, wanted));
        }
        if labels.shape() != [n] {
            let wanted = format!("[{n}], one label for each of `{images_name}`");
            return Err(shape_error(labels_name, &labels, wanted));
        }
        let labels = labels.data().as_chunks().0;
        let labels = labels.iter().map(|&bytes| i64::from_le_bytes(bytes)).collect();
        Ok((Samples { images: images.data().to_vec(), labels }, shape))
    }

    fn tensor(
        &self,
        name: &str,
        dtype: Dtype,
        wanted: &'static str,
    ) -> Result<TensorView<'a>, DataError> {
        let path = || self.path.to_owned();
        let Ok(view) = self.tensors.tensor(name) else {
            let mut present: Vec<String> =
                self.tensors.names().into_iter().map(str::to_owned).collect();
            present.sort_unstable();
            return Err(DataError::NoTensor { path: path(), name: name.to_owned(), present });
        };
        if view.dtype() != dtype {
            let (name, found) = (name.to_owned(), view.dtype().to_string().to_lowercase());
            return Err(DataError::Dtype { path: path(), name, found, wanted });
        }
        Ok(view)
    }

    /// The highest label, after a check that all are classes.
    fn highest_label(
        &self,
        split: &str,
        labels: &[i64],
        declared: Option<usize>,
    ) -> Result<usize, DataError> {
        let classes = declared.unwrap_or(CLASS_LIMIT);
        let mut highest = 0;
        for (index, &label) in labels.iter().enumerate() {
            match usize::try_from(label) {
                Ok(label) if label < classes => highest = highest.max(label),
                _ => {
                    let (path, name) = (self.path.to_owned(), format!("{split}_labels"));
                    return Err(DataError::TensorLabel { path, name, index, label, classes });
                }
            }
        }
        Ok(highest)
    }
}

#[cfg(test)]
mod tests;
