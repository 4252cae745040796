//! The strings that have a form of their own: names, devices, rewind points, patterns.

use jackpot_plugin_api::Duration;

use super::keys::Word;
use super::types::{DeviceChoice, Rewind};

/// The longest name, in bytes, that still leaves room for suffixes in a file name.
pub const NAME_LENGTH: usize = 100;

/// A name that becomes a folder's name on any system, and an argument that no shell changes.
pub const NAME: Word = Word {
    describe: "a name that can be a folder's",
    hint: "1 to 100 of A-Z a-z 0-9 . _ - + @, beginning with a letter, a digit or _",
    ok: is_name,
    pattern: "^[A-Za-z0-9_][A-Za-z0-9._@+-]{0,99}$",
};

pub const DEVICE: Word = Word {
    describe: "\"auto\", \"cpu\", \"cuda\" or \"cuda:N\"",
    hint: "",
    ok: |text| device(text).is_some(),
    pattern: "^(auto|cpu|cuda|cuda:[0-9]{1,3})$",
};

pub const POINT: Word = Word {
    describe: "\"init\", epochs such as \"2ep\" or steps such as \"500it\"",
    hint: "",
    ok: |text| point(text).is_some(),
    pattern: "^(init|0*[1-9][0-9]{0,17}(ep|it))$",
};

pub const AFTER: Word = Word {
    describe: "epochs such as \"2ep\" or steps such as \"500it\", above zero",
    hint: "",
    ok: |text| matches!(point(text), Some(Rewind::At(_))),
    pattern: "^0*[1-9][0-9]{0,17}(ep|it)$",
};

pub const PATTERN: Word = Word {
    describe: "\"conv\", \"linear\" or a glob of parameter names",
    hint: "`!` before it excludes",
    ok: |text| !text.strip_prefix('!').unwrap_or(text).is_empty(),
    pattern: "^!?[^!].*$",
};

/// An item of a plugin.
pub const ITEM: Word = Word {
    describe: "an item's name, or \"path/to/file.so:name\"",
    hint: "`jackpot plugin list` shows the names",
    ok: |text| match split_item(text) {
        (Some(file), name) => !file.is_empty() && is_item_name(name),
        (None, name) => is_item_name(name),
    },
    pattern: "^([^:/]+|.+:[^:/]+)$",
};

fn is_item_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('/')
}

/// The file, if there is one, and the name of an item.
pub fn split_item(text: &str) -> (Option<&str>, &str) {
    match text.rsplit_once(':') {
        Some((file, name)) => (Some(file), name),
        None => (None, text),
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-+@".contains(&b);
    let first = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= NAME_LENGTH && text.bytes().next().is_some_and(first) && text.bytes().all(allowed)
}

/// The device of that name.
pub fn device(text: &str) -> Option<DeviceChoice> {
    match text {
        "auto" => Some(DeviceChoice::Auto),
        "cpu" => Some(DeviceChoice::Cpu),
        "cuda" => Some(DeviceChoice::Cuda(0)),
        _ => {
            let digits = text.strip_prefix("cuda:")?;
            let valid =
                (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
            valid.then(|| digits.parse().ok().map(DeviceChoice::Cuda))?
        }
    }
}

/// The device's name, as [`device`] reads it.
pub fn device_name(device: DeviceChoice) -> String {
    match device {
        DeviceChoice::Auto => "auto".to_owned(),
        DeviceChoice::Cpu => "cpu".to_owned(),
        DeviceChoice::Cuda(index) => format!("cuda:{index}"),
    }
}

/// The rewind point of that name. `0ep` is none: that point is called `init`.
pub fn point(text: &str) -> Option<Rewind> {
    if text == "init" {
        return Some(Rewind::Init);
    }
    let at: Duration = text.parse().ok()?;
    (at.steps(1) > 0).then_some(Rewind::At(at))
}

/// The rewind point's name, as [`point`] reads it.
pub fn point_name(point: Rewind) -> String {
    match point {
        Rewind::Init => "init".to_owned(),
        Rewind::At(at) => at.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_safe_file_names() {
        for good in ["a", "imp", "ls+swish", "imp@2ep", "v1.2_b-c", "0", &"a".repeat(100)] {
            assert!(is_name(good), "{good}");
        }
        let bad = ["", ".", "..", ".a", "-a", "+a", "@a", "a/b", "a b", "ä", "a:b", "a*", "a\n"];
        for bad in bad.into_iter().chain([&*"a".repeat(101)]) {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn a_decision_is_taken_after_some_steps() {
        for good in ["1ep", "500it"] {
            assert!((AFTER.ok)(good), "{good}");
        }
        for bad in ["init", "0ep", "0it", "", "20"] {
            assert!(!(AFTER.ok)(bad), "{bad}");
        }
    }

    #[test]
    fn devices_round_trip() {
        for text in ["auto", "cpu", "cuda:0", "cuda:17"] {
            assert_eq!(device(text).map(device_name).as_deref(), Some(text));
        }
        assert_eq!(device("cuda"), Some(DeviceChoice::Cuda(0)));
        for bad in ["", "gpu", "cuda:", "cuda:-1", "cuda:+1", "cuda:1234", "CPU", "cuda:x"] {
            assert_eq!(device(bad), None, "{bad}");
        }
    }

    #[test]
    fn points_round_trip() {
        for text in ["init", "2ep", "500it"] {
            assert_eq!(point(text).map(point_name).as_deref(), Some(text));
        }
        for bad in ["", "0ep", "0it", "2", "ep", "-1ep", "end"] {
            assert_eq!(point(bad), None, "{bad}");
        }
    }

    fn from_pattern(word: &Word) -> impl Strategy<Value = String> + use<> {
        let bare = word.pattern.trim_start_matches('^').trim_end_matches('$');
        proptest::string::string_regex(bare).expect("the pattern is a regular expression")
    }

    proptest! {
        /// What the schema lets pass, the parser takes.
        #[test]
        fn patterns_say_the_same(
            name in from_pattern(&NAME),
            device in from_pattern(&DEVICE),
            point in from_pattern(&POINT),
            pattern in from_pattern(&PATTERN),
            item in from_pattern(&ITEM),
        ) {
            for (word, text) in [
                (&NAME, &name),
                (&DEVICE, &device),
                (&POINT, &point),
                (&PATTERN, &pattern),
                (&ITEM, &item),
            ] {
                prop_assert!((word.ok)(text), "{} {text:?}", word.pattern);
            }
        }
    }
}
