//! The name of a new crate, which is that of its item, too.

use std::fmt;
use std::str::FromStr;

/// A name that cargo, rustc and configs take: `my-tweak`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewName(String);

/// Longer ones make no file name that every system takes.
const LONGEST: usize = 50;

/// Words that cargo or rustc refuse as a crate's name: keywords, crates of the language, and names
/// of a target folder.
const RESERVED: &str = "\
    abstract alloc as async await become box break build const continue core crate deps do dyn \
    else enum examples extern false final fn for gen if impl in incremental let loop macro match \
    mod move mut override priv proc-macro proc_macro pub ref return self static std struct super \
    test trait true try type typeof unsafe unsized use virtual where while yield";

/// What `use jackpot_plugin_api::prelude::*` and Rust's own prelude bring: a struct of that name
/// would hide it.
const TAKEN: &str = "\
    Activation Architecture Arg Augmentation Batch Box Clone Conv2d Copy Creator Ctx \
    DeclaredTensor Default Device Drop Dtype Duration Edits Element Eq Err Error Exchange Extend \
    Fn FnMut FnOnce ForwardOptions From GradOptions Graph GraphBuilder GraphView Init Initial \
    Input Interval Into IntoIterator Iterator Linear Loss LrSchedule Mode Model ModelBatch \
    NamedTensors Node NodeRef None Ok Option Ord Parameter ParameterInfo Params PartialEq \
    PartialOrd Progress Result Rewire Rng Role Score Self Send Site Sized Skip Some String Sync \
    Tensor TensorError TensorSpec TrainingPoint TryFrom TryInto Unpin Update Vec";

impl NewName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As rustc spells the crate: `my_tweak`.
    pub fn library(&self) -> String {
        self.0.replace('-', "_")
    }

    /// The item's type: `MyTweak`.
    pub fn type_name(&self) -> String {
        let capital = |word: &str| {
            let mut chars = word.chars();
            let first = chars.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(chars).collect::<String>()
        };
        let name: String = self.0.split(['-', '_']).map(capital).collect();
        match stands_in(TAKEN, &name) {
            true => format!("{name}Item"),
            false => name,
        }
    }
}

fn stands_in(words: &str, word: &str) -> bool {
    words.split(' ').any(|one| one == word)
}

impl FromStr for NewName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = "a name begins with a small letter and has small letters, digits, `-` and `_`, \
                      such as my-tweak";
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
        if !text.starts_with(|c: char| c.is_ascii_lowercase()) || !text.chars().all(allowed) {
            return Err(wanted.to_owned());
        }
        if text.len() > LONGEST {
            return Err(format!("it has {} characters; at most {LONGEST} will do", text.len()));
        }
        if stands_in(RESERVED, text) {
            return Err("it means something to Rust or cargo; choose another".to_owned());
        }
        if matches!(text, "jackpot-plugin-api" | "jackpot_plugin_api" | "none") {
            return Err("it means something to Jackpot; choose another".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for NewName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> NewName {
        text.parse().unwrap()
    }

    #[test]
    fn spellings() {
        let one = name("my-tweak_2");
        assert_eq!((one.library(), one.type_name()), ("my_tweak_2".into(), "MyTweak2".into()));
        assert_eq!(name("x").type_name(), "X");
    }

    #[test]
    fn a_type_never_hides_what_the_code_uses() {
        assert_eq!(name("lr-schedule").type_name(), "LrScheduleItem");
        assert_eq!(name("option").type_name(), "OptionItem");
        // Every type and trait of the authors' prelude is in the list.
        let prelude = include_str!("../../plugin-api/src/prelude.rs");
        let code = prelude.lines().filter(|line| !line.starts_with("//!"));
        let text: String = code.map(|line| format!("{line}\n")).collect();
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        let types = words.filter(|word| word.starts_with(|c: char| c.is_ascii_uppercase()));
        for name in types {
            assert!(stands_in(TAKEN, name), "{name}");
        }
    }

    #[test]
    fn what_cargo_rustc_or_configs_refuse() {
        let long = "x".repeat(51);
        for text in
            ["", "My", "9x", "-x", "a b", "a/b", "..", "é", "fn", "test", "std", "none", &long]
        {
            assert!(text.parse::<NewName>().is_err(), "{text:?}");
        }
    }
}
