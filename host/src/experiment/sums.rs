//! Checksums of a job's files, as `job.json` lists them.

use std::collections::BTreeMap;
use std::path::Path;

use flate2::Crc;
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::files::{self, FileError};
use super::record::JobRecord;
use crate::digest::sha256;

/// The sums of one file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FileSum {
    /// SHA-256 of the whole file, in hexadecimal.
    pub sha256: String,
    /// Of a safetensors file: CRC-32 of each tensor's bytes, in hexadecimal. They tell in which
    /// tensor a damaged file is damaged.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tensors: BTreeMap<String, String>,
}

/// The weights beside a draw's levels, as seen from the folder of a level.
pub const INIT: &str = "../init.safetensors";
/// The weights beside a draw's levels that its tickets rewind to.
pub const REWIND: &str = "../rewind.safetensors";

/// Sums by file, named relative to the job's folder.
pub type Sums = BTreeMap<String, FileSum>;

impl FileSum {
    /// The sums of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        // Whatever is no safetensors file has no tensors.
        let tensors = SafeTensors::deserialize(bytes).map(|file| {
            let tensors = file.tensors().into_iter();
            tensors.map(|(name, tensor)| (name, crc32(tensor.data()))).collect()
        });
        Self { sha256: sha256(bytes), tensors: tensors.unwrap_or_default() }
    }

    /// The sums of a file.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of_file(path: &Path) -> Result<Self, FileError> {
        let missing = || FileError::new("read", path, std::io::ErrorKind::NotFound.into());
        Ok(Self::of(&files::read(path)?.ok_or_else(missing)?))
    }
}

/// CRC-32 (IEEE 802.3) in hexadecimal: finds every damage of up to 32 bits in a row.
pub fn crc32(bytes: &[u8]) -> String {
    let mut crc = Crc::new();
    crc.update(bytes);
    format!("{:08x}", crc.sum())
}

/// The sums of all files in a folder but `job.json` and those that are not the job's own.
pub fn of_folder(folder: &Path, left_out: impl Fn(&str) -> bool) -> Result<Sums, FileError> {
    let mut sums = Sums::new();
    for name in files::list(folder)? {
        let path = folder.join(&name);
        if name != JobRecord::FILE && !left_out(&name) && path.is_file() {
            sums.insert(name, FileSum::of_file(&path)?);
        }
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use safetensors::tensor::{Dtype, TensorView};

    use super::*;

    #[test]
    fn the_published_check_value() {
        assert_eq!(crc32(b"123456789"), "cbf43926");
    }

    #[test]
    fn tensors_are_summed_one_by_one() {
        let data = 1.0_f32.to_le_bytes();
        let views = ["a", "b"].map(|name| (name, TensorView::new(Dtype::F32, vec![1], &data)));
        let views = views.map(|(name, view)| (name, view.unwrap()));
        let bytes = safetensors::serialize(views, None).unwrap();
        let sum = FileSum::of(&bytes);
        assert_eq!(sum.sha256, sha256(&bytes));
        assert_eq!(sum.tensors.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(sum.tensors["a"], crc32(&data));
        assert!(FileSum::of(b"step,loss\n").tensors.is_empty());
    }

    #[test]
    fn a_folder_is_summed_without_its_record() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["job.json", "model.safetensors", "init.safetensors"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let sums = of_folder(folder.path(), |name| name == "init.safetensors").unwrap();
        assert_eq!(sums.keys().collect::<Vec<_>>(), ["model.safetensors"]);
        assert_eq!(sums["model.safetensors"].sha256, sha256(b"model.safetensors"));
    }
}
