//! `--shard I/N`: which share of the jobs a process does.

use std::str::FromStr;

/// Share `index` (from 1) of `count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    pub index: usize,
    pub count: usize,
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once('/').and_then(|(index, count)| {
            Some(Self { index: index.parse().ok()?, count: count.parse().ok()? })
        });
        numbers
            .filter(|share| (1..=share.count).contains(&share.index))
            .ok_or_else(|| format!("`{text}` is no share: write 1/4 for the first of four"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_and_bad_ones_refused() {
        assert_eq!("2/4".parse(), Ok(Share { index: 2, count: 4 }));
        for text in ["", "1", "0/4", "5/4", "1/0", "a/b", "-1/4"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }
}
