//! Frames on a stream: a length and that many bytes.

use std::io::{self, Read, Write};

/// Writes a frame, whole.
///
/// # Errors
///
/// A message of 4 GiB and more; what the stream says.
pub fn write_frame(stream: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a message of 4 GiB or more"))?;
    stream.write_all(&length.to_le_bytes())?;
    stream.write_all(bytes)?;
    stream.flush()
}

/// Reads a frame; `None` where the stream ends before one.
///
/// # Errors
///
/// A stream that ends in the middle of a frame; what the stream says.
pub fn read_frame(stream: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    let first = loop {
        match stream.read(&mut length[..1]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => break read?,
        }
    };
    if first == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut length[1..])?;
    let length = u64::from(u32::from_le_bytes(length));
    let mut bytes = Vec::new();
    // Not all at once: what begins with a wrong length is no reason to ask for so much memory.
    stream.take(length).read_to_end(&mut bytes)?;
    match bytes.len() as u64 == length {
        true => Ok(Some(bytes)),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_follow_each_other() {
        let mut stream = Vec::new();
        write_frame(&mut stream, b"abc").unwrap();
        write_frame(&mut stream, b"").unwrap();
        assert_eq!(stream, b"\x03\0\0\0abc\0\0\0\0");
        let mut stream = stream.as_slice();
        assert_eq!(read_frame(&mut stream).unwrap().as_deref(), Some(&b"abc"[..]));
        assert_eq!(read_frame(&mut stream).unwrap().as_deref(), Some(&b""[..]));
        assert_eq!(read_frame(&mut stream).unwrap(), None);
    }

    #[test]
    fn a_frame_that_is_cut_off_is_an_error() {
        for cut in [&b"\x03\0"[..], b"\x03\0\0\0ab", b"\xff\xff\xff\xffab"] {
            let error = read_frame(&mut &*cut).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{cut:?}");
        }
    }
}
