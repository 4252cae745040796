//! The Python wheel (PEP 427): a zip file whose folders `NAME.data/scripts` and `NAME.data/data`
//! go to `bin` and to the root of the environment, and `NAME.dist-info` that says what it is.

use std::fmt::Write as _;
use std::io::{Cursor, Write};

use sha2::{Digest, Sha256};
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::VERSION;
use crate::stage::{Files, plain};

/// What the engine is linked with, as pip writes versions.
pub const TORCH: &str = "torch==2.11.*";

/// A wheel.
pub struct Wheel<'a> {
    /// The N of `manylinux_2_N`.
    pub policy: u32,
    /// `bin/` and what belongs elsewhere in the environment.
    pub files: &'a Files,
    /// By their names.
    pub licences: &'a Files,
    /// The description, in Markdown.
    pub readme: &'a str,
}

impl Wheel<'_> {
    fn tag(&self) -> String {
        format!("py3-none-manylinux_2_{}_x86_64", self.policy)
    }

    /// `jackpot-0.1.0-py3-none-manylinux_2_35_x86_64.whl`.
    pub fn name(&self) -> String {
        format!("jackpot-{VERSION}-{}.whl", self.tag())
    }

    /// Its bytes: the same files give the same.
    ///
    /// # Errors
    ///
    /// It would be too large for the format.
    pub fn bytes(&self) -> ZipResult<Vec<u8>> {
        let info = format!("jackpot-{VERSION}.dist-info");
        let mut files = Files::new();
        for (path, entry) in self.files {
            let to = match path.strip_prefix("bin/") {
                Some(program) => format!("jackpot-{VERSION}.data/scripts/{program}"),
                None => format!("jackpot-{VERSION}.data/data/{path}"),
            };
            files.insert(to, entry.clone());
        }
        for (name, entry) in self.licences {
            files.insert(format!("{info}/licenses/{name}"), entry.clone());
        }
        files.insert(format!("{info}/METADATA"), plain(self.metadata()));
        files.insert(format!("{info}/WHEEL"), plain(self.wheel()));
        let record = format!("{info}/RECORD");
        let mut lines = String::new();
        for (path, entry) in &files {
            let hash = base64(&Sha256::digest(&entry.bytes));
            let _ = writeln!(lines, "{path},sha256={hash},{}", entry.bytes.len());
        }
        // Its own hash it cannot have.
        let _ = writeln!(lines, "{record},,");
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let record = (record, plain(lines));
        for (path, entry) in files.iter().chain([(&record.0, &record.1)]) {
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Deflated)
                .compression_level(Some(9))
                .last_modified_time(DateTime::default())
                .unix_permissions(if entry.executable { 0o755 } else { 0o644 });
            zip.start_file(path.as_str(), options)?;
            zip.write_all(&entry.bytes)?;
        }
        Ok(zip.finish()?.into_inner())
    }

    fn metadata(&self) -> String {
        let mut text = format!(
            "Metadata-Version: 2.4\n\
             Name: jackpot\n\
             Version: {VERSION}\n\
             Summary: Draws lottery tickets, spends them under tweaks, reports what helps\n\
             License-Expression: {}\n",
            env!("CARGO_PKG_LICENSE")
        );
        for name in self.licences.keys() {
            let _ = writeln!(text, "License-File: {name}");
        }
        let _ = write!(
            text,
            "Requires-Python: >=3.10\n\
             Requires-Dist: {TORCH}\n\
             Description-Content-Type: text/markdown\n\n{}",
            self.readme
        );
        text
    }

    fn wheel(&self) -> String {
        format!(
            "Wheel-Version: 1.0\n\
             Generator: jackpot-packaging {VERSION}\n\
             Root-Is-Purelib: false\n\
             Tag: {}\n",
            self.tag()
        )
    }
}

