//! "Did you mean …?"

/// The known name that somebody who wrote `name` most likely meant.
///
/// Case and `-` against `_` do not count; a third of the letters may be wrong. Failing that, a
/// name that begins with what was written (`batch` for `batch_size`).
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let wanted = plain(name);
    let mut best: Option<(usize, &str)> = None;
    let mut prefix = None;
    for candidate in known {
        let plain = plain(candidate);
        let distance = strsim::damerau_levenshtein(&wanted, &plain);
        let allowed = (wanted.chars().count().max(plain.chars().count()) / 3).max(1);
        // One letter is a third of nothing: `a` is not a misspelt `b`.
        let shares = distance < plain.chars().count();
        if distance <= allowed && shares && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
        let long = wanted.len() >= 3 && plain.len() >= 3;
        if long && (plain.starts_with(&wanted) || wanted.starts_with(&plain)) {
            prefix = prefix.or(Some(candidate));
        }
    }
    best.map(|(_, candidate)| candidate).or(prefix)
}

/// "did you mean `x`?" if there is a nearest name, else `otherwise`.
pub fn did_you_mean<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
    otherwise: &str,
) -> String {
    match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => otherwise.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let known = ["epochs", "batch_size", "lr_schedule", "init"];
        for (written, meant) in [
            ("epoch", Some("epochs")),
            ("Epochs", Some("epochs")),
            ("epcohs", Some("epochs")),
            ("batch-size", Some("batch_size")),
            ("batch", Some("batch_size")),
            ("lr-scheduel", Some("lr_schedule")),
            ("initial", Some("init")),
            ("zzz", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, known), meant, "{written}");
        }
    }

    #[test]
    fn the_closest_of_several_wins() {
        assert_eq!(nearest("resnet2", ["resnet18", "resnet20", "resnet32"]), Some("resnet20"));
    }

    #[test]
    fn one_letter_names_are_no_misspelling_of_each_other() {
        assert_eq!(nearest("a", ["b"]), None);
    }
}
