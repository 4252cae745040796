//! Which stored weights an evaluation is about, and the config that they belong to.

use std::path::{Path, PathBuf};

use crate::cli::args::{EvalArgs, StoredWeights};
use crate::cli::failure::Failure;
use crate::config::Overrides;
use crate::experiment::{JobKey, JobRecord, RunDir};

/// What to evaluate.
#[derive(Debug)]
pub struct Targets {
    pub config: PathBuf,
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

/// Finds what the arguments mean: jobs of a run, or a file.
pub fn targets(args: &EvalArgs) -> Result<Targets, Failure> {
    let mut overrides = args.overriding.overrides();
    if args.target.is_dir() {
        if args.config.is_some() {
            let message = "a run has its own config; leave --config out, or name a file of weights";
            return Err(Failure::usage(message));
        }
        let run = RunDir::open(&args.target)?;
        // Here the seeds choose jobs; the config keeps its own.
        let seeds = overrides.seeds.take();
        let weights = of_run(&run, args, seeds.as_deref())?;
        return Ok(Targets { config: run.config(), overrides, weights });
    }
    if !args.target.exists() {
        return Err(Failure::usage(format!("{} does not exist", args.target.display())));
    }
    of_file(args, overrides)
}

/// The finished jobs of a run that the arguments choose.
fn of_run(run: &RunDir, args: &EvalArgs, seeds: Option<&[u64]>) -> Result<Vec<Target>, Failure> {
    let wanted = |key: &JobKey| {
        args.level.is_none_or(|level| key.level() == level)
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
        StoredWeights::Best => "best.safetensors",
        StoredWeights::Last => "model.safetensors",
    };
    let stored = record.results.as_ref().map(|results| match which {
        StoredWeights::Best => results.test_accuracy,
        StoredWeights::Last => results.test_accuracy_last,
    });
    let path = run.files(&record).join(file);
    Target { name: record.key.to_string(), path, network: Network::Of(record.key), stored }
}

/// A file: of the config that is named, or of the run that it lies in.
fn of_file(args: &EvalArgs, overrides: Overrides) -> Result<Targets, Failure> {
    let path = args.target.clone();
    let name = path.display().to_string();
    let target = |network| Target { name: name.clone(), path: path.clone(), network, stored: None };
    let network = match &args.recipe {
        Some(recipe) => Network::Recipe(recipe.clone()),
        None => Network::Draws,
    };
    if let Some(config) = &args.config {
        let weights = vec![target(network)];
        return Ok(Targets { config: config.clone(), overrides, weights });
    }
    let Some((run, job)) = home(&path) else {
        return Err(Failure::usage(format!(
            "{name} lies in no run, so its network is unknown; name its config with --config"
        )));
    };
    let network = match (job, &args.recipe) {
        (Some(job), None) => Network::Of(job),
        _ => network,
    };
    Ok(Targets { config: run.join("config.toml"), overrides, weights: vec![target(network)] })
}

/// The run that a file lies in, and the job if it is in a job's folder.
fn home(file: &Path) -> Option<(PathBuf, Option<JobKey>)> {
    let file = std::path::absolute(file).ok()?;
    let folder = file.parent()?;
    // A job's folder is at most five below its run.
    let run = folder.ancestors().take(6).find(|above| above.join("config.toml").is_file())?;
    let job = folder.strip_prefix(run).ok()?.to_str()?.parse().ok();
    Some((run.to_owned(), job))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser;

    use super::*;
    use crate::cli::args::{Cli, Command};

    fn args(words: &[&str]) -> EvalArgs {
        let words = ["jackpot", "eval"].iter().chain(words);
        match Cli::try_parse_from(words).unwrap().command {
            Command::Eval(args) => args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_of_a_run_knows_its_job() {
        let folder = tempfile::tempdir().unwrap();
        let job = folder.path().join("spend/all/imp/seed-42/level-03");
        fs::create_dir_all(&job).unwrap();
        fs::write(folder.path().join("config.toml"), "").unwrap();
        let file = job.join("model.safetensors");
        fs::write(&file, "").unwrap();
        let found = targets(&args(&[file.to_str().unwrap()])).unwrap();
        assert_eq!(found.config, folder.path().join("config.toml"));
        let key: JobKey = "spend/all/imp/seed-42/level-03".parse().unwrap();
        assert_eq!(found.weights[0].network, Network::Of(key));
    }

    #[test]
    fn a_file_elsewhere_needs_a_config() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("w.safetensors");
        fs::write(&file, "").unwrap();
        let file = file.to_str().unwrap();
        let error = targets(&args(&[file])).unwrap_err();
        assert!(error.message().contains("name its config with --config"), "{error:?}");
        let found = targets(&args(&[file, "--config", "x.toml", "--recipe", "all"])).unwrap();
        assert_eq!(found.config, Path::new("x.toml"));
        assert_eq!(found.weights[0].network, Network::Recipe("all".into()));
        let error = targets(&args(&["/nowhere/at/all"])).unwrap_err();
        assert_eq!((error.code(), error.message().as_str()), (2, "/nowhere/at/all does not exist"));
    }

    #[test]
    fn a_folder_that_is_no_run_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = targets(&args(&[folder.path().to_str().unwrap()])).unwrap_err();
        assert_eq!(error.code(), 2);
        assert!(error.message().contains("is no run directory"), "{error:?}");
    }
}
