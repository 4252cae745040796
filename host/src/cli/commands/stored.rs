//! Which stored weights a command is about, and the config that they belong to.

use std::path::{Path, PathBuf};

use jackpot_plugin_api::Duration;

use crate::cli::args::{StoredArgs, StoredWeights};
use crate::cli::failure::Failure;
use crate::config::{Config, ModelConfig, Overrides, SpendConfig, TrainConfig};
use crate::engine::stored::{BEST, BEST_MASK, LAST, MASK, graph_sha256, point};
use crate::experiment::{JobKey, JobRecord, PluginUse, RunDir, Work};

/// What to evaluate.
#[derive(Debug)]
pub struct Targets {
    pub config: PathBuf,
    /// The run that the weights, and so the config, are of.
    pub run: Option<RunDir>,
    pub overrides: Overrides,
    /// At least one.
    pub weights: Vec<Target>,
}

/// One file of weights.
#[derive(Debug, PartialEq)]
pub struct Target {
    /// For people.
    pub name: String,
    pub path: PathBuf,
    pub network: Network,
    /// The test accuracy that the job reported for these weights.
    pub stored: Option<f64>,
    /// The point of the training that they are of; `None`: its end, or nobody knows.
    pub at: Option<Duration>,
    /// The plugin files of the job.
    pub plugins: Vec<PluginUse>,
    /// The SHA-256 of the graph file of the job's network, if it has one.
    pub graph: Option<String>,
    /// The file of their masks, if they lie in a run and have some.
    pub mask: Option<PathBuf>,
}

/// Whose weights they are.
#[derive(Debug, PartialEq, Eq)]
pub enum Network {
    /// A job of the config.
    Of(JobKey),
    /// The network of \[model\] and \[train\].
    Draws,
    /// A recipe's.
    Recipe(String),
}

impl Target {
    /// Whether they are a draw's own.
    pub fn is_draw(&self) -> bool {
        matches!(&self.network, Network::Of(key) if key.is_draw())
    }

    /// The network that the weights belong to, and how it is trained.
    pub fn network<'a>(
        &self,
        config: &'a Config,
    ) -> Result<(&'a ModelConfig, &'a TrainConfig), Failure> {
        let missing = |what: String| Failure::usage(format!("the config has no {what}"));
        match &self.network {
            Network::Of(key) => {
                let work = Work::of(config, key);
                work.map(|work| (work.model, work.train)).ok_or_else(|| missing(key.to_string()))
            }
            Network::Draws => Ok((&config.model, &config.train)),
            Network::Recipe(name) => {
                let named = |spend: &&SpendConfig| spend.recipe == *name;
                let spend = config.spends.iter().find(named);
                let recipe = || missing(format!("recipe `{name}`"));
                spend.map(|spend| (&spend.model, &spend.train)).ok_or_else(recipe)
            }
        }
    }
}

/// Finds what the arguments mean: jobs of a run, of all levels or of one; or a file.
pub fn targets(args: &StoredArgs, level: Option<usize>) -> Result<Targets, Failure> {
    let mut overrides = Overrides::from(&args.overriding);
    if args.target.is_dir() {
        if args.config.is_some() {
            let message = "a run has its own config; leave --config out, or name a file of weights";
            return Err(Failure::usage(message));
        }
        let run = RunDir::open(&args.target)?;
        // Here the seeds choose jobs; the config keeps its own.
        let seeds = overrides.seeds.take();
        let weights = of_run(&run, args, level, seeds.as_deref())?;
        return Ok(Targets { config: run.config(), run: Some(run), overrides, weights });
    }
    if !args.target.exists() {
        return Err(Failure::usage(format!("{} does not exist", args.target.display())));
    }
    of_file(args, overrides)
}

/// The finished jobs of a run that the arguments choose.
fn of_run(
    run: &RunDir,
    args: &StoredArgs,
    level: Option<usize>,
    seeds: Option<&[u64]>,
) -> Result<Vec<Target>, Failure> {
    let wanted = |key: &JobKey| {
        level.is_none_or(|level| key.level() == level)
            && args.draw.as_ref().is_none_or(|draw| key.draw() == draw)
            && args.recipe.as_ref().is_none_or(|recipe| key.recipe() == Some(recipe))
            && seeds.is_none_or(|seeds| seeds.contains(&key.seed()))
    };
    let records = run.records()?;
    let total = records.len();
    let chosen = records.into_iter().filter(|record| wanted(&record.key));
    let weights: Vec<Target> = chosen.map(|record| of_job(run, record, args.weights)).collect();
    match weights.is_empty() {
        true => Err(Failure::usage(format!(
            "none of the {total} finished jobs of {} matches; `jackpot status` lists them",
            run.path().display()
        ))),
        false => Ok(weights),
    }
}

