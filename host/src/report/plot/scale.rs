//! Numbers → places: a linear scale with round ticks, and the range a plot should show.

/// Maps [low, high] to pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    pub low: f64,
    pub high: f64,
    /// Where `low` lies.
    pub start: f64,
    /// Where `high` lies; may be less than `start`, as y grows downwards.
    pub end: f64,
}

impl Scale {
    pub fn at(&self, x: f64) -> f64 {
        let span = self.high - self.low;
        let share = if span > 0.0 { (x - self.low) / span } else { 0.5 };
        self.start + share * (self.end - self.start)
    }

    /// Round values in the range, about `count` of them, with their labels.
    pub fn ticks(&self, count: usize) -> Vec<(f64, String)> {
        let step = step(self.high - self.low, count);
        let decimals = (0..6).find(|d| {
            let scaled = step * 10f64.powi(*d);
            (scaled - scaled.round()).abs() < 1e-6 * scaled
        });
        let decimals = decimals.unwrap_or(6) as usize;
        let first = (self.low / step - 1e-9).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        (first..=last)
            .map(|i| {
                let x = i as f64 * step;
                let label = format!("{:.decimals$}", x.abs());
                (x, if i < 0 { format!("−{label}") } else { label })
            })
            .collect()
    }
}

/// 1, 2, 2.5 or 5 times a power of ten, such that about `count` steps make the span.
fn step(span: f64, count: usize) -> f64 {
    let raw = span / count.max(1) as f64;
    if raw <= 0.0 || !raw.is_finite() {
        return 1.0;
    }
    let power = 10f64.powf(raw.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0].into_iter().find(|f| f * power >= 0.75 * raw);
    factor.unwrap_or(10.0) * power
}

/// The range of the values with some air, at least `least` wide, so that noise does not look like
/// a mountain. It takes in the intervals as long as they do not push the values together: a t
/// interval of two seeds can be twenty times as wide as the data. `None` without a finite value.
pub fn range(values: &[f64], intervals: &[(f64, f64)], least: f64) -> Option<(f64, f64)> {
    let finite = || values.iter().copied().filter(|x| x.is_finite());
    let (low, high) = (finite().reduce(f64::min)?, finite().reduce(f64::max)?);
    let widen = (least - (high - low)).max(0.0) / 2.0;
    let (low, high) = (low - widen, high + widen);
    let reach = 0.75 * (high - low);
    let ends = || intervals.iter().filter(|(a, b)| a.is_finite() && b.is_finite());
    let bottom = ends().map(|i| i.0).fold(low, f64::min).max(low - reach);
    let top = ends().map(|i| i.1).fold(high, f64::max).min(high + reach);
    let air = 0.06 * (top - bottom);
    Some((bottom - air, top + air))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, count: usize) -> Vec<String> {
        let scale = Scale { low, high, start: 0.0, end: 1.0 };
        scale.ticks(count).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(labels(0.0, 10.0, 5), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(labels(66.1, 70.3, 5), ["67", "68", "69", "70"]);
        assert_eq!(labels(-0.6, 1.1, 4), ["−0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(labels(0.001, 0.0042, 3), ["0.001", "0.002", "0.003", "0.004"]);
        assert_eq!(labels(0.0, 1.0, 4), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    }

    #[test]
    fn quarters_have_two_digits() {
        assert_eq!(labels(0.0, 1.0, 3), ["0.00", "0.25", "0.50", "0.75", "1.00"]);
    }

    #[test]
    fn a_scale_may_run_backwards_and_survives_an_empty_range() {
        let scale = Scale { low: 1.0, high: 3.0, start: 100.0, end: 0.0 };
        assert_eq!([1.0, 2.0, 3.0].map(|x| scale.at(x)), [100.0, 50.0, 0.0]);
        assert_eq!(Scale { low: 1.0, high: 1.0, ..scale }.at(1.0), 50.0);
        assert_eq!(labels(2.0, 2.0, 5), ["2"]);
    }

    #[test]
    fn huge_intervals_do_not_hide_the_data() {
        let (low, high) = range(&[1.0, 2.0], &[(-50.0, 2.1), (f64::NAN, 1.0)], 0.5).unwrap();
        // At most 0.75 of the span further, and the air.
        assert!(low > 0.0 && low < 0.25, "{low}");
        assert!(high > 2.1 && high < 2.3, "{high}");
    }

    #[test]
    fn one_value_gets_a_range_and_none_has_none() {
        let (low, high) = range(&[0.7, f64::NAN], &[], 1.0).unwrap();
        // Half of the least width to both sides, and 6 % of air.
        assert!((low - 0.14).abs() < 1e-12 && (high - 1.26).abs() < 1e-12, "{low} {high}");
        assert_eq!(range(&[f64::NAN], &[(0.0, 1.0)], 1.0), None);
    }
}
