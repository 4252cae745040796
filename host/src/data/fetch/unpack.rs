//! An archive → the folder in it, whole or not at all, and never beside it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use sha2::Sha256;
use tar::EntryType;

use super::checksum::Hashing;
use super::error::FetchError;
use super::receipt::Receipt;
use super::{Order, make_folder};
use crate::data::unfinished;
use crate::data::watch::{Stage, Unit, Watch};

/// Unpacks the dataset's folder from the archive to its place; `md5` is the archive's.
pub fn unpack(
    archive: &Path,
    order: &Order<'_>,
    md5: &str,
    watch: &dyn Watch,
) -> Result<(), FetchError> {
    make_folder(order.root)?;
    let temporary = tempfile::Builder::new()
        .prefix(unfinished::PREFIX)
        .tempdir_in(order.root)
        .map_err(|source| FetchError::disk(order.root, source))?;
    let wrong = |problem: String| FetchError::Unpack { archive: archive.to_owned(), problem };
    let mut target =
        Target { into: temporary.path(), folder: order.dataset.folder, files: BTreeMap::new() };
    let name = archive.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let file = File::open(archive).map_err(|source| FetchError::disk(archive, source))?;
    let length = file.metadata().map(|data| data.len()).unwrap_or_default();
    let stage = Stage::begin(watch, &format!("unpacking {name}"), Some(length), 0, Unit::Bytes);
    let unpacked = match name.ends_with(".zip") {
        true => unzip(file, &mut target, watch),
        false => untar(Counted { file, watch }, &mut target),
    };
    unpacked.map_err(wrong)?;
    drop(stage);
    if target.files.is_empty() {
        return Err(wrong(format!("it has no files in a folder {}", order.dataset.folder)));
    }
    let found = temporary.path().join(order.dataset.folder);
    Receipt { archive: name, md5: md5.to_owned(), files: target.files }.write(&found)?;
    let place = order.folder();
    fs::rename(&found, &place).map_err(|source| FetchError::disk(&place, source))
}

/// Where an archive's files go.
struct Target<'a> {
    into: &'a Path,
    /// The only folder of the archive that is taken.
    folder: &'static str,
    files: BTreeMap<String, String>,
}

impl Target<'_> {
    /// Writes a file of the archive; one outside of the folder is left out, one outside of the
    /// archive an error.
    fn write(&mut self, name: &str, content: impl Read) -> Result<(), String> {
        let path = inside(name)?;
        let Ok(within) = path.strip_prefix(self.folder) else { return Ok(()) };
        let within = within.to_string_lossy().into_owned();
        let place = self.into.join(&path);
        let told = |error: io::Error| format!("{name}: {error}");
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).map_err(told)?;
        }
        // Not over a file of the same name: an archive has each once.
        let mut file = File::create_new(&place).map_err(told)?;
        let mut hashing = Hashing::<_, Sha256>::new(content);
        io::copy(&mut hashing, &mut file).map_err(told)?;
        self.files.insert(within, hashing.finish());
        Ok(())
    }
}

/// The path of an archive's entry, if it stays inside.
fn inside(name: &str) -> Result<PathBuf, String> {
    let mut path = PathBuf::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(format!("its entry `{name}` leads out of the folder"));
            }
        }
    }
    match path.as_os_str().is_empty() || name.contains(['\0', '\\']) {
        true => Err(format!("its entry `{name}` has no usable name")),
        false => Ok(path),
    }
}

fn untar(file: impl Read, target: &mut Target<'_>) -> Result<(), String> {
    let damaged = |error: io::Error| format!("it is damaged ({error})");
    let mut archive = tar::Archive::new(MultiGzDecoder::new(file));
    for entry in archive.entries().map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        let name = entry.path().map_err(damaged)?.to_string_lossy().into_owned();
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                target.write(&name, entry)?;
            }
            EntryType::Directory | EntryType::XGlobalHeader => {}
            _ => return Err(format!("its entry `{name}` is neither a file nor a folder")),
        }
    }
    // The checksum of gzip is at its end, after all entries.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(damaged)?;
    Ok(())
}

fn unzip(file: File, target: &mut Target<'_>, watch: &dyn Watch) -> Result<(), String> {
    let damaged = |error: zip::result::ZipError| format!("it is damaged ({error})");
    let mut archive = zip::ZipArchive::new(io::BufReader::new(file)).map_err(damaged)?;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?.into_owned();
        let packed = entry.compressed_size();
        if entry.is_symlink() {
            return Err(format!("its entry `{name}` is neither a file nor a folder"));
        }
        if !entry.is_dir() {
            target.write(&name, entry)?;
        }
        watch.advance(packed);
    }
    Ok(())
}

/// Tells how much of a file was read.
struct Counted<'a> {
    file: File,
    watch: &'a dyn Watch,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.watch.advance(count as u64);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stay_inside() {
        for good in ["a", "a/b", "./a/./b"] {
            assert!(inside(good).is_ok(), "{good}");
        }
        assert_eq!(inside("./a/b").unwrap(), Path::new("a/b"));
        for bad in ["../a", "a/../../b", "/a", "a/..", "", ".", "a\\..\\b", "a\0"] {
            assert!(inside(bad).is_err(), "{bad}");
        }
    }
}
