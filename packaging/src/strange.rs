//! Nothing of the build's machine may be in a file: no folder to look for libraries in, and no
//! folder's name.

use crate::elf::Needs;
use crate::error::Failure;

/// Looks at one of the programs and libraries.
///
/// # Errors
///
/// It has a run path, or one of the `forbidden` texts.
pub fn check(
    file: &str,
    bytes: &[u8],
    needs: &Needs,
    forbidden: &[Vec<u8>],
) -> Result<(), Failure> {
    if let Some(folder) = &needs.run_path {
        return Err(Failure::RunPath { file: file.to_owned(), folder: folder.clone() });
    }
    match forbidden.iter().find_map(|text| find(bytes, text)) {
        Some(place) => Err(Failure::Strange { file: file.to_owned(), text: around(bytes, place) }),
        None => Ok(()),
    }
}

fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    if text.is_empty() {
        return None;
    }
    // The first byte of a path, `/`, is common; its last is not.
    let (&last, rest) = text.split_last()?;
    let ends = bytes.iter().enumerate().skip(rest.len()).filter(|(_, byte)| **byte == last);
    ends.map(|(end, _)| end - rest.len()).find(|&start| bytes[start..].starts_with(text))
}

/// The printable text from that place on, at most 100 characters.
fn around(bytes: &[u8], place: usize) -> String {
    let text = bytes[place..].iter().take_while(|byte| (32..127).contains(*byte)).take(100);
    text.map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_the_build_are_found() {
        let none = Needs::default();
        let forbidden = [b"/home/me/src".to_vec(), b"".to_vec()];
        let at = |bytes: &[u8]| check("x", bytes, &none, &forbidden).map_err(|f| f.to_string());
        assert_eq!(at(b""), Ok(()));
        assert_eq!(at(b"\0/home/me/sr\0c/home/m"), Ok(()));
        let expected = "x has the name of a folder of this machine in it: /home/me/src/host/a.rs";
        assert_eq!(at(b"cc\0/home/me/src/host/a.rs\0dd"), Err(expected.into()));
    }

    #[test]
    fn a_run_path_is_refused() {
        let needs = Needs { run_path: Some("/opt/torch/lib".into()), ..Needs::default() };
        let failure = check("x", b"", &needs, &[]).unwrap_err().to_string();
        assert!(failure.starts_with("x looks for libraries in `/opt/torch/lib`"), "{failure}");
    }
}
