//! How many weights a level keeps.

use crate::config::Levels;

/// The number of weights that level `level` (from 1) keeps, of `total` prunable ones of which
/// `remaining` are left.
///
/// With a fraction, round(fraction × remaining) are pruned, halves away from zero; with densities,
/// round(keep × total) are kept. open_lth prunes one more (ceil + 1), ToST's `cifar_prune`
/// floor + 1.
pub fn keep_count(levels: &Levels, level: usize, total: u64, remaining: u64) -> u64 {
    match levels {
        Levels::Fraction { fraction, .. } => {
            let pruned = (fraction * remaining as f64).round() as u64;
            remaining - pruned.min(remaining)
        }
        Levels::Keep(keep) => {
            let density = keep.get(level.wrapping_sub(1)).copied().unwrap_or(1.0);
            ((density * total as f64).round() as u64).min(remaining)
        }
        // The files say.
        Levels::Masks(_) => remaining,
    }
}

/// The number of weights that level `level` keeps of `total` prunable ones, when every level
/// before it kept what it should.
pub fn keep_at(levels: &Levels, level: usize, total: u64) -> u64 {
    (1..=level).fold(total, |left, level| keep_count(levels, level, total, left))
}

/// The number of weights that round `round` (from 1) of `rounds` keeps on the way from
/// `remaining` to `target`: densities fall geometrically, the last round is exact.
pub fn round_count(remaining: u64, target: u64, round: u64, rounds: u64) -> u64 {
    if round >= rounds || remaining == 0 {
        return target;
    }
    let share = (target as f64 / remaining as f64).powf(round as f64 / rounds as f64);
    ((share * remaining as f64).round() as u64).clamp(target, remaining)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_levels_of_the_documented_rounding() {
        let levels = Levels::Fraction { count: 16, fraction: 0.2 };
        // By hand: 200003 → 160002 → 128002 → 102402 → 81922 → 65538 → 52430 → 41944 → 33555 →
        // 26844 → 21475 → 17180 → 13744 → 10995 → 8796 → 7037 → 5630.
        assert_eq!(keep_at(&levels, 16, 200_003), 5630);
    }

    #[test]
    fn densities_are_of_the_total() {
        let levels = Levels::Keep(vec![0.5, 0.1]);
        assert_eq!(keep_count(&levels, 1, 1001, 1001), 501);
        assert_eq!(keep_count(&levels, 2, 1001, 501), 100);
    }

    #[test]
    fn rounds_fall_geometrically_and_end_exactly() {
        let counts: Vec<_> = (1..=4).map(|round| round_count(10_000, 1, round, 4)).collect();
        assert_eq!(counts, [1000, 100, 10, 1]);
        assert_eq!(round_count(10, 10, 1, 1), 10);
    }
}
