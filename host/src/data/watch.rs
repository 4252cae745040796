//! How far something long has come: decoding, downloading. Whoever asks for it may watch.

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Images,
    Bytes,
}

/// Hears how far a dataset's reading or fetching is; from several threads at once.
///
/// Work comes in stages, one after the other: `begin`, any number of `advance`, `end`.
pub trait Watch: Sync {
    /// A stage begins, of which `done` units are there already. `total` is `None` if nobody knows.
    fn begin(&self, _what: &str, _total: Option<u64>, _done: u64, _unit: Unit) {}

    /// So many more units are done.
    fn advance(&self, _by: u64) {}

    /// The stage is over, well or not.
    fn end(&self) {}

    /// Something that a user should know, and that stops nothing.
    fn note(&self, _message: &str) {}
}

/// Nobody watches.
#[derive(Debug, Clone, Copy)]
pub struct Unwatched;

impl Watch for Unwatched {}

/// A stage that ends when dropped, whatever becomes of it.
pub struct Stage<'a>(&'a dyn Watch);

impl<'a> Stage<'a> {
    /// Begins a stage.
    pub fn begin(
        watch: &'a dyn Watch,
        what: &str,
        total: Option<u64>,
        done: u64,
        unit: Unit,
    ) -> Self {
        watch.begin(what, total, done, unit);
        Self(watch)
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}
