//! Several runs as one, side by side: where their data and seeds are the same they are paired, and
//! where not it is said why.

use std::collections::{BTreeMap, BTreeSet};

use super::run::{About, Control, Row, Run};

/// Two levels whose kept shares differ by at most this share are one: other programs and other
/// roundings keep a few weights more or less.
const SAME: f64 = 0.002;

/// The runs with their names, which are all different, as one run. Recipes and, where data differ,
/// draws have the names of both; levels are numbered by sparsity anew.
pub fn merge(runs: &[(String, Run)]) -> Run {
    let data = data_names(runs);
    let mut rows = Vec::new();
    let mut unplaced = 0;
    for ((name, run), data) in runs.iter().zip(&data) {
        for row in &run.rows {
            let draw =
                if data.is_empty() { row.draw.clone() } else { format!("{} on {data}", row.draw) };
            let recipe = row.recipe.as_ref().map(|recipe| of_run(name, recipe));
            rows.push((kept(run, row), Row { draw, recipe, ..row.clone() }));
        }
    }
    renumber(&mut rows);
    let rows = rows.into_iter().filter_map(|(kept, row)| {
        unplaced += usize::from(kept.is_none());
        kept.map(|_| row)
    });
    let rows: Vec<Row> = rows.filter(|row| row.recipe.is_some()).collect();
    let names: Vec<&str> = runs.iter().map(|(name, _)| name.as_str()).collect();
    let baseline = runs.first().and_then(|(name, run)| Some(of_run(name, run.baseline()?)));
    let mut about = about(runs);
    about.notes.splice(0..0, unpaired(runs, &data));
    if unplaced > 0 {
        about.notes.push(format!(
            "{} of levels without any result have no known sparsity and are left out.",
            super::format::plural(unplaced, "job")
        ));
    }
    Run { name: names.join(" and "), baseline, about, rows }
}

fn of_run(run: &str, recipe: &str) -> String {
    format!("{run}: {recipe}")
}

/// What to call each run's data where not all have the same; empty where they do. Data that are
/// not known are nobody else's.
fn data_names(runs: &[(String, Run)]) -> Vec<String> {
    let hash = |run: &Run| run.about.dataset.clone();
    let hashes: BTreeSet<String> = runs.iter().map(|(_, run)| hash(run)).collect();
    if hashes.len() == 1 && !hashes.contains("") {
        return vec![String::new(); runs.len()];
    }
    let fact = |run: &Run| {
        let found = run.about.facts.iter().find(|(name, _)| name == "dataset");
        found.map_or("its data", |(_, value)| value).to_owned()
    };
    let name = |(label, run): &(String, Run)| {
        let own = fact(run);
        let others = runs.iter().filter(|(_, other)| hash(other) != hash(run));
        match (hash(run).get(..8), others.into_iter().any(|(_, other)| fact(other) == own)) {
            (None, _) => format!("{own} of {label}"),
            (Some(short), true) => format!("{own} ({short})"),
            (Some(_), false) => own,
        }
    };
    runs.iter().map(name).collect()
}

/// The share of weights that the tickets of a row's level keep: by the draw, else by anybody.
fn kept(run: &Run, row: &Row) -> Option<f64> {
    let level = |other: &&Row| other.draw == row.draw && other.level == row.level;
    let drawn = run.rows.iter().filter(level).filter(|other| other.recipe.is_none());
    let all = run.rows.iter().filter(level);
    let results = drawn.chain(all).find_map(|other| other.results.as_ref())?;
    Some(1.0 - results.sparsity())
}

/// Numbers the levels of each draw from the densest on, across runs; the dense one is 0.
fn renumber(rows: &mut [(Option<f64>, Row)]) {
    let mut shares: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (kept, row) in rows.iter() {
        shares.entry(row.draw.clone()).or_default().extend(kept);
    }
    for all in shares.values_mut() {
        all.sort_by(|a, b| b.total_cmp(a));
        all.dedup_by(|next, last| *last - *next <= SAME * *last);
    }
    for (kept, row) in rows {
        let (Some(kept), Some(all)) = (kept, shares.get(&row.draw)) else { continue };
        // Of the shares that are at least as large, the last one's group.
        let place = all.iter().rposition(|share| *share >= *kept).unwrap_or(0);
        let sparse = all.first().is_some_and(|densest| *densest < 1.0);
        row.level = place + usize::from(sparse);
    }
}

fn about(runs: &[(String, Run)]) -> About {
    let mut about = About::default();
    let value = |run: &Run, fact: &str| {
        let found = run.about.facts.iter().find(|(name, _)| name == fact);
        found.map(|(_, value)| value.clone())
    };
    let mut facts: Vec<&str> = Vec::new();
    for (fact, _) in runs.iter().flat_map(|(_, run)| &run.about.facts) {
        if !facts.contains(&fact.as_str()) {
            facts.push(fact);
        }
    }
    for fact in facts {
        let values: Vec<Option<String>> = runs.iter().map(|(_, run)| value(run, fact)).collect();
        if values.iter().all(|value| *value == values[0]) {
            about.facts.extend(values[0].clone().map(|value| (fact.to_owned(), value)));
            continue;
        }
        let each = runs
            .iter()
            .zip(&values)
            .map(|((name, _), value)| format!("{name}: {}", value.as_deref().unwrap_or("unknown")));
        about.facts.push((fact.to_owned(), each.collect::<Vec<_>>().join(" · ")));
    }
    for (name, run) in runs {
        let own = |recipe: &String| of_run(name, recipe);
        let source = &run.about;
        about
            .recipes
            .extend(source.recipes.iter().map(|(recipe, what)| (own(recipe), what.clone())));
        about.trials.extend(source.trials.iter().map(|(trial, group)| (own(trial), own(group))));
        about.controls.extend(source.controls.iter().map(|(recipe, control)| {
            let of = control.of.as_ref().map(own);
            (own(recipe), Control { of, ..control.clone() })
        }));
        about.notes.extend(source.notes.iter().map(|note| format!("{name}: {note}")));
        about.config += &format!("# {name}\n{}\n", source.config);
        for plugin in &source.plugins {
            if !about.plugins.contains(plugin) {
                about.plugins.push(plugin.clone());
            }
        }
        if source.primary.is_some() {
            about.notes.push(format!(
                "{name} declares a primary comparison of its own; none is primary between runs."
            ));
        }
    }
    about
}

