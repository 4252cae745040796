//! Which jobs a run's config asks for, so that a report can say what is missing.
//!
//! Reads the resolved `config.toml` leniently: a run of another version still gets a report, at
//! worst without knowing what is missing.

use toml::{Table, Value};

/// The jobs of a run, in the order in which a report lists them.
#[derive(Debug, Default, PartialEq)]
pub struct Plan {
    pub seeds: Vec<u64>,
    /// Names of the draws with their last level.
    pub draws: Vec<(String, usize)>,
    pub spends: Vec<Spend>,
}

#[derive(Debug, PartialEq)]
pub struct Spend {
    pub recipe: String,
    pub draws: Vec<String>,
    /// `None`: all of the draw.
    pub levels: Option<Vec<usize>>,
}

impl Plan {
    pub fn of(config: &Table) -> Self {
        let draws: Vec<(String, usize)> = tables(config, "draw")
            .map(|draw| (text(draw, "name").unwrap_or("imp").to_owned(), last_level(draw)))
            .collect();
        let every: Vec<String> = draws.iter().map(|(name, _)| name.clone()).collect();
        let spend = |spend: &Table| {
            Some(Spend {
                recipe: text(spend, "recipe")?.to_owned(),
                draws: names(spend).unwrap_or_else(|| every.clone()),
                levels: numbers(spend, "levels"),
            })
        };
        let seeds = numbers(config, "seeds").or_else(|| numbers(config, "seed"));
        Self {
            seeds: seeds.unwrap_or_default().into_iter().map(|s| s as u64).collect(),
            spends: tables(config, "spend").filter_map(spend).collect(),
            draws,
        }
    }

    /// Every job: recipe (`None`: the draw's own), draw, seed, level.
    pub fn jobs(&self) -> Vec<(Option<&str>, &str, u64, usize)> {
        let mut out = Vec::new();
        let mut add = |recipe, draw, levels: &mut dyn Iterator<Item = usize>| {
            let levels: Vec<usize> = levels.collect();
            for seed in &self.seeds {
                out.extend(levels.iter().map(|level| (recipe, draw, *seed, *level)));
            }
        };
        for (draw, last) in &self.draws {
            add(None, draw.as_str(), &mut (0..=*last));
        }
        for spend in &self.spends {
            for draw in &spend.draws {
                let Some((_, last)) = self.draws.iter().find(|(name, _)| name == draw) else {
                    continue;
                };
                let recipe = Some(spend.recipe.as_str());
                match &spend.levels {
                    Some(levels) => add(recipe, draw.as_str(), &mut levels.iter().copied()),
                    None => add(recipe, draw.as_str(), &mut (0..=*last)),
                }
            }
        }
        out
    }
}

/// The tables under `[[key]]`.
pub fn tables<'a>(config: &'a Table, key: &str) -> impl Iterator<Item = &'a Table> {
    config.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table)
}

pub fn text<'a>(table: &'a Table, key: &str) -> Option<&'a str> {
    table.get(key)?.as_str()
}

/// The draws that a spend names, one or a list; `None` for all.
fn names(spend: &Table) -> Option<Vec<String>> {
    match spend.get("draw")? {
        Value::String(all) if all == "all" => None,
        Value::String(name) => Some(vec![name.clone()]),
        Value::Array(all) => Some(all.iter().filter_map(Value::as_str).map(Into::into).collect()),
        _ => None,
    }
}

/// One whole number or a list of them, none below zero.
fn numbers(table: &Table, key: &str) -> Option<Vec<usize>> {
    let one = |v: &Value| v.as_integer().and_then(|i| usize::try_from(i).ok());
    match table.get(key)? {
        Value::Array(all) => Some(all.iter().filter_map(one).collect()),
        value => one(value).map(|n| vec![n]),
    }
}

/// `levels = 16`, or as many as `keep = [...]` or the masks of `from` list.
fn last_level(draw: &Table) -> usize {
    let count = draw.get("levels").and_then(Value::as_integer);
    let keep = || draw.get("keep").and_then(Value::as_array).map(Vec::len);
    let masks = || match draw.get("from")?.get("mask")? {
        Value::Array(files) => Some(files.len()),
        _ => Some(1),
    };
    count.and_then(|n| usize::try_from(n).ok()).or_else(keep).or_else(masks).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_of_a_written_config() {
        let config: Table = toml::from_str(
            r#"
            seeds = [1, 2]
            [[draw]]
            levels = 1
            [[draw]]
            name = "snip"
            keep = [0.5, 0.1]
            [[spend]]
            recipe = "vanilla"
            draw = ["imp"]
            levels = "all"
            [[spend]]
            recipe = "all"
            draw = "snip"
            levels = [0, 2]
            "#,
        )
        .unwrap();
        let plan = Plan::of(&config);
        let jobs = plan.jobs();
        // imp: 2 seeds × 2 levels; snip: 2 × 3; vanilla on imp: 2 × 2; all on snip: 2 × 2.
        assert_eq!(jobs.len(), 4 + 6 + 4 + 4);
        assert_eq!(jobs[0], (None, "imp", 1, 0));
        assert_eq!(jobs[10], (Some("vanilla"), "imp", 1, 0));
        assert_eq!(jobs[17], (Some("all"), "snip", 2, 2));
    }

    #[test]
    fn nonsense_asks_for_nothing() {
        let config: Table = toml::from_str("draw = 3\nspend = [1]\nseeds = \"many\"").unwrap();
        assert_eq!(Plan::of(&config), Plan::default());
    }
}
