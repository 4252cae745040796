//! The rows of an image, with zeros around it.

/// Rows of numbers, one behind the other.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    image: &'a [f32],
    /// As long as a row.
    zeros: &'a [f32],
}

impl<'a> Rows<'a> {
    /// Of an image whose rows are as long as `zeros`.
    pub fn new(image: &'a [f32], zeros: &'a [f32]) -> Self {
        Self { image, zeros }
    }

    pub fn has(&self, y: Option<usize>) -> bool {
        y.is_some_and(|y| y * self.zeros.len() < self.image.len())
    }

    /// A row; that of zeros where there is none.
    pub fn row(&self, y: Option<usize>) -> &'a [f32] {
        let len = self.zeros.len();
        let found = y.and_then(|y| self.image.get(y * len..(y + 1) * len));
        found.unwrap_or(self.zeros)
    }
}