/// As RECORD has its hashes: for URLs, without padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut bits = [0; 4];
        bits[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(bits);
        for digit in 0..=chunk.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read;

    use zip::ZipArchive;

    use super::*;
    use crate::stage::Entry;

    fn wheel() -> Vec<u8> {
        let files = Files::from([
            ("bin/jackpot".to_owned(), Entry { bytes: b"launcher".to_vec(), executable: true }),
            ("lib/jackpot/plugins/libswish.so".to_owned(), plain("swish")),
        ]);
        let licences = Files::from([("LICENSE-MIT".to_owned(), plain("MIT"))]);
        let wheel = Wheel { policy: 35, files: &files, licences: &licences, readme: "# Jackpot\n" };
        assert_eq!(wheel.name(), format!("jackpot-{VERSION}-py3-none-manylinux_2_35_x86_64.whl"));
        wheel.bytes().unwrap()
    }

    /// Path → mode and bytes.
    fn unpacked(bytes: Vec<u8>) -> BTreeMap<String, (u32, Vec<u8>)> {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut files = BTreeMap::new();
        for index in 0..archive.len() {
            let mut file = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            files.insert(file.name().unwrap().into_owned(), (file.unix_mode().unwrap(), bytes));
        }
        files
    }

    #[test]
    fn the_launcher_goes_to_bin_and_can_be_executed() {
        let files = unpacked(wheel());
        let at = |path: &str| files[&format!("jackpot-{VERSION}.{path}")].clone();
        // A regular file, which pip makes executable by these bits.
        assert_eq!(at("data/scripts/jackpot"), (0o100_755, b"launcher".to_vec()));
        let plugin = at("data/data/lib/jackpot/plugins/libswish.so");
        assert_eq!(plugin, (0o100_644, b"swish".to_vec()));
    }

    #[test]
    fn it_says_what_it_is_and_what_it_needs() {
        let files = unpacked(wheel());
        let text = |name: &str| {
            let (_, bytes) = &files[&format!("jackpot-{VERSION}.dist-info/{name}")];
            String::from_utf8(bytes.clone()).unwrap()
        };
        let metadata = text("METADATA");
        assert!(metadata.contains("\nRequires-Dist: torch==2.11.*\n"), "{metadata}");
        assert!(metadata.contains("\nLicense-Expression: MIT OR Apache-2.0\n"), "{metadata}");
        assert!(metadata.contains("\nLicense-File: LICENSE-MIT\n"), "{metadata}");
        assert!(metadata.ends_with("\n\n# Jackpot\n"), "{metadata}");
        assert!(text("WHEEL").contains("\nTag: py3-none-manylinux_2_35_x86_64\n"));
        assert_eq!(text("licenses/LICENSE-MIT"), "MIT");
    }

    #[test]
    fn every_file_is_recorded_with_its_hash() {
        let files = unpacked(wheel());
        let own = format!("jackpot-{VERSION}.dist-info/RECORD");
        let record = String::from_utf8(files[&own].1.clone()).unwrap();
        let lines: Vec<&str> = record.lines().collect();
        assert_eq!(lines.len(), files.len());
        for (path, (_, bytes)) in &files {
            let begin = format!("{path},");
            let line = lines.iter().find_map(|line| line.strip_prefix(&begin));
            let expected = match *path == own {
                true => ",".to_owned(),
                false => format!("sha256={},{}", base64(&Sha256::digest(bytes)), bytes.len()),
            };
            assert_eq!(line, Some(expected.as_str()), "{path}");
        }
        // By another program: Python's hashlib and base64
        assert!(
            record.contains("libswish.so,sha256=Y3GKUO5X0yAefahZ8q07BDIVqDGOATLmgCrrU5jUSB0,5\n"),
            "{record}"
        );
    }

    #[test]
    fn it_is_the_same_each_time() {
        assert_eq!(wheel(), wheel());
    }

    #[test]
    fn digits_for_urls() {
        // RFC 4648, section 10; and bytes that give the two digits that differ in URLs.
        for (bytes, text) in [
            (b"".as_slice(), ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg"),
            (b"foobar", "Zm9vYmFy"),
            (&[0xfb, 0xff], "-_8"),
        ] {
            assert_eq!(base64(bytes), text);
        }
    }
}
