//! Rows of numbers, put together to chunks that are computed at a time.

use std::ops::Range;

use super::CHUNK;

/// Takes rows apart, or short ones together.
pub(super) struct Chunks<I> {
    rows: I,
    /// What is left of the last row.
    left: Range<usize>,
    chunk: Chunk,
}

/// The places of no more numbers than are computed at a time.
#[derive(Default)]
pub(super) struct Chunk(Vec<Range<usize>>);

impl<I: Iterator<Item = Range<usize>>> Chunks<I> {
    pub fn new(rows: I) -> Self {
        Self { rows, left: 0..0, chunk: Chunk::default() }
    }

    #[inline(always)]
    pub fn next(&mut self) -> Option<&Chunk> {
        let (pieces, mut room) = (&mut self.chunk.0, CHUNK);
        pieces.clear();
        while room > 0 {
            if self.left.is_empty() {
                match self.rows.next() {
                    Some(row) => self.left = row,
                    None => break,
                }
            }
            let end = self.left.end.min(self.left.start + room);
            room -= end - self.left.start;
            pieces.push(self.left.start..end);
            self.left.start = end;
        }
        (!pieces.is_empty()).then_some(&self.chunk)
    }
}

impl Chunk {
    /// Its numbers, one after the other. What is behind the last is left as it is.
    #[inline(always)]
    pub fn gather(&self, from: &[f32], to: &mut [f32]) {
        let mut rest = to;
        for piece in &self.0 {
            let (to, behind) = rest.split_at_mut(piece.len());
            to.copy_from_slice(&from[piece.clone()]);
            rest = behind;
        }
    }

    /// Numbers that lie one after the other, to its places.
    #[inline(always)]
    pub fn scatter(&self, from: &[f32], to: &mut [f32]) {
        let mut rest = from;
        for piece in &self.0 {
            let (from, behind) = rest.split_at(piece.len());
            to[piece.clone()].copy_from_slice(from);
            rest = behind;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_taken_together_and_apart() {
        let rows = [3..10, 20..20, 100..500, 600..601];
        let mut chunks = Chunks::new(rows.into_iter());
        let mut all = Vec::new();
        while let Some(Chunk(pieces)) = chunks.next() {
            all.push(pieces.clone());
        }
        assert_eq!(all, [vec![3..10, 20..20, 100..349], vec![349..500, 600..601]]);
    }

    #[test]
    fn numbers_come_back_to_their_places() {
        let (from, mut to) = ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [9.0; 6]);
        let chunk = Chunk(vec![1..3, 5..6]);
        let mut together = [7.0; 4];
        chunk.gather(&from, &mut together);
        assert_eq!(together, [1.0, 2.0, 5.0, 7.0]);
        chunk.scatter(&together, &mut to);
        assert_eq!(to, [9.0, 1.0, 2.0, 9.0, 9.0, 5.0]);
    }
}
