//! Threads for kernels: a fixed number, of which none waits for work that another could do.

use rayon::prelude::*;
use std::ops::Range;

use super::error::KernelError;

/// A fixed number of threads. While they work the caller sleeps, so that never more run than that.
pub struct Threads {
    pool: Option<rayon::ThreadPool>,
}

impl Threads {
    /// The caller's own thread.
    pub fn one() -> Self {
        Self { pool: None }
    }

    /// So many threads (at least one).
    ///
    /// # Errors
    /// When the system does not give them.
    pub fn new(count: usize) -> Result<Self, KernelError> {
        if count <= 1 {
            return Ok(Self::one());
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(count)
            .thread_name(|index| format!("kernel-{index}"))
            .build()
            .map_err(|error| KernelError::Shape {
                what: format!("with {count} threads, which the system does not give: {error}"),
            })?;
        Ok(Self { pool: Some(pool) })
    }

    pub fn count(&self) -> usize {
        self.pool.as_ref().map_or(1, rayon::ThreadPool::current_num_threads)
    }

    /// Does every part, each once.
    pub(crate) fn run<P: Send>(&self, parts: Vec<P>, work: impl Fn(P) + Send + Sync) {
        match &self.pool {
            Some(pool) if parts.len() > 1 => {
                pool.install(|| parts.into_par_iter().with_max_len(1).for_each(work));
            }
            _ => parts.into_iter().for_each(work),
        }
    }
}

/// Cuts `0..loads.len()` into at most `parts` ranges of about the same load.
pub(crate) fn even(loads: &[usize], parts: usize) -> Vec<Range<usize>> {
    // One more for each, since even an empty one takes time.
    let total: usize = loads.iter().map(|load| load + 1).sum();
    let (mut ranges, mut start, mut sum) = (Vec::with_capacity(parts), 0, 0);
    for (place, load) in loads.iter().enumerate() {
        sum += load + 1;
        if sum * parts >= total * (ranges.len() + 1) {
            ranges.push(start..place + 1);
            start = place + 1;
        }
    }
    ranges
}
