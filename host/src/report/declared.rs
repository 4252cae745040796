//! What a config says about how its results are to be looked at: the primary comparison, and which
//! recipes are controls of which.

use std::collections::BTreeMap;

use toml::Table;

use super::plan::{tables, text};
use super::run::{Control, Primary};

/// `[report] primary`.
pub fn primary(config: &Table) -> Option<Primary> {
    let primary = config.get("report")?.get("primary")?.as_table()?;
    Some(Primary {
        recipe: text(primary, "recipe")?.to_owned(),
        draw: text(primary, "draw").map(str::to_owned),
        level: usize::try_from(primary.get("level")?.as_integer()?).ok()?,
    })
}

/// The recipes with another mask or other weights than the ticket's, each with the recipe that is
/// the same but for that.
pub fn controls(config: &Table) -> BTreeMap<String, Control> {
    let all: Vec<&Table> = tables(config, "spend").collect();
    let other = |spend: &Table| {
        let ways = [("mask", "own"), ("start", "rewind")].into_iter();
        let ways = ways.filter_map(|(key, usual)| {
            let value = text(spend, key).filter(|value| *value != usual)?;
            // Fine-tuning is no control.
            (value != "trained").then(|| format!("{key} {value}"))
        });
        ways.collect::<Vec<_>>().join(", ")
    };
    let bare = |spend: &Table| {
        let mut bare = spend.clone();
        for key in ["recipe", "levels", "mask", "start", "draw"] {
            bare.remove(key);
        }
        bare
    };
    let control = |spend: &&Table| {
        let what = other(spend);
        let same = |one: &&&Table| other(one).is_empty() && bare(one) == bare(spend);
        let of = all.iter().find(same).and_then(|one| text(one, "recipe")).map(str::to_owned);
        (!what.is_empty()).then_some((text(spend, "recipe")?.to_owned(), Control { what, of }))
    };
    all.iter().filter_map(control).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"
        [report]
        primary = { recipe = "all", level = 7 }
        [[spend]]
        recipe = "vanilla"
        mask = "own"
        start = "rewind"
        loss = "none"
        [[spend]]
        recipe = "shuffled"
        levels = [7]
        mask = "shuffled-layerwise"
        start = "reinit"
        loss = "none"
        [[spend]]
        recipe = "tuned"
        start = "trained"
        [[spend]]
        recipe = "other"
        mask = "shuffled-global"
        loss = { plugin = "label-smoothing" }
    "#;

    #[test]
    fn controls_know_what_they_are_controls_of() {
        let config: Table = toml::from_str(CONFIG).unwrap();
        let control =
            |what: &str, of: Option<&str>| Control { what: what.into(), of: of.map(str::to_owned) };
        let expected = BTreeMap::from([
            ("shuffled".into(), control("mask shuffled-layerwise, start reinit", Some("vanilla"))),
            ("other".into(), control("mask shuffled-global", None)),
        ]);
        assert_eq!(controls(&config), expected);
    }

    #[test]
    fn one_comparison_is_declared_or_none() {
        let config: Table = toml::from_str(CONFIG).unwrap();
        let expected = Primary { recipe: "all".into(), draw: None, level: 7 };
        assert_eq!(primary(&config), Some(expected));
        let none: Table = toml::from_str("report = { primary = \"none\" }").unwrap();
        assert_eq!(primary(&none), None);
    }
}
