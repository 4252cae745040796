//! How numbers are written, the same way on the terminal, in Markdown and in HTML.

use super::stats::Estimate;

/// An accuracy in [0, 1] as per cent: `68.21`.
pub fn accuracy(x: f64) -> String {
    format!("{:.2}", 100.0 * x)
}

/// A difference of accuracies in points, always signed: `+1.05`, `−0.30`, `0.00`.
pub fn points(x: f64) -> String {
    let text = format!("{:.2}", (100.0 * x).abs());
    // The sign of what is printed: −0.001 points are printed as 0.00.
    match text.bytes().all(|b| matches!(b, b'0' | b'.')) {
        true => text,
        false if x < 0.0 => format!("−{text}"),
        false => format!("+{text}"),
    }
}

/// Mean ± standard deviation of accuracies: `68.21 ± 0.31`, or `68.21` of a single one.
pub fn mean_sd(e: &Estimate) -> String {
    match e.spread {
        Some(s) => format!("{} ± {}", accuracy(e.mean), accuracy(s.sd)),
        None => accuracy(e.mean),
    }
}

/// Mean ± half width of the 95 % interval of a gain: `+1.05 ± 0.40`.
pub fn gain(e: &Estimate) -> String {
    match e.spread {
        Some(s) => format!("{} ± {}", points(e.mean), accuracy(s.half)),
        None => points(e.mean),
    }
}

/// A p value in two digits: `p = 0.032`, `p = 0.0041`, `p < 0.0001`.
pub fn p_value(p: f64) -> String {
    match p {
        p if p < 0.0001 => "p < 0.0001".to_owned(),
        p if p < 0.00995 => format!("p = {p:.4}"),
        p if p < 0.0995 => format!("p = {p:.3}"),
        p => format!("p = {p:.2}"),
    }
}

/// The pruned share as per cent, given the kept share in [0, 1]; the fewer weights are left, the
/// more digits, so that neighbouring levels stay apart: `0`, `48.8`, `98.20`, `99.950`.
pub fn sparsity(kept: f64) -> String {
    let percent = 100.0 * (1.0 - kept);
    match kept {
        k if k >= 1.0 => "0".to_owned(),
        k if k >= 0.1 => format!("{percent:.1}"),
        k if k >= 0.01 => format!("{percent:.2}"),
        _ => format!("{percent:.3}"),
    }
}

/// A share in [0, 1] as per cent in two significant digits: `100`, `64`, `1.8`, `0.21`, `0`.
pub fn share(x: f64) -> String {
    match 100.0 * x {
        p if p <= 0.0 => "0".to_owned(),
        p if p >= 9.95 => format!("{p:.0}"),
        p if p >= 0.995 => format!("{p:.1}"),
        p if p >= 0.00995 => format!("{p:.2}"),
        _ => "<0.01".to_owned(),
    }
}

/// A whole number in groups of three digits, apart by a thin space: `1 228 288`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len());
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A count in three digits and a unit: `557 M`, `1.23 G`, `999`.
pub fn short_count(n: u64) -> String {
    let (mut x, mut unit) = (n as f64, "");
    for next in [" k", " M", " G", " T", " P", " E"] {
        if x < 999.5 {
            break;
        }
        (x, unit) = (x / 1e3, next);
    }
    match x {
        _ if unit.is_empty() => n.to_string(),
        x if x < 9.995 => format!("{x:.2}{unit}"),
        x if x < 99.95 => format!("{x:.1}{unit}"),
        x => format!("{x:.0}{unit}"),
    }
}

/// `40 s`, `3 min`, `2 h 05 min`, `3 d 4 h`.
pub fn duration(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round() as u64;
    match minutes {
        _ if seconds < 9.95 => format!("{:.1} s", seconds.max(0.0)),
        _ if seconds < 90.0 => format!("{seconds:.0} s"),
        0..100 => format!("{minutes} min"),
        100..2880 => format!("{} h {:02} min", minutes / 60, minutes % 60),
        _ => format!("{} d {} h", minutes / 1440, minutes % 1440 / 60),
    }
}

/// `text` in at most `width` characters; what is cut off is replaced by `…`.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(width.saturating_sub(1)).collect();
    out.push('…');
    out
}

/// The text with its first letter in upper case.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// `1 seed`, `3 seeds`.
pub fn plural(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_carry_the_sign_of_what_is_printed() {
        assert_eq!(points(0.0105), "+1.05");
        assert_eq!(points(-0.003), "−0.30");
        assert_eq!(points(-0.000_01), "0.00");
        assert_eq!(points(0.0), "0.00");
    }

    #[test]
    fn neighbouring_levels_print_apart() {
        assert_eq!(sparsity(1.0), "0");
        assert_eq!(sparsity(0.8), "20.0");
        assert_eq!(sparsity(0.0859), "91.41");
        assert_eq!(sparsity(0.018), "98.20");
        assert_eq!(sparsity(0.0005), "99.950");
    }

    #[test]
    fn counts_are_grouped_and_shortened() {
        assert_eq!(count(1_228_288), "1\u{202f}228\u{202f}288");
        assert_eq!(count(999), "999");
        assert_eq!(short_count(999), "999");
        assert_eq!(short_count(1_000), "1.00 k");
        assert_eq!(short_count(556_651_520), "557 M");
        assert_eq!(short_count(999_600), "1.00 M");
        assert_eq!(short_count(u64::MAX), "18.4 E");
    }

    #[test]
    fn estimates_without_spread_print_the_mean_alone() {
        let one = Estimate::of(&[0.6821]).unwrap();
        assert_eq!((mean_sd(&one), gain(&one)), ("68.21".into(), "+68.21".into()));
        // s.d. 0.01·√2/√2·… by hand: samples 0.60, 0.62: s.d. = 0.02/√2 = 0.014142.
        let two = Estimate::of(&[0.60, 0.62]).unwrap();
        assert_eq!(mean_sd(&two), "61.00 ± 1.41");
    }

    #[test]
    fn shares_keep_two_digits() {
        let text: Vec<_> = [1.0, 0.64, 0.0995, 0.018, 0.0021, 1e-6, 0.0].map(share).into();
        assert_eq!(text, ["100", "64", "10", "1.8", "0.21", "<0.01", "0"]);
    }

    #[test]
    fn small_p_values_keep_two_digits() {
        let text: Vec<_> = [0.5, 0.0321, 0.00412, 0.00001, 1.0].map(p_value).into();
        assert_eq!(text, ["p = 0.50", "p = 0.032", "p = 0.0041", "p < 0.0001", "p = 1.00"]);
    }

    #[test]
    fn cutting_counts_characters() {
        assert_eq!(cut("größer", 6), "größer");
        assert_eq!(cut("größer", 4), "grö…");
        assert_eq!(capital("gain over é") + &capital(""), "Gain over é");
        assert_eq!(plural(1, "seed") + &plural(3, "seed"), "1 seed3 seeds");
    }
}
