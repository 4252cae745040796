//! The files of one split with their labels.

use std::path::PathBuf;

use crate::random::Stream;

/// The purpose that names the order's random stream; changing it changes all results.
const PURPOSE: &str = "image order";

/// Files in the order of the tensors, and the class of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    pub files: Vec<PathBuf>,
    pub labels: Vec<i64>,
}

impl Listing {
    /// The number of files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Appends a file.
    pub fn push(&mut self, file: PathBuf, class: usize) {
        self.files.push(file);
        self.labels.push(class as i64);
    }

    /// The same files in an order that looks random and depends on their number alone:
    /// `Stream::new(0, "image order", 0, 0).permutation(n)`.
    pub fn mixed(mut self) -> Self {
        let order = Stream::new(0, PURPOSE, 0, 0).permutation(self.len() as u32);
        let mut mixed = Self::default();
        for place in order {
            let place = place as usize;
            mixed.files.push(std::mem::take(&mut self.files[place]));
            mixed.labels.push(self.labels[place]);
        }
        mixed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(n: usize) -> Listing {
        let mut listing = Listing::default();
        (0..n).for_each(|i| listing.push(format!("{i}").into(), i / 10));
        listing
    }

    #[test]
    fn mixing_keeps_pairs_and_is_always_the_same() {
        let mixed = listing(100).mixed();
        assert_eq!(mixed, listing(100).mixed());
        assert_ne!(mixed, listing(100));
        for (file, &label) in mixed.files.iter().zip(&mixed.labels) {
            let number: i64 = file.to_str().unwrap().parse().unwrap();
            assert_eq!(number / 10, label);
        }
        let mut files = mixed.files;
        files.sort();
        files.dedup();
        assert_eq!(files.len(), 100);
        // Of ten classes the first ten images have more than one.
        let mut first: Vec<_> = mixed.labels[..10].to_vec();
        first.sort_unstable();
        first.dedup();
        assert!(first.len() > 4, "{first:?}");
    }

    #[test]
    fn the_order_is_pinned() {
        // Another order would change every result on such datasets.
        let files: Vec<_> =
            listing(8).mixed().files.iter().map(|f| f.display().to_string()).collect();
        assert_eq!(files.join(" "), "6 1 2 3 4 0 7 5");
    }
}
