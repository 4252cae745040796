//! A named sequence of random words with random access.

use super::cursor::Cursor;
use super::key::{absorb, key};
use super::philox::philox4x32;

/// A sequence of random 32-bit words, named by (seed, purpose, a, b) and, after [`Stream::sub`], by
/// an index; word `i` is a pure function of the name and `i`.
///
/// # Layout (fixed: stored results depend on it)
///
/// Word `i` is word `i % 4` of `philox4x32(counter, key)`, where, with `position = i / 4` and
/// `sub = 0` for the stream itself and `index + 1` for `sub(index)`,
///
/// ```text
/// counter = [position, sub, b, a]                  each taken modulo 2^32
/// key     = hash(seed, purpose) = absorb(mix(seed), fnv1a(purpose)), low word first
/// ```
///
/// `mix` is SplitMix64's output function, `fnv1a` the 64-bit FNV-1a hash of the purpose's UTF-8 and
/// `absorb(key, x) = mix(key ^ mix(x))`. Coordinates of 32 bits, which is all that a training needs,
/// never collide within a seed and purpose. What does not fit the counter goes into the key, unless
/// it is zero, by `absorb(absorb(key, tag), value)`, in this order:
///
/// | tag | value |
/// |---|---|
/// | 1 | `(a >> 32) << 32 \| b >> 32` |
/// | 2 | in a sub-stream's sub-stream: the former's `sub` |
/// | 3 | `sub >> 32` |
/// | 4 | `position >> 32` |
///
/// From words to numbers: see [`Stream::uniform`], [`Stream::uniform_f64`], [`Stream::normal`],
/// [`Stream::below`], [`Stream::signs`], [`Stream::permutation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// With what tags 1 and 2 say.
    key: u64,
    sub: u64,
    b: u32,
    a: u32,
}

impl Stream {
    /// The stream of a seed for a purpose at two coordinates, usually epoch and step.
    pub fn new(seed: u64, purpose: &str, a: u64, b: u64) -> Self {
        let high = (a >> 32) << 32 | b >> 32;
        Self { key: extend(key(seed, purpose), 1, high), sub: 0, b: b as u32, a: a as u32 }
    }

    /// The stream of one part of this one's subject, usually one sample. Parts (of an index below
    /// 2^64 − 1) differ from each other and from the stream itself.
    pub fn sub(&self, index: u64) -> Self {
        Self { key: extend(self.key, 2, self.sub), sub: index.wrapping_add(1), ..*self }
    }

    /// The four words at positions `4 * position` and after.
    pub fn block(&self, position: u64) -> [u32; 4] {
        let key = extend(extend(self.key, 3, self.sub >> 32), 4, position >> 32);
        let counter = [position as u32, self.sub as u32, self.b, self.a];
        philox4x32(counter, [key as u32, (key >> 32) as u32])
    }

    /// The word at position `i`.
    pub fn at(&self, i: u64) -> u32 {
        self.block(i / 4)[(i % 4) as usize]
    }

    /// Reads the stream from its start, one number after the other.
    pub fn cursor(&self) -> Cursor {
        Cursor::new(*self)
    }

    /// `n` numbers in [0, 1) with 24 bits: the i-th is `(word i >> 8) / 2^24`.
    pub fn uniform(&self, n: usize) -> Vec<f32> {
        self.fill(n, Cursor::uniform)
    }

    /// `n` numbers in [0, 1) with 53 bits, each of two words, the low one first.
    pub fn uniform_f64(&self, n: usize) -> Vec<f64> {
        self.fill(n, Cursor::uniform_f64)
    }

    /// `n` numbers of the standard normal distribution.
    ///
    /// Block `j` gives the numbers `2j` and `2j + 1` by the transform of Box and Muller: with `u`
    /// and `v` its two uniform numbers of 53 bits, `sqrt(−2 ln(1 − u))` times the cosine and the
    /// sine of `2πv`. Computed in f64, where the mathematical libraries of different machines may
    /// disagree in the last bit, and rounded to f32, which hides that in all but one case of about
    /// 10^8.
    pub fn normal(&self, n: usize) -> Vec<f32> {
        let mut values = Vec::with_capacity(n);
        let mut cursor = self.cursor();
        while values.len() < n {
            let [x, y] = cursor.normal_pair();
            values.push(x as f32);
            if values.len() < n {
                values.push(y as f32);
            }
        }
        values
    }

    /// `n` whole numbers in `0..bound`, each of two words; all 0 if the bound is 0.
    pub fn below(&self, n: usize, bound: u32) -> Vec<u32> {
        self.fill(n, |cursor| cursor.below(bound))
    }

    /// `n` numbers that are 1 or −1: the i-th is −1 if word `i` has its highest bit set.
    pub fn signs(&self, n: usize) -> Vec<f32> {
        self.fill(n, Cursor::sign)
    }

    /// The numbers `0..n` in random order, by the shuffle of Fisher and Yates from the last place
    /// down: place `i` is swapped with `below(i + 1)`, for `i` from `n − 1` to 1.
    pub fn permutation(&self, n: u32) -> Vec<u32> {
        let mut order: Vec<u32> = (0..n).collect();
        let mut cursor = self.cursor();
        for i in (1..n).rev() {
            order.swap(i as usize, cursor.below(i + 1) as usize);
        }
        order
    }

    fn fill<T>(&self, n: usize, mut next: impl FnMut(&mut Cursor) -> T) -> Vec<T> {
        let mut cursor = self.cursor();
        (0..n).map(|_| next(&mut cursor)).collect()
    }
}

/// Takes into the key what the counter has no room for.
fn extend(key: u64, tag: u64, value: u64) -> u64 {
    if value == 0 { key } else { absorb(absorb(key, tag), value) }
}

#[cfg(test)]
mod tests;
