//! A block of TOML in a page: a whole config, or the part of one that the page is about.

use toml::{Table, Value};

/// What a part is put into.
const REST: &str = r#"
name = "fragment"
seeds = [1, 2]
data = { dataset = "synthetic", validation = 200 }
model = { architecture = { plugin = "resnet8" } }
train = { epochs = 200 }
draw = [{ levels = 2 }]
spend = [{ recipe = "vanilla" }]
"#;

/// The whole config to a block: its sections replace those of an experiment that has all. `None` if
/// the block is no config, but a part of a `Cargo.toml`.
pub fn whole(text: &str) -> Option<String> {
    let block: Table = text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"));
    let of_cargo = |key: &&str| block.contains_key(*key);
    if ["package", "dependencies", "dev-dependencies"].iter().any(of_cargo) {
        return None;
    }
    let mut config: Table = REST.parse().unwrap();
    for (key, value) in block {
        match (config.get_mut(&key), value) {
            // A section of some keys leaves the required ones to the rest.
            (Some(Value::Table(there)), Value::Table(here)) => there.extend(here),
            (_, value) => _ = config.insert(key, value),
        }
    }
    Some(toml::to_string(&config).unwrap())
}

/// A config with a block's recipes in place of those of the same names. `None` if it has none of
/// them.
pub fn replaced(config: &str, block: &str) -> Option<String> {
    let block: Table = block.parse().unwrap();
    let mut config: Table = config.parse().unwrap();
    let mut done = false;
    for new in block.get("spend").and_then(Value::as_array)? {
        for old in config.get_mut("spend").and_then(Value::as_array_mut)? {
            if old.get("recipe") == new.get("recipe") {
                old.clone_from(new);
                done = true;
            }
        }
    }
    done.then(|| toml::to_string(&config).unwrap())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_replaces_what_it_has() {
        let text = whole("[train]\nloss = \"kd\"\n[[spend]]\nrecipe = \"mine\"\n").unwrap();
        let config: Table = text.parse().unwrap();
        assert_eq!(config["train"]["epochs"].as_integer(), Some(200));
        assert_eq!(config["train"]["loss"].as_str(), Some("kd"));
        let spends = config["spend"].as_array().unwrap();
        assert_eq!((spends.len(), spends[0]["recipe"].as_str()), (1, Some("mine")));
        let other = replaced(&text, "[[spend]]\nrecipe = \"mine\"\nloss = \"kd\"\n").unwrap();
        assert_eq!(other.parse::<Table>().unwrap()["spend"][0]["loss"].as_str(), Some("kd"));
        assert_eq!(replaced(&text, "[[spend]]\nrecipe = \"yours\"\n"), None);
        assert_eq!(whole("[dev-dependencies]\nx = \"1\"\n"), None);
    }
}
