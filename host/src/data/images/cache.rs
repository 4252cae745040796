//! Decoded images on disk, so that the second start takes seconds.
//!
//! A cache is beside the images (`ROOT/.jackpot-cache/`), or in the user's cache folder where it
//! cannot be written there. It is used only if it was made of the same files and is whole:
//!
//! | bytes | what |
//! |---|---|
//! | 16 | `jackpot-images-1` |
//! | 32 | the [`Key`]: SHA-256 of all that the pixels depend on |
//! | N·C·H·W per split | the pixels of training, validation (if any) and test images |
//! | 32 for each begun 8 MiB of a split | SHA-256 of these |
//! | 32 | SHA-256 of the first 48 bytes and the hashes |
//!
//! It is written beside its place and renamed, so that nobody ever sees half of one.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::decode::{Sizing, VERSION};
use super::{Collection, ImageError};
use crate::data::unfinished;
use crate::data::watch::{Stage, Unit, Watch};
use crate::digest;

const MAGIC: &[u8; 16] = b"jackpot-images-1";
const FOLDER: &str = ".jackpot-cache";
const CHUNK: usize = 8 << 20;
const HASH: usize = 32;

/// What the pixels depend on: the version of decoding, the images' shape, and of every file in
/// order its path, size and time of change. A file that changes and keeps both goes unseen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key([u8; HASH]);

impl Key {
    /// Looks at all files.
    pub fn of(collection: &Collection, shape: [usize; 3]) -> Result<Self, ImageError> {
        let mut hasher = Sha256::new();
        let number = |hasher: &mut Sha256, x: u64| hasher.update(x.to_le_bytes());
        number(&mut hasher, u64::from(VERSION));
        number(&mut hasher, u64::from(matches!(collection.sizing, Sizing::Crop(_))));
        shape.into_iter().for_each(|size| number(&mut hasher, size as u64));
        for split in collection.splits() {
            number(&mut hasher, split.len() as u64);
            let about = |path: &PathBuf| {
                let found = fs::metadata(path).and_then(|data| {
                    let time = data.modified()?.duration_since(std::time::UNIX_EPOCH);
                    // Before 1970: as good as any.
                    Ok((data.len(), time.unwrap_or_default()))
                });
                found.map_err(|source| ImageError::Unreadable { path: path.clone(), source })
            };
            let facts: Vec<_> = split.files.par_iter().map(about).collect::<Result<_, _>>()?;
            for (path, (size, time)) in split.files.iter().zip(facts) {
                let path = path.strip_prefix(&collection.root).unwrap_or(path);
                let path = path.as_os_str().as_encoded_bytes();
                number(&mut hasher, path.len() as u64);
                hasher.update(path);
                number(&mut hasher, size);
                number(&mut hasher, time.as_secs());
                number(&mut hasher, u64::from(time.subsec_nanos()));
            }
        }
        Ok(Self(hasher.finalize().into()))
    }
}

/// Where a dataset's cache may be.
#[derive(Debug)]
pub struct Cache {
    places: Vec<PathBuf>,
}

/// Why a cache is not used.
enum Unused {
    /// There is none, or one of other files.
    None,
    Damaged,
}

impl Cache {
    /// The cache of a dataset's folder.
    pub fn new(root: &Path, kind: &str, sizing: Sizing) -> Self {
        let name = match sizing {
            Sizing::Crop(size) => format!("{kind}-{size}.images"),
            _ => format!("{kind}.images"),
        };
        let variable = |name: &str| {
            std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
        };
        let users = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
        Self::within(root, &name, users)
    }

    /// The same with the user's cache folder given.
    fn within(root: &Path, name: &str, users: Option<PathBuf>) -> Self {
        let mut places = vec![root.join(FOLDER).join(name)];
        if let Some(users) = users {
            let full = root.canonicalize().unwrap_or_else(|_| root.to_owned());
            let hash = digest::sha256(full.as_os_str().as_encoded_bytes());
            let hash = hash.get(..16).unwrap_or_default();
            places.push(users.join("jackpot").join(format!("{hash}-{name}")));
        }
        Self { places }
    }