fn of_job(run: &RunDir, record: JobRecord, which: StoredWeights) -> Target {
    let file = match which {
        StoredWeights::Best => BEST,
        StoredWeights::Last => LAST,
    };
    let stored = record.results.as_ref().map(|results| match which {
        StoredWeights::Best => results.test_accuracy,
        StoredWeights::Last => results.test_accuracy_last,
    });
    let folder = run.files(&record);
    Target {
        name: record.key.to_string(),
        mask: mask_of(&folder, file),
        path: folder.join(file),
        stored,
        at: point(&record, file),
        graph: graph_sha256(&record),
        network: Network::Of(record.key),
        plugins: record.plugins,
    }
}

/// The masks of a file in a job's folder, where it has its own or all have the same.
fn mask_of(folder: &Path, file: &str) -> Option<PathBuf> {
    let names: &[&str] = match file {
        BEST => &[BEST_MASK, MASK],
        LAST => &[MASK],
        _ => &[],
    };
    names.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

/// A file: of the config that is named, or of the run that it lies in.
fn of_file(args: &StoredArgs, overrides: Overrides) -> Result<Targets, Failure> {
    let path = args.target.clone();
    let name = path.display().to_string();
    let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let target = |network| Target {
        name: name.clone(),
        path: path.clone(),
        network,
        stored: None,
        at: None,
        plugins: Vec::new(),
        graph: None,
        mask: path.parent().and_then(|folder| mask_of(folder, file)),
    };
    let network = match &args.recipe {
        Some(recipe) => Network::Recipe(recipe.clone()),
        None => Network::Draws,
    };
    if let Some(config) = &args.config {
        // Whatever a file of that name is elsewhere.
        let beside = JobRecord::read(&path.with_file_name("job.json")).ok().flatten();
        let at = beside.and_then(|record| point(&record, file));
        let weights = vec![Target { at, ..target(network) }];
        return Ok(Targets { config: config.clone(), run: None, overrides, weights });
    }
    let Some((run, job)) = home(&path) else {
        return Err(Failure::usage(format!(
            "{name} lies in no run, so its network is unknown; name its config with --config"
        )));
    };
    let run = RunDir::open(&run)?;
    let record = job.as_ref().map(|job| run.record(job)).transpose()?.flatten();
    let found = match (job, &args.recipe) {
        (Some(job), None) => {
            Target { graph: record.as_ref().and_then(graph_sha256), ..target(Network::Of(job)) }
        }
        _ => target(network),
    };
    let at = record.as_ref().and_then(|record| point(record, file));
    let plugins = record.map(|record| record.plugins).unwrap_or_default();
    let weights = vec![Target { at, plugins, ..found }];
    Ok(Targets { config: run.config(), run: Some(run), overrides, weights })
}

/// The run that a file lies in, and the job if it is in a job's folder. The weights beside a
/// draw's levels are those of its level 0.
fn home(file: &Path) -> Option<(PathBuf, Option<JobKey>)> {
    let file = std::path::absolute(file).ok()?;
    let folder = file.parent()?;
    // A job's folder is at most five below its run.
    let run = folder.ancestors().take(6).find(|above| above.join("config.toml").is_file())?;
    let inside = folder.strip_prefix(run).ok()?.to_str()?;
    let beside_levels = || format!("{inside}/level-00").parse().ok().filter(JobKey::is_draw);
    Some((run.to_owned(), inside.parse().ok().or_else(beside_levels)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser;

    use super::*;
    use crate::cli::args::{Cli, Command, EvalArgs};

    fn args(words: &[&str]) -> EvalArgs {
        let words = ["jackpot", "eval"].iter().chain(words);
        match Cli::try_parse_from(words).unwrap().command {
            Command::Eval(args) => args,
            other => panic!("{other:?}"),
        }
    }

    fn found_by(args: &EvalArgs) -> Result<Targets, Failure> {
        targets(&args.stored, args.level)
    }

    #[test]
    fn a_file_of_a_run_knows_its_job() {
        let folder = tempfile::tempdir().unwrap();
        let job = folder.path().join("spend/all/imp/seed-42/level-03");
        fs::create_dir_all(&job).unwrap();
        fs::write(folder.path().join("config.toml"), "").unwrap();
        let file = job.join("model.safetensors");
        fs::write(&file, "").unwrap();
        let found = found_by(&args(&[file.to_str().unwrap()])).unwrap();
        assert_eq!(found.config, folder.path().join("config.toml"));
        let key: JobKey = "spend/all/imp/seed-42/level-03".parse().unwrap();
        assert_eq!(found.weights[0].network, Network::Of(key));
    }

    /// A run with one finished level 0 of a draw, whose best epoch was the second.
    fn run() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let job = folder.path().join("draw/imp/seed-1/level-00");
        fs::create_dir_all(&job).unwrap();
        fs::write(folder.path().join("config.toml"), "").unwrap();
        let used = serde_json::json!(
            { "kind": "activation", "name": "swish", "version": "0.1.0", "sha256": "ab" }
        );
        let record = serde_json::json!({
            "format": 1,
            "key": { "kind": "draw", "draw": "imp", "seed": 1, "level": 0 },
            "status": "done",
            "identity": "ab",
            "description": { "model": { "architecture": { "graph_sha256": "cd" } } },
            "results": {
                "test_accuracy": 0.5, "test_accuracy_last": 0.4, "validation_accuracy": 0.45,
                "test_loss": 1.25, "best_epoch": 2, "weights_kept": 80, "weights_total": 100,
                "weights_training": 90, "flops": 1000, "precision": "f32"
            },
            "rewind": "3it",
            "plugins": [used],
        });
        fs::write(job.join("job.json"), record.to_string()).unwrap();
        for file in ["level-00/best", "level-00/model", "init", "rewind"] {
            let name = format!("draw/imp/seed-1/{file}.safetensors");
            fs::write(folder.path().join(name), "").unwrap();
        }
        folder
    }

    fn at(words: &[&str]) -> Option<String> {
        let found = found_by(&args(words)).unwrap();
        assert_eq!(found.weights.len(), 1);
        found.weights[0].at.map(|point| point.to_string())
    }

    #[test]
    fn weights_are_of_the_point_at_which_they_were_stored() {
        let run = run();
        let path = run.path().to_str().unwrap();
        assert_eq!(at(&[path]).as_deref(), Some("2ep"));
        assert_eq!(at(&[path, "--weights", "last"]), None);
        let file = |name: &str| format!("{path}/draw/imp/seed-1/{name}.safetensors");
        assert_eq!(at(&[&file("level-00/best")]).as_deref(), Some("2ep"));
        assert_eq!(at(&[&file("level-00/best"), "--config", "x.toml"]).as_deref(), Some("2ep"));
        assert_eq!(at(&[&file("level-00/model")]), None);
        assert_eq!(at(&[&file("init")]).as_deref(), Some("0ep"));
        assert_eq!(at(&[&file("rewind")]).as_deref(), Some("3it"));
    }

    #[test]
    fn weights_of_a_run_know_the_files_that_made_them() {
        let run = run();
        let path = run.path().to_str().unwrap();
        let file = format!("{path}/draw/imp/seed-1/init.safetensors");
        for words in [&[path][..], &[&file]] {
            let found = found_by(&args(words)).unwrap();
            assert_eq!(found.run.unwrap().path(), run.path());
            let target = &found.weights[0];
            assert_eq!(target.plugins.len(), 1, "{words:?}");
            assert_eq!(target.plugins[0].sha256, "ab");
            assert_eq!(target.graph.as_deref(), Some("cd"));
        }
        let elsewhere = found_by(&args(&[&file, "--config", "x.toml"])).unwrap();
        assert_eq!((elsewhere.run, elsewhere.weights[0].plugins.len()), (None, 0));
    }

    #[test]
    fn a_file_elsewhere_needs_a_config() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("w.safetensors");
        fs::write(&file, "").unwrap();
        let file = file.to_str().unwrap();
        let error = found_by(&args(&[file])).unwrap_err();
        assert!(error.message().contains("name its config with --config"), "{error:?}");
        let found = found_by(&args(&[file, "--config", "x.toml", "--recipe", "all"])).unwrap();
        assert_eq!(found.config, Path::new("x.toml"));
        assert_eq!(found.weights[0].network, Network::Recipe("all".into()));
        let error = found_by(&args(&["/nowhere/at/all"])).unwrap_err();
        assert_eq!((error.code(), error.message().as_str()), (2, "/nowhere/at/all does not exist"));
    }

    #[test]
    fn a_folder_that_is_no_run_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = found_by(&args(&[folder.path().to_str().unwrap()])).unwrap_err();
        assert_eq!(error.code(), 2);
        assert!(error.message().contains("is no run directory"), "{error:?}");
    }
}
