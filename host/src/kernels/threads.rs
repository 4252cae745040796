//! Threads for kernels: a fixed number, of which none waits for work that another could do.

use rayon::prelude::*;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::error::KernelError;

/// Threads that somebody else has.
pub trait Team: Send + Sync {
    /// How many there are.
    fn count(&self) -> usize;

    /// Does `work` on each of them, the caller's among them, and returns when all are done. On some
    /// it may be left out.
    fn run(&self, work: &(dyn Fn() + Sync));
}

/// A fixed number of threads. While they work the caller sleeps or works with them, so that never
/// more run than that.
pub struct Threads(Kind);

enum Kind {
    One,
    Pool(rayon::ThreadPool),
    Team(Box<dyn Team>),
}

impl Threads {
    /// The caller's own thread.
    pub fn one() -> Self {
        Self(Kind::One)
    }

    /// So many threads (at least one) of its own.
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
        Ok(Self(Kind::Pool(pool)))
    }

    /// Those of a team.
    pub fn of(team: Box<dyn Team>) -> Self {
        Self(if team.count() > 1 { Kind::Team(team) } else { Kind::One })
    }

    pub fn count(&self) -> usize {
        match &self.0 {
            Kind::One => 1,
            Kind::Pool(pool) => pool.current_num_threads(),
            Kind::Team(team) => team.count(),
        }
    }

    /// Does every part, each once.
    pub(crate) fn run<P: Send>(&self, parts: Vec<P>, work: impl Fn(P) + Send + Sync) {
        match &self.0 {
            Kind::Pool(pool) if parts.len() > 1 => {
                pool.install(|| parts.into_par_iter().with_max_len(1).for_each(work));
            }
            Kind::Team(team) if parts.len() > 1 => {
                let left = Mutex::new(parts.into_iter());
                let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
                team.run(&|| {
                    while let Some(part) = next() {
                        work(part);
                    }
                });
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
