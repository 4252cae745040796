//! Checks a file's bytes before the system's loader sees them: a truncated ELF file kills the
//! process with SIGBUS inside `dlopen`.

use jackpot_plugin_api::abi::{STAMP_LEN, STAMP_SYMBOL};
use object::elf::{EM_X86_64, ET_DYN, FileHeader64};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader, Sym};
use object::{Endianness, elf};

use crate::plugin::error::LoadProblem;

/// The symbol of abi_stable's header.
const ROOT_SYMBOL: &str = abi_stable::library::ROOT_MODULE_LOADER_NAME;

type Header = FileHeader64<Endianness>;

/// Checks that a file is a whole shared library for this machine that exports a plugin's symbols,
/// and gives its version stamp.
pub fn check(bytes: &[u8]) -> Result<&[u8], LoadProblem> {
    if bytes.is_empty() {
        return Err(LoadProblem::Empty);
    }
    if !bytes.starts_with(&elf::ELFMAG) {
        return Err(LoadProblem::NotElf(begin(bytes)));
    }
    if bytes.len() < size_of::<Header>() {
        return Err(truncated("it ends inside its header"));
    }
    if bytes[4] != elf::ELFCLASS64.0 || bytes[5] != elf::ELFDATA2LSB.0 {
        return Err(LoadProblem::WrongType("not 64-bit little-endian".to_owned()));
    }
    let header = Header::parse(bytes).map_err(|e| LoadProblem::WrongType(e.to_string()))?;
    let endian = header.endian().map_err(|e| LoadProblem::WrongType(e.to_string()))?;
    if header.e_type(endian) != ET_DYN {
        return Err(LoadProblem::WrongType(type_name(header.e_type(endian).0)));
    }
    if header.e_machine(endian) != EM_X86_64 {
        let found = machine_name(header.e_machine(endian).0);
        return Err(LoadProblem::WrongMachine { found, expected: "x86-64" });
    }
    check_extent(header, endian, bytes)?;
    find_stamp(header, endian, bytes)
}

/// Every part that a header names lies inside the file.
fn check_extent(header: &Header, endian: Endianness, bytes: &[u8]) -> Result<(), LoadProblem> {
    let size = bytes.len() as u64;
    let inside = |offset: u64, length: u64, what: &str| match offset.checked_add(length) {
        Some(end) if end <= size => Ok(()),
        _ => Err(truncated(&format!("{what} does not lie inside the file's {size} bytes"))),
    };
    let segments = header
        .program_headers(endian, bytes)
        .map_err(|_| truncated("the program headers do not lie inside the file"))?;
    if segments.is_empty() {
        return Err(LoadProblem::WrongType("it has no segments".to_owned()));
    }
    for (index, segment) in segments.iter().enumerate() {
        let (offset, length) = (segment.p_offset(endian), segment.p_filesz(endian));
        inside(offset, length, &format!("segment {index}"))?;
    }
    let sections = header
        .section_headers(endian, bytes)
        .map_err(|_| truncated("the section table does not lie inside the file"))?;
    for (index, section) in sections.iter().enumerate() {
        if let Some((offset, length)) = section.file_range(endian) {
            inside(offset, length, &format!("section {index}"))?;
        }
    }
    Ok(())
}

/// The stamp's bytes; also makes sure that the root symbol is there.
fn find_stamp<'a>(
    header: &Header,
    endian: Endianness,
    bytes: &'a [u8],
) -> Result<&'a [u8], LoadProblem> {
    let broken = |error: object::read::Error| truncated(&error.to_string());
    let sections = header.sections(endian, bytes).map_err(broken)?;
    let symbols = sections.symbols(endian, bytes, elf::SHT_DYNSYM).map_err(broken)?;
    let find = |name: &str| {
        symbols.iter().find(|symbol| {
            !symbol.is_undefined(endian)
                && symbol.name(endian, symbols.strings()).is_ok_and(|n| n == name.as_bytes())
        })
    };
    let stamp = find(STAMP_SYMBOL).ok_or(LoadProblem::NoPlugin(STAMP_SYMBOL))?;
    find(ROOT_SYMBOL).ok_or(LoadProblem::NoPlugin(ROOT_SYMBOL))?;
    let address = stamp.st_value(endian);
    let segments = header.program_headers(endian, bytes).map_err(broken)?;
    let place = segments.iter().find_map(|segment| {
        let start = segment.p_vaddr(endian);
        let within = address.checked_sub(start)?;
        let end = within.checked_add(STAMP_LEN as u64)?;
        (segment.p_type(endian) == elf::PT_LOAD && end <= segment.p_filesz(endian))
            .then(|| segment.p_offset(endian) + within)
    });
    let start = usize::try_from(place.ok_or(LoadProblem::NoPlugin(STAMP_SYMBOL))?)
        .map_err(|_| LoadProblem::NoPlugin(STAMP_SYMBOL))?;
    bytes.get(start..start + STAMP_LEN).ok_or(LoadProblem::NoPlugin(STAMP_SYMBOL))
}

fn truncated(what: &str) -> LoadProblem {
    LoadProblem::Truncated(what.to_owned())
}

/// The first bytes as a reader would recognise them.
fn begin(bytes: &[u8]) -> String {
    let start: String = bytes[..bytes.len().min(16)]
        .iter()
        .map(|&byte| if (32..127).contains(&byte) { char::from(byte) } else { '.' })
        .collect();
    format!("`{start}`")
}

fn type_name(kind: u16) -> String {
    match kind {
        1 => "an object file".to_owned(),
        2 => "an executable".to_owned(),
        4 => "a core dump".to_owned(),
        other => format!("type {other}"),
    }
}

fn machine_name(machine: u16) -> String {
    match machine {
        183 => "aarch64".to_owned(),
        3 => "32-bit x86".to_owned(),
        243 => "RISC-V".to_owned(),
        other => format!("machine {other}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_library_is_named() {
        assert_eq!(check(b"").unwrap_err(), LoadProblem::Empty);
        let text = check(b"#!/bin/sh\necho hello\n").unwrap_err().to_string();
        assert!(text.contains("`#!/bin/sh.echo h`"), "{text}");
        assert!(matches!(check(b"\x7fELF").unwrap_err(), LoadProblem::Truncated(_)));
    }

    #[test]
    fn another_machine_is_named() {
        let mut header = vec![0; 64];
        header[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        header[16] = 3; // ET_DYN
        header[18] = 183; // aarch64
        header[20] = 1;
        let error = check(&header).unwrap_err();
        let found = "aarch64".to_owned();
        assert_eq!(error, LoadProblem::WrongMachine { found, expected: "x86-64" });
    }

    #[test]
    fn an_executable_without_our_symbols_is_no_plugin() {
        // The test program itself is a position-independent ELF file without a stamp.
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(check(&own).unwrap_err(), LoadProblem::NoPlugin(STAMP_SYMBOL));
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged_without_a_panic(tail in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
            bytes.extend(tail);
            prop_assert!(check(&bytes).is_err());
        }
    }
}