    /// The pixels of splits of so many bytes, if a whole cache of the same files is there.
    pub fn load(&self, key: &Key, lengths: &[usize], watch: &dyn Watch) -> Option<Vec<Vec<u8>>> {
        for place in &self.places {
            match load(place, key, lengths, watch) {
                Ok(pixels) => return Some(pixels),
                Err(Unused::None) => {}
                Err(Unused::Damaged) => watch.note(&format!(
                    "{} is damaged and not used: the images are decoded again",
                    place.display()
                )),
            }
        }
        None
    }

    /// Keeps the pixels. That nothing can be kept is told, and no error.
    pub fn store(&self, key: &Key, pixels: &[Vec<u8>], watch: &dyn Watch) {
        let mut problem = None;
        for (number, place) in self.places.iter().enumerate() {
            match store(place, key, pixels) {
                Ok(()) => {
                    if let Some(problem) = problem.filter(|_| number > 0) {
                        watch.note(&format!(
                            "{problem}; the decoded images are kept in {}",
                            place.display()
                        ));
                    }
                    return;
                }
                Err(error) => {
                    let folder = place.parent().unwrap_or(place).display();
                    problem.get_or_insert(format!("{folder} cannot be written ({error})"));
                }
            }
        }
        if let Some(problem) = problem {
            watch.note(&format!("{problem}; the next start will decode the images again"));
        }
    }
}

fn hashes(split: &[u8]) -> Vec<[u8; HASH]> {
    split.par_chunks(CHUNK).map(|chunk| Sha256::digest(chunk).into()).collect()
}

fn seal(key: &Key, table: &[u8]) -> [u8; HASH] {
    let mut hasher = Sha256::new();
    hasher.update(MAGIC);
    hasher.update(key.0);
    hasher.update(table);
    hasher.finalize().into()
}

fn load(
    place: &Path,
    key: &Key,
    lengths: &[usize],
    watch: &dyn Watch,
) -> Result<Vec<Vec<u8>>, Unused> {
    let mut file = File::open(place).map_err(|_| Unused::None)?;
    let damaged = |_: io::Error| Unused::Damaged;
    let (mut magic, mut found) = ([0; 16], [0; HASH]);
    file.read_exact(&mut magic).map_err(damaged)?;
    file.read_exact(&mut found).map_err(damaged)?;
    if &magic != MAGIC || found != key.0 {
        return Err(Unused::None);
    }
    let table_length: usize = lengths.iter().map(|length| length.div_ceil(CHUNK) * HASH).sum();
    let whole = magic.len() + HASH + lengths.iter().sum::<usize>() + table_length + HASH;
    if file.metadata().map_err(damaged)?.len() != whole as u64 {
        return Err(Unused::Damaged);
    }
    let total = lengths.iter().sum::<usize>() as u64;
    let _stage = Stage::begin(watch, "reading decoded images", Some(total), 0, Unit::Bytes);
    let (mut pixels, mut table) = (Vec::with_capacity(lengths.len()), Vec::new());
    for &length in lengths {
        let mut split = vec![0; length];
        for chunk in split.chunks_mut(CHUNK) {
            file.read_exact(chunk).map_err(damaged)?;
            watch.advance(chunk.len() as u64);
        }
        table.extend(hashes(&split).concat());
        pixels.push(split);
    }
    let mut end = vec![0; table_length + HASH];
    file.read_exact(&mut end).map_err(damaged)?;
    table.extend(seal(key, &table));
    if end == table { Ok(pixels) } else { Err(Unused::Damaged) }
}

fn store(place: &Path, key: &Key, pixels: &[Vec<u8>]) -> io::Result<()> {
    let folder = place.parent().unwrap_or(place);
    fs::create_dir_all(folder)?;
    unfinished::tidy(folder);
    let mut file = tempfile::Builder::new()
        .prefix(unfinished::PREFIX)
        // As the user's umask has it: others may share the data.
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    file.write_all(MAGIC)?;
    file.write_all(&key.0)?;
    pixels.iter().try_for_each(|split| file.write_all(split))?;
    let table = pixels.iter().flat_map(|split| hashes(split)).collect::<Vec<_>>().concat();
    file.write_all(&table)?;
    file.write_all(&seal(key, &table))?;
    file.as_file().sync_all()?;
    file.persist(place)?;
    Ok(())
}

#[cfg(test)]
mod tests;