/// Which runs have nothing to be paired by.
fn unpaired(runs: &[(String, Run)], data: &[String]) -> Vec<String> {
    let Some((first, run)) = runs.first() else { return Vec::new() };
    let seeds = |run: &Run| -> BTreeSet<u64> { run.rows.iter().map(|row| row.seed).collect() };
    let draws =
        |run: &Run| -> BTreeSet<String> { run.rows.iter().map(|row| row.draw.clone()).collect() };
    let mut out = Vec::new();
    for ((name, other), place) in runs.iter().zip(data).skip(1) {
        if *place != data[0] {
            out.push(format!(
                "{first} and {name} are on different data ({} and {place}): their accuracies are not \
                 compared.",
                data[0]
            ));
        } else if seeds(run).is_disjoint(&seeds(other)) {
            out.push(format!(
                "{first} and {name} have no seed in common, so no pairs: only means stand side by side."
            ));
        } else if draws(run).is_disjoint(&draws(other)) {
            out.push(format!(
                "{first} and {name} have no draw of the same name, so no pairs: only means stand side \
                 by side."
            ));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::sample::row;
    use super::super::summary::Summary;
    use super::*;

    fn run(dataset: &str, seeds: [u64; 2], gain: f64) -> Run {
        let rows = seeds.into_iter().flat_map(|seed| {
            [row(None, seed, 0, 0.6), row(None, seed, 1, 0.55)].into_iter().chain([
                row(Some("vanilla"), seed, 0, 0.6 + gain),
                row(Some("vanilla"), seed, 1, 0.55 + gain),
            ])
        });
        let mut run = Run { rows: rows.collect(), ..Run::default() };
        run.about.dataset = dataset.to_owned();
        run.about.facts = vec![("dataset".into(), "cifar10".into())];
        run
    }

    fn merged(a: Run, b: Run) -> Run {
        merge(&[("a".to_owned(), a), ("b".to_owned(), b)])
    }

    #[test]
    fn the_same_data_and_seeds_are_paired() {
        let both = merged(run("0123456789", [1, 2], 0.0), run("0123456789", [2, 3], 0.02));
        let summary = Summary::of(&both);
        assert_eq!(summary.recipes, ["a: vanilla", "b: vanilla"]);
        assert_eq!(summary.blocks.len(), 1);
        // Only seed 2 is in both.
        let gain = summary.blocks[0].lines[1].cells[1].gain.as_ref().unwrap();
        assert_eq!(gain.pairs.len(), 1);
        assert!((gain.estimate.mean - 0.02).abs() < 1e-12);
        assert!(both.about.notes.is_empty(), "{:?}", both.about.notes);
    }

    #[test]
    fn different_data_are_not_compared_and_it_is_said() {
        let both = merged(run("0123456789", [1, 2], 0.0), run("abcdef0123", [1, 2], 0.02));
        let summary = Summary::of(&both);
        let draws: Vec<&str> = summary.blocks.iter().map(|block| block.draw).collect();
        assert_eq!(draws, ["imp on cifar10 (01234567)", "imp on cifar10 (abcdef01)"]);
        assert!(summary.cells().all(|cell| cell.gain.is_none()));
        assert!(both.about.notes[0].contains("are on different data"), "{:?}", both.about.notes);
        let unknown = merged(run("", [1, 2], 0.0), run("", [1, 2], 0.0));
        assert_eq!(Summary::of(&unknown).blocks.len(), 2, "unknown data may be any");
    }

    #[test]
    fn other_seeds_stand_side_by_side() {
        let both = merged(run("0123456789", [1, 2], 0.0), run("0123456789", [3, 4], 0.02));
        assert!(Summary::of(&both).cells().all(|cell| cell.gain.is_none()));
        assert!(both.about.notes[0].contains("no seed in common"), "{:?}", both.about.notes);
    }

    #[test]
    fn levels_meet_where_their_sparsity_is_the_same() {
        let mut sparser = run("0123456789", [1, 2], 0.0);
        for row in sparser.rows.iter_mut().filter(|row| row.level == 1) {
            row.results.as_mut().unwrap().weights_kept = 500;
        }
        let both = merged(run("0123456789", [1, 2], 0.0), sparser);
        let summary = Summary::of(&both);
        let levels: Vec<Option<f64>> = summary.blocks[0].levels.iter().map(|l| l.kept).collect();
        assert_eq!(levels, [Some(1.0), Some(0.8), Some(0.5)]);
        let planned = |line: usize| -> Vec<usize> {
            summary.blocks[0].lines[line].cells.iter().map(super::super::Cell::planned).collect()
        };
        assert_eq!((planned(0), planned(1)), (vec![2, 2, 0], vec![2, 0, 2]));
    }
}
