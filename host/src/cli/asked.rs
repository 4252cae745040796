//! What the arguments mean to the rest of the program: overrides of a config, a selection of jobs.

use super::args::{CadenceArg, Dataset, Overriding, RunArgs, VerifyArgs};
use crate::config::{DatasetChoice, Overrides};
use crate::experiment::{Glob, Selection, Shard};
use crate::train::Cadence;

impl From<&Overriding> for Overrides {
    fn from(asked: &Overriding) -> Self {
        Self {
            set: asked.set.clone(),
            seeds: (!asked.seed.is_empty()).then(|| asked.seed.clone()),
            device: asked.device.clone(),
            plugin_dirs: asked.folders.plugin_dir.clone(),
        }
    }
}

/// Of `jackpot verify`. Bits depend on the number of threads, so unless the config says one, it is
/// the run's.
pub fn verifying(asked: &VerifyArgs, threads: Option<usize>) -> Overrides {
    let threads = threads.map(|threads| format!("threads={threads}"));
    Overrides {
        set: threads.into_iter().chain(asked.set.iter().cloned()).collect(),
        seeds: None,
        device: asked.device.clone(),
        plugin_dirs: asked.folders.plugin_dir.clone(),
    }
}

/// The jobs to do, of the draws and of the spends as asked.
pub fn selection(asked: &RunArgs, draw: bool, spend: bool) -> Selection {
    Selection {
        draw,
        spend,
        only: asked.only.as_deref().map(Glob::new),
        shard: asked.shard.map(|share| Shard { index: share.index, count: share.count }),
        accept_changed_plugins: asked.accept_plugins,
        retry_diverged: asked.retry_diverged,
        failures: None,
    }
}

impl From<CadenceArg> for Cadence {
    fn from(asked: CadenceArg) -> Self {
        match asked {
            CadenceArg::Auto => Self::Auto,
            CadenceArg::Every(span) => Self::Every(span),
            CadenceArg::Steps(steps) => Self::Steps(steps),
        }
    }
}

impl From<Dataset> for DatasetChoice {
    fn from(dataset: Dataset) -> Self {
        match dataset {
            Dataset::Cifar10 => Self::Cifar10,
            Dataset::Cifar100 => Self::Cifar100,
            Dataset::TinyImagenet => Self::TinyImagenet,
            Dataset::Mnist => Self::Mnist,
            Dataset::FashionMnist => Self::FashionMnist,
            Dataset::ImageFolder => Self::ImageFolder,
            Dataset::Tensors => Self::Tensors,
            Dataset::Synthetic => Self::Synthetic,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use clap::Parser;

    use super::*;
    use crate::cli::args::{Cli, Command};

    fn run_args(line: &str) -> RunArgs {
        match Cli::try_parse_from(line.split_whitespace()).unwrap().command {
            Command::Run(args) | Command::Draw(args) | Command::Spend(args) => args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn overrides_come_in_order() {
        let args = run_args(
            "jackpot run a.toml --set a=1 --set b.c=2 --seed 1,2 --seed 3 --device cpu \
             --plugin-dir p --plugin-dir q --out o",
        );
        let overrides = Overrides::from(&args.experiment.overriding);
        assert_eq!(overrides.set, ["a=1", "b.c=2"]);
        assert_eq!(overrides.seeds, Some(vec![1, 2, 3]));
        assert_eq!(overrides.device.as_deref(), Some("cpu"));
        assert_eq!(overrides.plugin_dirs, ["p", "q"].map(PathBuf::from));
        assert_eq!(args.experiment.out, Some("o".into()));
        let none = run_args("jackpot draw a.toml").experiment.overriding;
        assert_eq!(Overrides::from(&none), Overrides::default());
    }

    #[test]
    fn selections() {
        let args = run_args("jackpot spend a.toml --only spend/all --shard 2/4 --accept-plugins");
        let selection = selection(&args, false, true);
        assert!(!selection.draw && selection.spend && selection.accept_changed_plugins);
        assert!(selection.only.unwrap().matches("spend/all/imp/seed-1/level-00"));
        assert_eq!(selection.shard, Some(Shard { index: 2, count: 4 }));
    }
}
