//! The fixed hash that turns a stream's name into a 64-bit key. Stored results depend on it: it
//! never changes.

/// SplitMix64's increment: the golden ratio in 64-bit fixed point.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
/// FNV-1a's offset basis and prime for 64 bits.
const FNV_BASIS: u64 = 0xCBF2_9CE4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01B3;

/// The key of a seed and a purpose: `absorb(mix(seed), fnv1a(purpose))`.
pub fn key(seed: u64, purpose: &str) -> u64 {
    absorb(mix(seed), fnv1a(purpose.as_bytes()))
}

/// Takes one more number into a key: `mix(key ^ mix(value))`.
pub fn absorb(key: u64, value: u64) -> u64 {
    mix(key ^ mix(value))
}

/// SplitMix64's output for the state `x`: a bijection.
fn mix(x: u64) -> u64 {
    let z = x.wrapping_add(GOLDEN);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// FNV-1a of 64 bits.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(FNV_BASIS, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_the_published_functions() {
        // The first two outputs of SplitMix64 from the state 0.
        assert_eq!(mix(0), 0xE220_A839_7B1D_CDAF);
        assert_eq!(mix(GOLDEN), 0x6E78_9E6A_A1B9_65F4);
        // FNV-1a's published values.
        assert_eq!(fnv1a(b""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xAF63_DC4C_8601_EC8C);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_F739_67E8);
    }

    #[test]
    fn seeds_and_purposes_are_told_apart() {
        let keys = [key(0, "a"), key(1, "a"), key(0, "b"), key(0, ""), key(1, "")];
        for (i, a) in keys.iter().enumerate() {
            assert!(keys[..i].iter().all(|b| a != b));
        }
    }
}
