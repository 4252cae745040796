//! Patterns for names: of parameters in a config, of jobs on the command line.

/// `*` stands for any characters, `?` for one.
pub fn matches(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    // reached[j]: the glob so far matches the first j characters.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for &symbol in &glob {
        if symbol == '*' {
            for j in 1..=text.len() {
                reached[j] |= reached[j - 1];
            }
        } else {
            for j in (1..=text.len()).rev() {
                reached[j] = reached[j - 1] && (symbol == '?' || symbol == text[j - 1]);
            }
            reached[0] = false;
        }
    }
    reached[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_names() {
        for (glob, text, expected) in [
            ("*", "conv1.weight", true),
            ("layer?.*.weight", "layer1.0.conv1.weight", true),
            ("conv1", "conv1.weight", false),
            ("*.conv1.*", "layer1.0.conv1.weight", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxcyyb", false),
            ("", "", true),
            ("?", "", false),
        ] {
            assert_eq!(matches(glob, text), expected, "{glob} {text}");
        }
    }
}
