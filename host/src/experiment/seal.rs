//! JSON files that carry their own checksum: their last key, `seal`, is the SHA-256 of the file
//! without it. A flipped bit anywhere in such a file is found, also one that leaves it readable.

use serde::Serialize;
use serde_json::Value;

use super::record::pretty;
use crate::digest::sha256;

const SEAL: &str = "seal";

/// What a seal says of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seal {
    /// The file is as it was written.
    Whole,
    /// It is not.
    Broken,
    /// It was written before there were seals.
    Missing,
}

/// The bytes of a sealed file.
pub fn sealed(value: &impl Serialize) -> Vec<u8> {
    let plain = pretty(value);
    // Read back, so that the hash is of the very value that a reader sees.
    match serde_json::from_slice(&plain) {
        Ok(Value::Object(mut map)) => {
            map.insert(SEAL.to_owned(), Value::String(sha256(&plain)));
            pretty(&map)
        }
        _ => plain,
    }
}

/// Compares a file with its seal.
pub fn check(bytes: &[u8]) -> Seal {
    let Ok(Value::Object(mut map)) = serde_json::from_slice(bytes) else { return Seal::Broken };
    let Some(seal) = map.get(SEAL).cloned() else { return Seal::Missing };
    // Spaces and the spelling of numbers are part of the file, too.
    if pretty(&map) != bytes {
        return Seal::Broken;
    }
    map.shift_remove(SEAL);
    match seal == Value::String(sha256(&pretty(&map))) {
        true => Seal::Whole,
        false => Seal::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_flipped_bit_of_a_sealed_file_is_found() {
        let value = json!({ "b": 0.1, "a": [1, 2e300, null, "x"], "c": { "d": true } });
        let bytes = sealed(&value);
        assert_eq!(check(&bytes), Seal::Whole);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let found = check(&flipped);
            // The key itself may become another.
            assert_ne!(found, Seal::Whole, "bit {bit}: {}", String::from_utf8_lossy(&flipped));
        }
    }

    #[test]
    fn files_of_before_have_none() {
        assert_eq!(check(&pretty(&json!({ "a": 1 }))), Seal::Missing);
        assert_eq!(check(b"{"), Seal::Broken);
    }
}
