//! `--jobs N`: how many trainings at once.

use std::num::NonZeroUsize;
use std::str::FromStr;

/// How many processes train at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobsArg {
    /// As many as are fastest, which is measured.
    Auto,
    Count(NonZeroUsize),
}

/// Beyond that it is a slip of the finger.
const MOST: usize = 256;

impl FromStr for JobsArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let count = text.parse::<NonZeroUsize>().ok().filter(|count| count.get() <= MOST);
        count.map(Self::Count).ok_or_else(|| format!("write a number from 1 to {MOST}, or auto"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_auto_are_read() {
        assert_eq!("auto".parse(), Ok(JobsArg::Auto));
        for count in [1, 2, 256] {
            let read = count.to_string().parse();
            assert_eq!(read, Ok(JobsArg::Count(NonZeroUsize::new(count).unwrap())));
        }
        for text in ["", "0", "-1", "257", "1.5", "all"] {
            assert!(text.parse::<JobsArg>().is_err(), "{text}");
        }
    }
}
