//! The statistics of a report: mean, standard deviation, t intervals, paired differences.
//!
//! A fresh draw with its own seed is the independent unit, so every sample here is one number per
//! seed, and recipes are compared by their differences on the same seeds.

use std::f64::consts::{FRAC_PI_2, PI};

/// A mean with what is known about its spread. Units are those of the samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// How many samples it rests on, at least 1.
    pub n: usize,
    pub mean: f64,
    /// Both are known from two samples on.
    pub spread: Option<Spread>,
}

/// How far samples, and so their mean, are uncertain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Standard deviation of the samples, with n − 1 in the denominator.
    pub sd: f64,
    /// Half the width of the 95 % t interval of the mean: t(0.975, n − 1) · sd / √n.
    pub half: f64,
}

impl Estimate {
    /// `None` without samples; no spread from a single one.
    pub fn of(samples: &[f64]) -> Option<Self> {
        let n = samples.len();
        if n == 0 {
            return None;
        }
        let mean = samples.iter().sum::<f64>() / n as f64;
        let spread = (n >= 2).then(|| {
            let squares: f64 = samples.iter().map(|x| (x - mean).powi(2)).sum();
            let sd = (squares / (n - 1) as f64).sqrt();
            Spread { sd, half: t_975(n - 1) * sd / (n as f64).sqrt() }
        });
        Some(Self { n, mean, spread })
    }

    /// The 95 % t interval of the mean.
    pub fn interval(&self) -> Option<(f64, f64)> {
        self.spread.map(|s| (self.mean - s.half, self.mean + s.half))
    }
}

/// Differences `b − a` over the seeds that both have, in the order of `a`.
pub fn paired(a: &[(u64, f64)], b: &[(u64, f64)]) -> Vec<(u64, f64)> {
    a.iter()
        .filter_map(|&(seed, x)| {
            b.iter().find(|(other, _)| *other == seed).map(|&(_, y)| (seed, y - x))
        })
        .collect()
}

/// The 97.5 % quantile of Student's t with `df ≥ 1` degrees of freedom: the factor of a two-sided
/// 95 % interval. Accurate to about 1e-10.
pub fn t_975(df: usize) -> f64 {
    // The central probability grows with the angle atan(t/√df), so bisection over the angle
    // always converges; 60 halvings exhaust the precision of the quarter turn.
    let (mut low, mut high) = (0.0, FRAC_PI_2);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if central_probability(middle, df) < 0.95 {
            low = middle;
        } else {
            high = middle;
        }
    }
    (0.5 * (low + high)).tan() * (df as f64).sqrt()
}

/// The two-sided p value of Student's t test that the mean of what was estimated is zero. The s.d.
/// is above zero.
pub fn p_value(estimate: &Estimate, spread: &Spread) -> f64 {
    let df = estimate.n.saturating_sub(1).max(1);
    let t = (estimate.mean / (spread.sd / (estimate.n as f64).sqrt())).abs();
    (1.0 - central_probability((t / (df as f64).sqrt()).atan(), df)).max(0.0)
}

/// P(|T| < t) at the angle θ = atan(t/√df). For whole degrees of freedom it is a finite sum over
/// powers of cos θ (integrate cos^(df−1) by parts).
fn central_probability(angle: f64, df: usize) -> f64 {
    let (sin, cos) = angle.sin_cos();
    // Even df: sin·(1 + 1/2·cos² + 1·3/(2·4)·cos⁴ + …) up to cos^(df−2).
    // Odd df: 2/π·(θ + sin·cos·(1 + 2/3·cos² + 2·4/(3·5)·cos⁴ + …)) up to cos^(df−3).
    let odd = df % 2 == 1;
    let terms = if odd { (df - 1) / 2 } else { df / 2 };
    let (mut term, mut sum) = (1.0, 0.0);
    for k in 0..terms {
        sum += term;
        let j = (2 * k + 1) as f64 + f64::from(u8::from(odd));
        term *= cos * cos * j / (j + 1.0);
    }
    if odd { 2.0 / PI * (angle + sin * cos * sum) } else { sin * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance, "{a} is not {b}");
    }

    #[test]
    fn t_quantiles_equal_the_printed_tables() {
        for (df, t) in [
            (1, 12.706_205),
            (2, 4.302_653),
            (3, 3.182_446),
            (4, 2.776_445),
            (5, 2.570_582),
            (9, 2.262_157),
            (10, 2.228_139),
            (30, 2.042_272),
            (120, 1.979_930),
        ] {
            close(t_975(df), t, 5e-7);
        }
        close(t_975(100_001), 1.959_987, 1e-6);
    }

    #[test]
    fn three_samples_by_hand() {
        // Mean 4; squares 4 + 0 + 4 = 8; variance 8/2 = 4; half width 4.302653·2/√3.
        let e = Estimate::of(&[2.0, 4.0, 6.0]).unwrap();
        assert_eq!((e.n, e.mean), (3, 4.0));
        let spread = e.spread.unwrap();
        close(spread.sd, 2.0, 1e-15);
        close(spread.half, 4.968_275, 1e-5);
        close(e.interval().unwrap().0, -0.968_275, 1e-5);
    }

    #[test]
    fn one_sample_has_no_interval_and_none_has_no_mean() {
        assert_eq!(Estimate::of(&[]), None);
        let e = Estimate::of(&[0.5]).unwrap();
        assert_eq!(e, Estimate { n: 1, mean: 0.5, spread: None });
    }

    #[test]
    fn pairs_are_made_by_seed() {
        let a = [(1, 10.0), (2, 20.0), (3, 30.0)];
        let b = [(3, 31.0), (1, 12.0), (4, 99.0)];
        assert_eq!(paired(&a, &b), [(1, 2.0), (3, 1.0)]);
        assert_eq!(paired(&b, &a), [(3, -1.0), (1, -2.0)]);
    }

    /// R's `2 * pt(-2.5, df)`.
    #[test]
    fn p_values_equal_the_printed_tables() {
        for (n, p) in [(2, 0.242_238), (4, 0.087_707), (6, 0.054_490), (11, 0.031_447)] {
            // s.d. √n, so that the mean is t.
            let spread = Spread { sd: (n as f64).sqrt(), half: 0.0 };
            let estimate = Estimate { n, mean: -2.5, spread: Some(spread) };
            close(p_value(&estimate, &spread), p, 1e-6);
        }
    }
}
