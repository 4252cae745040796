//! A request to stop soon and save: by a signal, or because a deadline comes near.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A shared request to stop. Clones are the same request.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    /// When everything has to be saved.
    deadline: Option<Instant>,
    /// How many parts of the program say that they have nothing that is worth saving.
    idle: Arc<AtomicUsize>,
}

/// While it lives, the process may end at once: there is nothing that it could still save.
#[derive(Debug)]
pub struct Idle(Arc<AtomicUsize>);

impl Stop {
    /// Nobody asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a time at which everything has to be saved.
    pub fn with_deadline(self, deadline: Option<Instant>) -> Self {
        Self { deadline, ..self }
    }

    /// Asks.
    pub fn request(&self) {
        self.asked.store(true, Ordering::SeqCst);
    }

    /// Whether anybody asked, or the deadline is there.
    pub fn requested(&self) -> bool {
        self.within(Duration::ZERO)
    }

    /// Whether anybody asked, or the deadline is not further away than that.
    pub fn within(&self, margin: Duration) -> bool {
        self.asked.load(Ordering::SeqCst)
            || self.deadline.is_some_and(|deadline| {
                // A margin beyond what a clock can say reaches any deadline.
                Instant::now().checked_add(margin).is_none_or(|then| then >= deadline)
            })
    }

    /// Says that from now on nothing is lost if the process ends at once: a long hook or a dataset
    /// that is read need not be waited for.
    pub fn idle(&self) -> Idle {
        self.idle.fetch_add(1, Ordering::SeqCst);
        Idle(Arc::clone(&self.idle))
    }

    /// Whether the process may end at once.
    pub fn is_idle(&self) -> bool {
        self.idle.load(Ordering::SeqCst) > 0
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl From<Arc<AtomicBool>> for Stop {
    /// Shares a flag, such as a signal handler's.
    fn from(asked: Arc<AtomicBool>) -> Self {
        Self { asked, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_asks_before_it_is_there() {
        let hour = Duration::from_secs(3600);
        let stop = Stop::new().with_deadline(Instant::now().checked_add(hour));
        assert!(!stop.requested() && !stop.within(hour / 2));
        assert!(stop.within(hour) && stop.clone().within(Duration::MAX));
        assert!(!Stop::new().within(Duration::MAX), "there is none");
        stop.request();
        assert!(stop.clone().requested());
    }

    #[test]
    fn idleness_ends_with_the_last_who_says_so() {
        let stop = Stop::new();
        assert!(!stop.is_idle());
        let (one, two) = (stop.idle(), stop.clone().idle());
        drop(one);
        assert!(stop.is_idle());
        drop(two);
        assert!(!stop.is_idle());
    }
}
