//! Archives as they are published, and as nobody should publish them.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use md5::{Digest, Md5};
use zip::write::SimpleFileOptions;

/// The MD5 in hexadecimal.
pub fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes as a `.gz` file.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// All files below `folder`, with their names from its parent on.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder.parent().unwrap()).unwrap();
                found.push((name.to_str().unwrap().to_owned(), fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// A folder as a `.tar.gz`.
pub fn tar_gz(folder: &Path) -> Vec<u8> {
    tar_gz_of(&files(folder))
}

/// Files of these names as a `.tar.gz`, whatever the names.
pub fn tar_gz_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        builder.append(&header(name, tar::EntryType::Regular, bytes.len()), &bytes[..]).unwrap();
    }
    gzip(&builder.into_inner().unwrap())
}

/// A folder as a `.tar.gz`, with one more entry: a link of that name to that target.
pub fn tar_gz_with_link(folder: &Path, name: &str, target: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut link = header(name, tar::EntryType::Symlink, 0);
    link.set_link_name(target).unwrap();
    link.set_cksum();
    builder.append(&link, &[][..]).unwrap();
    for (name, bytes) in files(folder) {
        builder.append(&header(&name, tar::EntryType::Regular, bytes.len()), &bytes[..]).unwrap();
    }
    gzip(&builder.into_inner().unwrap())
}

fn header(name: &str, kind: tar::EntryType, size: usize) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    // Straight into the field: the library would refuse `..`.
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size as u64);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

/// A folder as a `.zip`.
pub fn zip(folder: &Path) -> Vec<u8> {
    zip_of(&files(folder))
}

/// Files of these names as a `.zip`, whatever the names.
pub fn zip_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
