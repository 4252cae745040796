//! The tarball: the same files give the same bytes, whoever packs them when and where.

use std::io::Write;

use flate2::{Compression, GzBuilder};

use crate::stage::Files;

/// 1980-01-01, the first day that a zip file knows, too.
const MODIFIED: u64 = 315_532_800;

/// The files in a folder of that name, as a `.tar.gz`.
///
/// # Errors
///
/// A path is longer than the format takes.
pub fn tarball(folder: &str, files: &Files) -> std::io::Result<Vec<u8>> {
    // Without a time and a name in its header.
    let gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    let mut tar = tar::Builder::new(gzip);
    for (path, entry) in files {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(entry.bytes.len() as u64);
        header.set_mode(if entry.executable { 0o755 } else { 0o644 });
        header.set_mtime(MODIFIED);
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, format!("{folder}/{path}"), entry.bytes.as_slice())?;
    }
    let mut gzip = tar.into_inner()?;
    gzip.flush()?;
    gzip.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;
    use crate::stage::{Entry, plain};

    #[test]
    fn files_keep_their_bytes_and_modes() {
        let long = format!("docs/{}", "x".repeat(150));
        let files = Files::from([
            (long.clone(), plain("b")),
            ("bin/jackpot".to_owned(), Entry { bytes: b"a".to_vec(), executable: true }),
        ]);
        let bytes = tarball("jackpot-1", &files).unwrap();
        assert_eq!(bytes, tarball("jackpot-1", &files).unwrap());
        let mut archive = tar::Archive::new(GzDecoder::new(bytes.as_slice()));
        let mut found = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            let path = entry.path().unwrap().to_str().unwrap().to_owned();
            found.push((path, entry.header().mode().unwrap(), text));
        }
        let expected = [
            ("jackpot-1/bin/jackpot".to_owned(), 0o755, "a".to_owned()),
            (format!("jackpot-1/{long}"), 0o644, "b".to_owned()),
        ];
        assert_eq!(found, expected);
    }
}
