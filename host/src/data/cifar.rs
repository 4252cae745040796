//! CIFAR-10 and CIFAR-100 in their official binary layout.
//!
//! A file is records without a header: the label bytes (CIFAR-10: one; CIFAR-100: the coarse, then
//! the fine label, of which the fine one is the class), then 1024 red, 1024 green and 1024 blue
//! bytes, row by row. A file of fewer records than the official one is as good.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::{DataError, read};
use super::normalise::Normalisation;
use super::source::{Samples, Source};

const SHAPE: [usize; 3] = [3, 32, 32];
const PIXELS: usize = 3 * 32 * 32;
/// Records that are read at a time: they stay in the second cache.
const RECORDS: usize = 256;

/// One of the two datasets.
#[derive(Debug)]
pub struct Format {
    name: &'static str,
    /// As the config says it.
    key: &'static str,
    /// The archive's folder.
    folder: &'static str,
    train: &'static [&'static str],
    test: &'static str,
    label_names: &'static str,
    /// The label bytes of a record, with the number of values of each; the last one is the class.
    labels: &'static [(&'static str, usize)],
    mean: [f32; 3],
    std: [f32; 3],
}

pub const CIFAR10: Format = Format {
    name: "CIFAR-10",
    key: "cifar10",
    folder: "cifar-10-batches-bin",
    train: &[
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
    ],
    test: "test_batch.bin",
    label_names: "batches.meta.txt",
    labels: &[("label", 10)],
    mean: [0.4914, 0.4822, 0.4465],
    std: [0.2023, 0.1994, 0.2010],
};

/// With its own normalisation constants. The paper's code normalises both datasets by CIFAR-10's; a
/// config that follows it sets `data.mean` and `data.std`.
pub const CIFAR100: Format = Format {
    name: "CIFAR-100",
    key: "cifar100",
    folder: "cifar-100-binary",
    train: &["train.bin"],
    test: "test.bin",
    label_names: "fine_label_names.txt",
    labels: &[("coarse label", 20), ("fine label", 100)],
    mean: [0.5071, 0.4865, 0.4409],
    std: [0.2673, 0.2564, 0.2762],
};

impl Format {
    /// Reads the dataset from `root`, which has the files or a folder of the archive's name.
    pub fn load(&self, root: Option<&Path>) -> Result<Source, DataError> {
        let folder = self.find(root)?;
        let classes = self.labels.last().map_or(0, |&(_, classes)| classes);
        let mut train = Samples::default();
        for name in self.train {
            self.read(&folder.join(name), &mut train)?;
        }
        let mut test = Samples::default();
        self.read(&folder.join(self.test), &mut test)?;
        Ok(Source {
            name: self.name.to_owned(),
            shape: SHAPE,
            classes,
            label_names: label_names(&folder.join(self.label_names), classes),
            train,
            validation: None,
            test,
            normalisation: Some(Normalisation { mean: self.mean.into(), std: self.std.into() }),
        })
    }

    /// The folder that has at least one of the files.
    fn find(&self, root: Option<&Path>) -> Result<PathBuf, DataError> {
        let (dataset, kind) = (self.name, "folder");
        let root = root.ok_or(DataError::NoRoot { dataset, kind })?;
        if !root.exists() {
            return Err(DataError::NoSuchRoot { path: root.to_owned(), dataset, kind });
        }
        if let Some(folder) = self.folder(root) {
            return Ok(folder);
        }
        let looked = self.folders(root).map(|folder| folder.join(self.train[0])).to_vec();
        Err(DataError::NotFound { dataset, key: self.key, looked })
    }

    fn folders(&self, root: &Path) -> [PathBuf; 2] {
        [root.to_owned(), root.join(self.folder)]
    }

    /// The folder that has at least one of the files, which `root` is or has.
    pub fn folder(&self, root: &Path) -> Option<PathBuf> {
        let files = self.train.iter().chain([&self.test]);
        let has_one = |folder: &PathBuf| files.clone().any(|name| folder.join(name).exists());
        self.folders(root).into_iter().find(has_one)
    }

    /// Appends a file's records, some of them at a time: the file is as large as all images.
    fn read(&self, path: &Path, samples: &mut Samples) -> Result<(), DataError> {
        if !path.exists() {
            return Err(DataError::MissingFile { path: path.to_owned(), dataset: self.name });
        }
        let unreadable = |source| DataError::Unreadable { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(unreadable)?;
        let about = file.metadata().map_err(unreadable)?;
        if !about.is_file() {
            return self.parse(path, &read(path)?, samples);
        }
        let size = about.len() as usize;
        if size == 0 {
            return Err(DataError::Empty { path: path.to_owned() });
        }
        let record = self.record();
        let count = self.count(path, size)?;
        samples.images.reserve(count * PIXELS);
        samples.labels.reserve(count);
        let mut some = vec![0; RECORDS * record];
        for first in (0..count).step_by(RECORDS) {
            let some = &mut some[..RECORDS.min(count - first) * record];
            file.read_exact(some).map_err(unreadable)?;
            self.append(path, first, some, samples)?;
        }
        Ok(())
    }

    /// Bytes of a record.
    fn record(&self) -> usize {
        self.labels.len() + PIXELS
    }

    /// The records in so many bytes.
    fn count(&self, path: &Path, size: usize) -> Result<usize, DataError> {
        let record = self.record();
        let (whole, left) = (size / record, size % record);
        match left {
            0 => Ok(whole),
            _ => {
                let (path, dataset) = (path.to_owned(), self.name);
                Err(DataError::PartialRecord { path, dataset, record, whole, left })
            }
        }
    }

    /// Appends the records of a file's content; `path` is for errors.
    pub fn parse(&self, path: &Path, bytes: &[u8], samples: &mut Samples) -> Result<(), DataError> {
        self.count(path, bytes.len())?;
        self.append(path, 0, bytes, samples)
    }

    /// Appends whole records, of which the first has that number in the file.
    fn append(
        &self,
        path: &Path,
        first: usize,
        bytes: &[u8],
        samples: &mut Samples,
    ) -> Result<(), DataError> {
        let record = self.record();
        for (number, bytes) in (first..).zip(bytes.chunks_exact(record)) {
            let (labels, pixels) = bytes.split_at(self.labels.len());
            for (place, (&label, &(field, classes))) in labels.iter().zip(self.labels).enumerate() {
                if usize::from(label) >= classes {
                    let (path, dataset) = (path.to_owned(), self.name);
                    let (record, offset) = (number, number * record + place);
                    return Err(DataError::Label {
                        path,
                        dataset,
                        record,
                        offset,
                        field,
                        label,
                        classes,
                    });
                }
            }
            samples.labels.extend(labels.last().map(|&label| i64::from(label)));
            samples.images.extend_from_slice(pixels);
        }
        Ok(())
    }
}

/// The classes' names, which are for display only: a file that is missing or has another number of
/// lines is no error.
fn label_names(path: &Path, classes: usize) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(path).ok()?;
    let names: Vec<String> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    (names.len() == classes).then_some(names)
}

#[cfg(test)]
mod tests;
