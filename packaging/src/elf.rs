//! What a program or library needs of the machine that it runs on, read from its ELF file.

use std::collections::BTreeSet;

use object::elf::{DT_NEEDED, DT_RPATH, DT_RUNPATH, FileHeader64};
use object::read::elf::{Dyn, FileHeader};
use object::{Endianness, read};

use crate::error::Failure;

/// What it needs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Libraries, such as `libc.so.6`.
    pub libraries: BTreeSet<String>,
    /// Versions of symbols, such as `GLIBC_2.34`.
    pub symbols: BTreeSet<String>,
    /// Where it looks for libraries itself (`DT_RUNPATH`, `DT_RPATH`).
    pub run_path: Option<String>,
}

/// Whether these bytes claim to be an ELF file.
pub fn is_elf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF")
}

/// Reads a file of the package.
///
/// # Errors
///
/// It is no whole 64-bit ELF file.
pub fn needs(file: &str, bytes: &[u8]) -> Result<Needs, Failure> {
    parse(bytes).map_err(|error| Failure::Elf { file: file.to_owned(), why: error.to_string() })
}

fn parse(bytes: &[u8]) -> read::Result<Needs> {
    let header = FileHeader64::<Endianness>::parse(bytes)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, bytes)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut needs = Needs::default();
    if let Some((entries, link)) = sections.dynamic(endian, bytes)? {
        let strings = sections.strings(endian, bytes, link)?;
        for entry in entries {
            match entry.tag(endian) {
                DT_NEEDED => _ = needs.libraries.insert(text(entry.string(endian, strings)?)),
                DT_RPATH | DT_RUNPATH => {
                    needs.run_path = Some(text(entry.string(endian, strings)?));
                }
                _ => {}
            }
        }
    }
    if let Some((mut files, link)) = sections.gnu_verneed(endian, bytes)? {
        let strings = sections.strings(endian, bytes, link)?;
        while let Some((_, mut versions)) = files.next()? {
            while let Some(version) = versions.next()? {
                needs.symbols.insert(text(version.name(endian, strings)?));
            }
        }
    }
    Ok(needs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_test_needs_the_systems_library() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let needs = needs("own", &own).unwrap();
        assert!(needs.libraries.contains("libc.so.6"), "{needs:?}");
        // Every program on x86-64 has a symbol of the first glibc there was for it.
        assert!(needs.symbols.contains("GLIBC_2.2.5"), "{needs:?}");
        assert_eq!(needs.run_path, None);
    }

    #[test]
    fn what_is_no_elf_file_is_told() {
        let failure = needs("bin/x", b"\x7fELF").unwrap_err().to_string();
        assert!(failure.starts_with("bin/x is no whole ELF file: "), "{failure}");
    }
}
