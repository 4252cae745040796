//! The version stamp: readable from the file's bytes, before anything is loaded.

/// The version of the border. Whatever one number promises is in `abi-1.txt`.
pub const ABI: u32 = 1;

/// The exported symbol that holds the stamp.
pub const STAMP_SYMBOL: &str = "JACKPOT_PLUGIN_STAMP";

/// The stamp's size in bytes.
pub const STAMP_LEN: usize = 64;

const MAGIC: &str = "jackpot-plugin";

/// The text `jackpot-plugin abi=1 api=0.1.0`, filled up with zero bytes.
pub const fn stamp() -> [u8; STAMP_LEN] {
    // The number is written by hand since `const fn` cannot format; a test holds the two together.
    let bytes = write([0; STAMP_LEN], 0, "jackpot-plugin abi=1 api=");
    write(bytes, "jackpot-plugin abi=1 api=".len(), crate::VERSION)
}

const fn write(mut bytes: [u8; STAMP_LEN], start: usize, text: &str) -> [u8; STAMP_LEN] {
    let mut i = 0;
    while i < text.len() {
        bytes[start + i] = text.as_bytes()[i];
        i += 1;
    }
    bytes
}

/// What a stamp says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The border's version.
    pub abi: u32,
    /// The version of `jackpot-plugin-api`.
    pub api: String,
}

impl Stamp {
    /// Reads a stamp; `None` if it is none.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?.trim_end_matches('\0');
        let mut words = text.split(' ');
        if words.next()? != MAGIC {
            return None;
        }
        let abi = words.next()?.strip_prefix("abi=")?.parse().ok()?;
        let api = words.next()?.strip_prefix("api=")?.to_owned();
        Some(Self { abi, api })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_this_version() {
        let api = env!("CARGO_PKG_VERSION").to_owned();
        assert_eq!(Stamp::parse(&stamp()), Some(Stamp { abi: ABI, api }));
    }

    #[test]
    fn other_bytes_are_no_stamp() {
        for bytes in [&b""[..], b"\0\0", b"jackpot-plugin", b"jackpot-plugin abi=x api=1", b"\xff"]
        {
            assert_eq!(Stamp::parse(bytes), None, "{bytes:?}");
        }
    }
}
