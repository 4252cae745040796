//! A config in words.

use crate::cli::words::{duration, plural, wrap};
use crate::config::{
    Architecture, Config, DrawConfig, Levels, MaskControl, PluginRef, PruneAt, PruningSchedule,
    Rewind, SpendConfig, TrainConfig,
};
use crate::engine::estimate::Estimate;
use crate::experiment::{Job, Work};

/// What a row is about, and what there is to say.
pub type Row = (&'static str, String);

/// Network, draws, recipes, seeds and the number of trainings.
pub fn rows(config: &Config, jobs: &[Job]) -> Vec<Row> {
    let mut rows = vec![("network", network(&config.model.architecture)), ("train", train(config))];
    rows.extend(config.draws.iter().map(|draw| ("draw", draws(draw))));
    rows.extend(config.spends.iter().map(|spend| ("spend", spends(config, spend))));
    rows.push(("seeds", list(config.seeds.iter().map(u64::to_string))));
    rows.push(("trainings", trainings(config, jobs)));
    rows
}

/// Time and disk.
pub fn costs(estimate: &Estimate, threads: usize) -> Vec<Row> {
    let kind = |kind: &crate::engine::estimate::Kind| {
        let (count, time) = (plural(kind.trainings as usize, "training"), duration(kind.seconds));
        format!("{count} of {} at {time}", kind.what)
    };
    let kinds = list(estimate.kinds.iter().map(kind));
    let time = format!(
        "about {} for one process on this machine ({}): {kinds}",
        duration(estimate.seconds()),
        plural(threads, "thread"),
    );
    vec![("time", time), ("disk", format!("about {}", size(estimate.bytes)))]
}

/// The rows below each other, broken to the width.
pub fn table(rows: &[Row], width: usize) -> String {
    let names = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0) + 2;
    let row = |(name, text): &Row| {
        let text = wrap(text, names, width.max(names + 20));
        let text = text.trim_start();
        format!("{name:names$}{text}\n")
    };
    rows.iter().map(row).collect()
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

/// An item with the parameters that it is given.
fn item(reference: &PluginRef) -> String {
    let params = reference.params.iter().map(|(name, value)| format!("{name} {value}"));
    match reference.params.is_empty() {
        true => reference.plugin.clone(),
        false => format!("{} ({})", reference.plugin, list(params)),
    }
}

fn network(architecture: &Architecture) -> String {
    match architecture {
        Architecture::Plugin(reference) => item(reference),
        Architecture::File { file } => format!("the graph in {}", file.display()),
    }
}

fn train(config: &Config) -> String {
    let train = &config.train;
    let mut parts = vec![
        plural(train.epochs as usize, "epoch"),
        format!("batches of {}", train.batch_size),
        format!("learning rate {}", train.optimizer.lr()),
    ];
    parts.extend(tweaks(train, None));
    list(parts.into_iter())
}

/// What stands in a training; of a recipe, what stands there and not in [train].
fn tweaks(train: &TrainConfig, base: Option<&TrainConfig>) -> Vec<String> {
    type Get = fn(&TrainConfig) -> &Option<PluginRef>;
    let items: [(&str, Get); 6] = [
        ("activation", |train| &train.activation),
        ("skip", |train| &train.skip),
        ("init", |train| &train.init),
        ("schedule", |train| &train.lr_schedule),
        ("loss", |train| &train.loss),
        ("mask update", |train| &train.update),
    ];
    let mut found = Vec::new();
    for (name, get) in items {
        match (get(train), base.map(get)) {
            (own, Some(base)) if own == base => {}
            (Some(own), _) => found.push(format!("{name} {}", item(own))),
            (None, Some(_)) => found.push(format!("no {name}")),
            (None, None) => {}
        }
    }
    if base.is_none_or(|base| base.augmentation != train.augmentation) {
        match train.augmentation.as_slice() {
            [] if base.is_some() => found.push("no augmentation".to_owned()),
            [] => {}
            all => found.push(format!("augmentation {}", list(all.iter().map(item)))),
        }
    }
    if base.is_some_and(|base| base.teacher != train.teacher) && train.teacher.is_some() {
        found.push("a teacher".to_owned());
    }
    found
}

fn draws(draw: &DrawConfig) -> String {
    let percent = |share: f64| format!("{:.3}", 100.0 * share).trim_end_matches('0').to_owned();
    let percent = |share: f64| format!("{} %", percent(share).trim_end_matches('.'));
    let levels = match &draw.levels {
        Levels::Fraction { count, fraction } => {
            let left = (1.0 - fraction).powi(i32::try_from(*count).unwrap_or(i32::MAX));
            let (count, fraction) = (plural(*count, "level"), percent(*fraction));
            format!("{count}, each prunes {fraction} of what is left, down to {}", percent(left))
        }
        Levels::Keep(keep) => format!("keeps {}", list(keep.iter().map(|share| percent(*share)))),
        Levels::Masks(files) => format!("the masks of {}", plural(files.len(), "file")),
    };
    let mut parts = vec![levels];
    if !matches!(draw.levels, Levels::Masks(_)) {
        parts.push(format!("by {}", item(&draw.score)));
    }
    if draw.prune_at == PruneAt::Init {
        parts.push("before any training".to_owned());
    } else if draw.schedule == PruningSchedule::OneShot {
        parts.push("each at once from the dense network".to_owned());
    }
    parts.push(match draw.rewind {
        Rewind::Init => "tickets begin with the first weights".to_owned(),
        Rewind::At(point) => format!("tickets begin with the dense training's weights of {point}"),
    });
    parts.push(format!("of {}", list(draw.prunable.iter().map(|name| format!("`{name}`")))));
    format!("{}: {}", draw.name, list(parts.into_iter()))
}

fn spends(config: &Config, spend: &SpendConfig) -> String {
    let tweaks = tweaks(&spend.train, Some(&config.train));
    let mut parts = match tweaks.is_empty() {
        true => vec!["as [train]".to_owned()],
        false => vec![list(tweaks.into_iter())],
    };
    if spend.train.epochs != config.train.epochs {
        parts.push(plural(spend.train.epochs as usize, "epoch"));
    }
    if spend.model != config.model {
        parts.push(network(&spend.model.architecture));
    }
    if spend.mask != MaskControl::Own {
        parts.push("shuffled masks".to_owned());
    }
    parts.push(format!("tickets of {}", list(spend.draws.iter().cloned())));
    parts.push(match &spend.levels {
        None => "all levels".to_owned(),
        Some(levels) => format!("levels {}", list(levels.iter().map(usize::to_string))),
    });
    format!("{}: {}", spend.recipe, parts.join("; "))
}

/// How many there are, and how many jobs are done with them.
fn trainings(config: &Config, jobs: &[Job]) -> String {
    let trains = |job: &&Job| {
        let work = Work::of(config, &job.key);
        job.linked_to.is_none()
            && work.is_some_and(|work| work.spend.is_some() || work.draw.trains(work.level))
    };
    let own: Vec<&Job> = jobs.iter().filter(trains).collect();
    let draws = own.iter().filter(|job| job.key.is_draw()).count();
    let linked = jobs.iter().filter(|job| job.linked_to.is_some()).count();
    let mut text = format!("{}: {draws} to draw, {} to spend", own.len(), own.len() - draws);
    if linked > 0 {
        text += &format!(
            "; {} the same training as another job",
            if linked == 1 {
                "1 more job is".to_owned()
            } else {
                format!("{linked} more jobs are")
            }
        );
    }
    text
}
