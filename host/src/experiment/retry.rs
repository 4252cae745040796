//! Trainings that diverged, tried again with other seeds: only when asked for, and written down.

use crate::digest::sha256;

/// The seeds of a training that may have diverged.
#[derive(Debug, Clone, Default)]
pub struct Seeds {
    /// Those with which it did, oldest first.
    pub diverged: Vec<u64>,
    /// The one that it has now, if that is not the job's own.
    pub other: Option<u64>,
}

impl Seeds {
    /// Of a job whose own seed is `own`, which is given up for another only if it diverged and
    /// `retry` is asked for. A training that was begun with another one goes on with it.
    pub fn new(own: u64, diverged: Vec<u64>, begun: Option<u64>, retry: bool) -> Self {
        let begun = begun.filter(|seed| !diverged.contains(seed));
        let mut seeds = Self { diverged, other: begun };
        if retry && begun.is_none() && seeds.diverged.contains(&own) {
            seeds.next(own);
        }
        seeds
    }

    /// Notes that the present one diverged.
    pub fn note(&mut self, own: u64) {
        let present = self.other.unwrap_or(own);
        if !self.diverged.contains(&present) {
            self.diverged.push(present);
        }
    }

    /// Goes over to one that was not tried yet.
    pub fn next(&mut self, own: u64) {
        self.other = Some(seed(own, self.diverged.len().max(1)));
    }
}

/// How many other seeds one start tries.
pub const TRIES: usize = 3;

/// The seed of the `number`-th try (from 1) of a training whose own seed is `seed`: like no seed
/// that anybody would write into a config, and always the same.
pub fn seed(seed: u64, number: usize) -> u64 {
    let digits = sha256(format!("retry {number} of seed {seed}").as_bytes());
    // 60 bits: below what a config may hold.
    u64::from_str_radix(digits.get(..15).unwrap_or_default(), 16).unwrap_or(seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_seed_only_when_asked_for() {
        let fresh = Seeds::new(1, vec![], None, true);
        assert_eq!((fresh.other, fresh.diverged.len()), (None, 0), "nothing diverged yet");
        assert_eq!(Seeds::new(1, vec![1], None, false).other, None);
        let mut seeds = Seeds::new(1, vec![1], None, true);
        assert_eq!(seeds.other, Some(seed(1, 1)));
        seeds.note(1);
        seeds.next(1);
        assert_eq!((seeds.diverged, seeds.other), (vec![1, seed(1, 1)], Some(seed(1, 2))));
        // What was begun with another seed goes on with it, asked for again or not.
        for retry in [true, false] {
            assert_eq!(Seeds::new(1, vec![1], Some(5), retry).other, Some(5));
        }
        assert_eq!(Seeds::new(1, vec![1, 5], Some(5), false).other, None);
    }

    #[test]
    fn every_try_has_a_seed_of_its_own() {
        let seeds = [seed(1, 1), seed(1, 2), seed(2, 1)];
        assert_eq!(seeds, [seed(1, 1), seed(1, 2), seed(2, 1)]);
        let mut different = seeds.to_vec();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), 3);
        assert!(seeds.iter().all(|seed| *seed < 1 << 60));
        // printf 'retry 1 of seed 1' | sha256sum
        assert_eq!(format!("{:015x}", seed(1, 1)), "241327101d93f0a");
    }
}
