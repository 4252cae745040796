//! What a fetched folder was when it was unpacked, kept in it: so that one can tell later.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::checksum::sha256;
use super::error::FetchError;

/// The file, in the folder that was unpacked.
const NAME: &str = ".jackpot-origin.json";

/// Where the files of a folder come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The archive's name.
    pub archive: String,
    /// The archive's MD5, which was checked before it was unpacked.
    pub md5: String,
    /// Each file's SHA-256, by its path in the folder.
    pub files: BTreeMap<String, String>,
}

/// What can be said of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It has no receipt: it was not fetched by this program.
    Unknown,
    /// All files are as they were unpacked.
    Intact(Receipt),
    /// This file is not.
    Changed(PathBuf),
}

impl Receipt {
    /// Puts it into the folder.
    pub fn write(&self, folder: &Path) -> Result<(), FetchError> {
        let path = folder.join(NAME);
        let text = serde_json::to_vec_pretty(self).map_err(std::io::Error::from);
        text.and_then(|text| fs::write(&path, text))
            .map_err(|source| FetchError::disk(&path, source))
    }
}

impl Standing {
    /// Reads and hashes all files that the folder's receipt names.
    pub fn of(folder: &Path) -> Result<Self, FetchError> {
        let path = folder.join(NAME);
        let Ok(text) = fs::read(&path) else { return Ok(Self::Unknown) };
        let Ok(receipt) = serde_json::from_slice::<Receipt>(&text) else {
            return Ok(Self::Changed(path));
        };
        let files: Vec<(&String, &String)> = receipt.files.iter().collect();
        let changed = files.par_iter().find_map_first(|(name, hash)| {
            let path = folder.join(name);
            let same = sha256(&path).is_ok_and(|found| found == **hash);
            (!same).then_some(path)
        });
        Ok(changed.map_or(Self::Intact(receipt), Self::Changed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_and_a_missing_file_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert_eq!(Standing::of(folder.path()).unwrap(), Standing::Unknown);
        fs::create_dir(at("a")).unwrap();
        fs::write(at("a/b"), "abc").unwrap();
        let receipt = Receipt {
            archive: "x.zip".to_owned(),
            md5: "0".repeat(32),
            files: [("a/b".to_owned(), crate::digest::sha256(b"abc"))].into(),
        };
        receipt.write(folder.path()).unwrap();
        assert_eq!(Standing::of(folder.path()).unwrap(), Standing::Intact(receipt));
        fs::write(at("more"), "").unwrap();
        assert!(matches!(Standing::of(folder.path()).unwrap(), Standing::Intact(_)));
        fs::write(at("a/b"), "abd").unwrap();
        assert_eq!(Standing::of(folder.path()).unwrap(), Standing::Changed(at("a/b")));
        fs::remove_file(at("a/b")).unwrap();
        assert_eq!(Standing::of(folder.path()).unwrap(), Standing::Changed(at("a/b")));
        fs::write(at(NAME), "{").unwrap();
        assert_eq!(Standing::of(folder.path()).unwrap(), Standing::Changed(at(NAME)));
    }
}
