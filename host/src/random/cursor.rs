//! Reading a stream from its start.

use super::stream::Stream;

/// A position in a [`Stream`]. What is read depends on the number of words read before, which is
/// why the methods say how many they take; another purpose should have another stream.
#[derive(Debug, Clone)]
pub struct Cursor {
    stream: Stream,
    /// The next word's position.
    next: u64,
    /// The block that holds it, unless it is the first of a block.
    block: [u32; 4],
}

impl Cursor {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, next: 0, block: [0; 4] }
    }

    /// The next word.
    pub fn word(&mut self) -> u32 {
        let place = (self.next % 4) as usize;
        if place == 0 {
            self.block = self.stream.block(self.next / 4);
        }
        self.next += 1;
        self.block[place]
    }

    /// The next two words, the first one low.
    pub fn long(&mut self) -> u64 {
        let low = u64::from(self.word());
        low | u64::from(self.word()) << 32
    }

    /// A number in [0, 1) with 24 bits, of one word.
    pub fn uniform(&mut self) -> f32 {
        (self.word() >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// A number in [0, 1) with 53 bits, of two words.
    pub fn uniform_f64(&mut self) -> f64 {
        (self.long() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// A whole number in `0..bound` (0 if the bound is 0), of two words: the high half of the
    /// product of 64 random bits and the bound. No result is more than `bound / 2^64` too likely.
    pub fn below(&mut self, bound: u32) -> u32 {
        ((u128::from(self.long()) * u128::from(bound)) >> 64) as u32
    }

    /// 1, or −1 if the highest bit is set, of one word.
    pub fn sign(&mut self) -> f32 {
        if self.word() >> 31 == 0 { 1.0 } else { -1.0 }
    }

    /// Two independent numbers of the standard normal distribution, of four words; see
    /// [`Stream::normal`].
    pub fn normal_pair(&mut self) -> [f64; 2] {
        // 1 − u lies in (0, 1], whose logarithm is finite.
        let radius = (-2.0 * (1.0 - self.uniform_f64()).ln()).sqrt();
        let (sine, cosine) = (std::f64::consts::TAU * self.uniform_f64()).sin_cos();
        [radius * cosine, radius * sine]
    }
}
