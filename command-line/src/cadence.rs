//! `--checkpoint OFTEN`, and times as they are typed.

use std::str::FromStr;
use std::time::Duration as Span;

use jackpot_plugin_api::Duration;

/// How often a training's state is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CadenceArg {
    Auto,
    /// So often.
    Every(Span),
    /// After every so many steps or epochs.
    Steps(Duration),
}

impl FromStr for CadenceArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        match text.parse::<Duration>() {
            Ok(Duration::Epochs(0) | Duration::Iterations(0)) => {
                Err("that is never; write auto, 10m, 2ep or 500it".to_owned())
            }
            Ok(steps) => Ok(Self::Steps(steps)),
            Err(_) => span(text)
                .map(Self::Every)
                .map_err(|_| "write auto, a time as 30s, 10m or 1h, or 2ep or 500it".to_owned()),
        }
    }
}

/// Reads a time such as `90s`, `55m`, `1.5h`.
///
/// # Errors
///
/// Anything else, in words.
pub fn span(text: &str) -> Result<Span, String> {
    let units = [("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let found = units.into_iter().find_map(|(unit, seconds)| {
        let digits = text.strip_suffix(unit)?;
        // Not what else `f64` understands: inf, 1e9.
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let number: f64 = digits.parse().ok().filter(|_| plain)?;
        Span::try_from_secs_f64(number * seconds).ok()
    });
    found.ok_or_else(|| "write a time as 90s, 55m or 1.5h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cadences_and_times_are_read() {
        let read = |text: &str| text.parse::<CadenceArg>();
        assert_eq!(read("auto"), Ok(CadenceArg::Auto));
        assert_eq!(read("30s"), Ok(CadenceArg::Every(Span::from_secs(30))));
        assert_eq!(read("1.5h"), Ok(CadenceArg::Every(Span::from_secs(5400))));
        assert_eq!(read("0s"), Ok(CadenceArg::Every(Span::ZERO)));
        assert_eq!(read("2ep"), Ok(CadenceArg::Steps(Duration::Epochs(2))));
        assert_eq!(read("500it"), Ok(CadenceArg::Steps(Duration::Iterations(500))));
        for text in ["", "never", "0ep", "0it", "10", "m", "-1m", "infs", "1e3s"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
