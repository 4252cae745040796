//! In which order an epoch visits the training images.

use crate::random::Stream;

/// The purpose that names the order's random stream; changing it changes all results.
const PURPOSE: &str = "data order";

/// One epoch's batches: every image once, in an order that depends on the seed and the epoch and on
/// nothing else, so that recipes are compared on the same batches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochOrder {
    indices: Vec<i64>,
    batch_size: usize,
}

impl EpochOrder {
    /// The order of `n` images (at most 2^32 − 1) in batches of `batch_size` (at least 1).
    ///
    /// It is `Stream::new(seed, "data order", epoch, 0).permutation(n)`.
    pub fn new(n: usize, batch_size: usize, seed: u64, epoch: u64) -> Self {
        let order = Stream::new(seed, PURPOSE, epoch, 0).permutation(n as u32);
        Self { indices: order.into_iter().map(i64::from).collect(), batch_size: batch_size.max(1) }
    }

    /// The number of batches: the last one may be shorter than the others.
    pub fn steps(&self) -> usize {
        self.indices.len().div_ceil(self.batch_size)
    }

    /// The places of the images of batch `step`, which is counted from 0; `None` after the last.
    pub fn batch(&self, step: usize) -> Option<&[i64]> {
        self.batches().nth(step)
    }

    /// All batches in order.
    pub fn batches(&self) -> impl ExactSizeIterator<Item = &[i64]> {
        self.indices.chunks(self.batch_size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_comes_once_and_the_last_batch_is_kept() {
        let order = EpochOrder::new(10, 4, 42, 0);
        assert_eq!(order.steps(), 3);
        assert_eq!(order.batches().map(<[i64]>::len).collect::<Vec<_>>(), [4, 4, 2]);
        let mut all: Vec<i64> = order.batches().flatten().copied().collect();
        assert_ne!(all, (0..10).collect::<Vec<_>>());
        assert_eq!(order.batch(2), Some(&all[8..]));
        assert_eq!(order.batch(3), None);
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn it_depends_on_seed_and_epoch_but_not_on_the_batch_size() {
        let flat = |size, seed, epoch| EpochOrder::new(100, size, seed, epoch).indices;
        assert_eq!(flat(4, 42, 1), flat(7, 42, 1));
        assert_ne!(flat(4, 42, 1), flat(4, 43, 1));
        assert_ne!(flat(4, 42, 1), flat(4, 42, 2));
    }

    #[test]
    fn nothing_has_no_batches() {
        assert_eq!(EpochOrder::new(0, 4, 42, 0).steps(), 0);
        assert_eq!(EpochOrder::new(3, 0, 42, 0).steps(), 3);
    }
}
