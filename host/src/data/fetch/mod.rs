//! `jackpot data get`: published datasets from the network to where the loaders read them.
//!
//! [`PUBLISHED`] says what there is. [`get`] downloads (going on where a broken transfer stopped),
//! checks the published checksum, and only then unpacks, beside the place, and renames. The folder
//! gets a receipt with a hash of each file, so that [`Standing`] can say later whether it is still
//! what was published.

mod checksum;
mod download;
mod error;
mod http;
mod partial;
mod published;
mod receipt;
mod unpack;

use std::fs;
use std::path::{Path, PathBuf};

use super::unfinished;
use super::watch::Watch;

pub use checksum::md5;
pub use error::FetchError;
pub use published::{Layout, PUBLISHED, Published, PublishedFile};
pub use receipt::{Receipt, Standing};

/// A dataset to be fetched.
#[derive(Debug)]
pub struct Order<'a> {
    pub dataset: &'static Published,
    /// The folder that gets the dataset's folder.
    pub root: &'a Path,
    /// Instead of the known addresses: of the only file, or, with a `/` at its end, of the folder
    /// with all files.
    pub url: Option<&'a str>,
    /// Instead of the published checksums, in the order of the dataset's files; empty: the
    /// published ones.
    pub md5: &'a [String],
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is there now.
    Fetched,
    /// It was there, with the checksums that were asked for.
    Already,
    /// A folder of that name was there, and nothing is known of where it comes from.
    Unknown,
}

/// One file of an order.
#[derive(Debug)]
pub(super) struct Item<'a> {
    pub name: &'static str,
    pub urls: Vec<String>,
    pub md5: &'a str,
    /// Where the whole file goes.
    pub to: PathBuf,
}

impl Order<'_> {
    /// The folder that the loader reads.
    pub fn folder(&self) -> PathBuf {
        self.root.join(self.dataset.folder)
    }

    /// The files with their addresses and checksums.
    fn items(&self) -> Result<Vec<Item<'_>>, FetchError> {
        let files = self.dataset.files;
        if !self.md5.is_empty() && self.md5.len() != files.len() {
            return Err(FetchError::Checksums {
                given: self.md5.len(),
                names: files.iter().map(|file| file.name).collect(),
            });
        }
        if let Some(url) = self.url.filter(|url| files.len() > 1 && !url.ends_with('/')) {
            let names = files.iter().map(|file| file.name).collect();
            return Err(FetchError::NoFolder { url: url.to_owned(), names });
        }
        let into = match self.dataset.layout {
            Layout::Archive => self.root.to_owned(),
            Layout::Files => self.folder(),
        };
        let item = |(place, file): (usize, &'static PublishedFile)| Item {
            name: file.name,
            urls: match self.url {
                Some(url) if url.ends_with('/') => vec![format!("{url}{}", file.name)],
                Some(url) => vec![url.to_owned()],
                None => {
                    self.dataset.mirrors.iter().map(|url| format!("{url}{}", file.name)).collect()
                }
            },
            md5: self.md5.get(place).map_or(file.md5, String::as_str),
            to: into.join(file.name),
        };
        Ok(files.iter().enumerate().map(item).collect())
    }
}

/// Fetches a dataset, unless it is there.
pub fn get(order: &Order<'_>, watch: &dyn Watch) -> Result<Outcome, FetchError> {
    let items = order.items()?;
    match order.dataset.layout {
        Layout::Files => files(order, &items, watch),
        Layout::Archive => match items.first() {
            Some(item) => archive(order, item, watch),
            None => Ok(Outcome::Already),
        },
    }
}

/// A dataset of files that are read as they are.
fn files(order: &Order<'_>, items: &[Item<'_>], watch: &dyn Watch) -> Result<Outcome, FetchError> {
    let mut outcome = Outcome::Already;
    for item in items {
        if !is_there(item)? {
            make_folder(&order.folder())?;
            download::download(item, order.dataset, watch)?;
            outcome = Outcome::Fetched;
        }
    }
    Ok(outcome)
}

/// A dataset of one archive.
fn archive(order: &Order<'_>, item: &Item<'_>, watch: &dyn Watch) -> Result<Outcome, FetchError> {
    let folder = order.folder();
    if folder.exists() {
        return match Standing::of(&folder)? {
            Standing::Unknown => Ok(Outcome::Unknown),
            Standing::Changed(file) => Err(FetchError::Changed { file, folder }),
            Standing::Intact(receipt) if receipt.md5 == item.md5 => Ok(Outcome::Already),
            Standing::Intact(receipt) => {
                Err(FetchError::Another { folder, found: receipt.md5, wanted: item.md5.to_owned() })
            }
        };
    }
    make_folder(order.root)?;
    unfinished::tidy(order.root);
    let brought = is_there(item)?;
    if !brought {
        download::download(item, order.dataset, watch)?;
    }
    unpack::unpack(&item.to, order, item.md5, watch)?;
    if !brought {
        // What was unpacked says all that it said.
        fs::remove_file(&item.to).map_err(|source| FetchError::disk(&item.to, source))?;
    }
    Ok(Outcome::Fetched)
}

/// Whether the whole file is in its place already; an error if another one is.
fn is_there(item: &Item<'_>) -> Result<bool, FetchError> {
    if !item.to.exists() {
        return Ok(false);
    }
    let found = md5(&item.to).map_err(|source| FetchError::disk(&item.to, source))?;
    match found == item.md5 {
        true => Ok(true),
        false => {
            Err(FetchError::OtherFile { path: item.to.clone(), found, wanted: item.md5.to_owned() })
        }
    }
}

fn make_folder(path: &Path) -> Result<(), FetchError> {
    fs::create_dir_all(path).map_err(|source| FetchError::disk(path, source))
}
