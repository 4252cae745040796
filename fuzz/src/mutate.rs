//! Spoils good bytes: a function of the samples and a number.

/// A sequence of numbers that look random (splitmix64, Steele et al. 2014).
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// The sequence of input `number` under `seed`.
    pub fn new(seed: u64, number: u64) -> Self {
        let mut rng = Self(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        rng.next();
        rng
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to below `limit`, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// Numbers at which readers stumble, as they may stand in a file.
const NUMBERS: [u64; 12] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0xffff_ffff_ffff_fff0,
    0xffff_ffff_ffff_ffff,
];

/// The same as texts, and what else stands in texts.
const TEXTS: [&str; 24] = [
    "0",
    "-1",
    "1e308",
    "1e-320",
    "-0.0",
    "NaN",
    "inf",
    "9223372036854775807",
    "18446744073709551616",
    "99999999999999999999999999",
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "\\u0000",
    "\\ud800",
    "[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":",
    "'''",
    "\"\"\"",
    "\u{feff}",
    "\u{202e}x",
    ",",
];

/// Input `number`: a sample after one to six changes, now and then untouched.
pub fn input(samples: &[Vec<u8>], seed: u64, number: u64) -> Vec<u8> {
    let mut rng = Rng::new(seed, number);
    let mut bytes = samples[rng.below(samples.len())].clone();
    if rng.below(1000) == 0 {
        return bytes;
    }
    for _ in 0..=rng.below(6) {
        change(&mut bytes, samples, &mut rng);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, samples: &[Vec<u8>], rng: &mut Rng) {
    if bytes.is_empty() {
        bytes.push(rng.below(256) as u8);
        return;
    }
    // Headers are at the beginning, and most of what can go wrong is in them.
    let near = [16, 64, 512, usize::MAX][rng.below(4)].min(bytes.len());
    let at = rng.below(near);
    let room = bytes.len() - at;
    match rng.below(10) {
        0 | 1 => bytes[at] ^= 1 << rng.below(8),
        2 => bytes[at] = rng.below(256) as u8,
        3 => number(&mut bytes[at..], rng),
        4 => bytes.truncate(at),
        5 => drop(bytes.drain(at..at + 1 + rng.below(room.min(64)))),
        6 => {
            let text = TEXTS[rng.below(TEXTS.len())].as_bytes();
            drop(bytes.splice(at..at + rng.below(room.min(8)), text.iter().copied()));
        }
        7 => {
            let piece = bytes[at..at + 1 + rng.below(room.min(256))].to_vec();
            let times = 1 + rng.below(4);
            let to = rng.below(bytes.len() + 1);
            drop(bytes.splice(to..to, piece.repeat(times)));
        }
        8 => digits(bytes, at, rng),
        _ => {
            let other = &samples[rng.below(samples.len())];
            if !other.is_empty() {
                let from = rng.below(other.len());
                let end = from + 1 + rng.below((other.len() - from).min(512));
                drop(bytes.splice(at..at, other[from..end].iter().copied()));
            }
        }
    }
}

/// Overwrites 1, 2, 4 or 8 bytes with a number, either end first.
fn number(bytes: &mut [u8], rng: &mut Rng) {
    let size = (1 << rng.below(4)).min(bytes.len());
    let value = NUMBERS[rng.below(NUMBERS.len())].wrapping_add(rng.below(3) as u64).wrapping_sub(1);
    let both = [value.to_le_bytes(), (value << (8 * (8 - size))).to_be_bytes()];
    bytes[..size].copy_from_slice(&both[rng.below(2)][..size]);
}

/// Replaces the next decimal number after `at` by another.
fn digits(bytes: &mut Vec<u8>, at: usize, rng: &mut Rng) {
    let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit).map(|i| at + i) else {
        return;
    };
    let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = NUMBERS[rng.below(NUMBERS.len())].to_string();
    drop(bytes.splice(start..start + length, value.into_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_a_function_of_its_number() {
        let samples = [b"{\"a\": [1, 2]}".to_vec(), vec![0; 40]];
        let inputs: Vec<_> = (0..500).map(|number| input(&samples, 1, number)).collect();
        assert_eq!(inputs[77], input(&samples, 1, 77));
        let mut different = inputs.clone();
        different.sort();
        different.dedup();
        assert!(different.len() > 400, "{}", different.len());
        assert_ne!(inputs, (0..500).map(|n| input(&samples, 2, n)).collect::<Vec<_>>());
    }

    #[test]
    fn numbers_are_written_either_way() {
        let mut rng = Rng::new(1, 1);
        for _ in 0..1000 {
            let mut bytes = [7; 9];
            number(&mut bytes, &mut rng);
            assert_eq!(bytes[8], 7);
        }
    }
}
