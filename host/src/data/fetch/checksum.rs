//! MD5, since that is what is published; and a reader that hashes what goes by.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use md5::{Digest, Md5};
use sha2::Sha256;

use crate::digest::hex;

/// The MD5 of a file, in lower-case hexadecimal.
pub fn md5(path: &Path) -> io::Result<String> {
    let mut hashing = Hashing::<_, Md5>::new(File::open(path)?);
    io::copy(&mut hashing, &mut io::sink())?;
    Ok(hashing.finish())
}

/// The SHA-256 of a file, in lower-case hexadecimal.
pub fn sha256(path: &Path) -> io::Result<String> {
    let mut hashing = Hashing::<_, Sha256>::new(File::open(path)?);
    io::copy(&mut hashing, &mut io::sink())?;
    Ok(hashing.finish())
}

/// A reader that hashes what it reads.
#[derive(Debug)]
pub struct Hashing<R, D> {
    inner: R,
    digest: D,
}

impl<R: Read, D: Digest> Hashing<R, D> {
    /// Of all that `inner` gives from here on.
    pub fn new(inner: R) -> Self {
        Self { inner, digest: D::new() }
    }

    /// The hash of what was read, in lower-case hexadecimal.
    pub fn finish(self) -> String {
        hex(&self.digest.finalize())
    }
}

impl<R: Read, D: Digest> Read for Hashing<R, D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.digest.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_hashes_of_abc() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(md5(&path).unwrap(), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(sha256(&path).unwrap(), crate::digest::sha256(b"abc"));
    }
}
