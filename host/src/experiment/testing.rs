//! For tests: a small config, its facts, and an executor that writes small files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use super::event::{Event, Observer};
use super::execute::{ExecuteError, Executor, Inputs, Outcome, Start};
use super::identity::{Facts, PluginFile};
use super::jobs::Job;
use super::run::{Experiment, Summary, run_polling};
use super::rundir::RunDir;
use super::select::Selection;
use super::stop::Stop;
use super::{ExperimentError, Silent};
use crate::config::{
    Architecture, Config, DataConfig, DatasetChoice, DeviceChoice, DrawConfig, Levels, MaskControl,
    ModelConfig, Optimizer, PluginRef, Precision, PruneAt, PruningSchedule, Rewind, Sparse,
    SpendConfig, StartWeights, TrainConfig,
};
use crate::train::Results;

pub fn plugin(name: &str) -> PluginRef {
    PluginRef { plugin: name.into(), params: serde_json::Map::new() }
}

/// One draw `imp` with levels 0 to 2 at seed 1; recipes `vanilla` (the draw's own training) and
/// `all` (with mish): 3 + 3 + 3 jobs, of which vanilla's are links.
pub fn config() -> Config {
    let data = DataConfig {
        dataset: DatasetChoice::Synthetic,
        root: None,
        image_size: None,
        validation: 10,
        mean: None,
        std: None,
        train_limit: None,
        test_limit: None,
    };
    Config {
        name: "test".into(),
        seeds: vec![1],
        device: DeviceChoice::Auto,
        precision: Precision::Auto,
        threads: None,
        deterministic: None,
        cuda_graph: None,
        sparse: Sparse::Auto,
        plugin_path: Vec::new(),
        data,
        model: model(),
        train: train(),
        draws: vec![draw("imp", Rewind::Init)],
        spends: vec![spend("vanilla", None), recipe("all", "mish")],
        primary: None,
    }
}

fn model() -> ModelConfig {
    ModelConfig { architecture: Architecture::Plugin(plugin("resnet8")) }
}

fn train() -> TrainConfig {
    TrainConfig::plain(10, 128, Optimizer::sgd(0.1, 0.9, 2e-4))
}

pub fn draw(name: &str, rewind: Rewind) -> DrawConfig {
    DrawConfig {
        name: name.into(),
        score: plugin("magnitude"),
        levels: Levels::Fraction { count: 2, fraction: 0.2 },
        rewind,
        prunable: vec!["conv".into()],
        schedule: PruningSchedule::Iterative,
        prune_at: PruneAt::Trained,
        weights: None,
    }
}

/// A recipe on the draw `imp` that replaces the activation.
pub fn recipe(name: &str, activation: &str) -> SpendConfig {
    spend(name, Some(plugin(activation)))
}

fn spend(name: &str, activation: Option<PluginRef>) -> SpendConfig {
    SpendConfig {
        recipe: name.into(),
        draws: vec!["imp".into()],
        levels: None,
        mask: MaskControl::Own,
        start: StartWeights::Rewind,
        trial_of: None,
        ticket_seed: None,
        model: model(),
        train: TrainConfig { activation, ..train() },
    }
}

pub fn facts() -> Facts {
    let names = [
        ("architecture", "resnet8"),
        ("score", "magnitude"),
        ("score", "random"),
        ("activation", "mish"),
        ("activation", "swish"),
    ];
    let file = |name: &str| PluginFile {
        version: "0.1.0".into(),
        sha256: format!("{:02x}", name.len()).repeat(32),
    };
    let plugins = names.map(|(kind, name)| ((kind.to_owned(), name.to_owned()), file(name)));
    Facts {
        plugins: plugins.into(),
        files: BTreeMap::new(),
        networks: Vec::new(),
        dataset_sha256: "00".repeat(32),
        train_images: 1280,
        device: "cpu".into(),
        precision: "f32".into(),
        threads: 2,
        deterministic: true,
        sparse: Sparse::Never,
        engine: "1".into(),
        versions: BTreeMap::from([("jackpot".into(), "0.1.0".into())]),
    }
}

pub fn results() -> Results {
    Results {
        test_accuracy: 0.5,
        test_accuracy_last: 0.4,
        validation_accuracy: Some(0.45),
        test_loss: 1.25,
        best_epoch: 3,
        weights_kept: 80,
        weights_total: 100,
        weights_training: 90,
        flops: 1000,
        given_up: None,
        test_calibration_error: None,
        weights_exported: None,
        training_flops: None,
        precision: "f32".into(),
    }
}

/// What a job was given, and how it ended.
type Act = dyn Fn(&Job, &Inputs, &Path, &Stop) -> Result<Outcome, ExecuteError> + Sync;

/// Writes the files that a training has to write, after `act` had its turn, and remembers which
/// jobs it did.
pub struct Fake {
    pub done: Mutex<Vec<String>>,
    pub act: Box<Act>,
}

impl Default for Fake {
    fn default() -> Self {
        Self::acting(|_, _, _, _| Ok(Outcome::Done(results())))
    }
}

impl Fake {
    pub fn acting(
        act: impl Fn(&Job, &Inputs, &Path, &Stop) -> Result<Outcome, ExecuteError> + Sync + 'static,
    ) -> Self {
        Self { done: Mutex::new(Vec::new()), act: Box::new(act) }
    }

    /// The jobs done since the last call, in order.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.done.lock().unwrap())
    }
}

impl Executor for Fake {
    fn execute(
        &self,
        job: &Job,
        inputs: &Inputs,
        into: &Path,
        _: &dyn Observer,
        stop: &Stop,
    ) -> Result<Outcome, ExecuteError> {
        self.done.lock().unwrap().push(job.key.path());
        let write = |name: &str| fs::write(into.join(name), job.key.path()).unwrap();
        let read = |path: &Path| assert!(path.is_file(), "{} is not there", path.display());
        write("model.safetensors");
        write("mask.safetensors");
        if let Some(folder) = &inputs.teacher {
            read(&folder.join("model.safetensors"));
        }
        match &inputs.start {
            Start::Dense { rewind_points } => {
                write("init.safetensors");
                for point in rewind_points {
                    write(&format!("rewind-{point}.safetensors"));
                }
            }
            Start::Prune { previous, weights } => {
                read(&previous.join("model.safetensors"));
                read(&previous.join("mask.safetensors"));
                read(weights);
            }
            Start::Import { mask: _, weights } => read(weights),
            Start::Ticket { mask, weights } => {
                read(mask);
                if let Some(weights) = weights {
                    read(weights);
                }
            }
        }
        (self.act)(job, inputs, into, stop)
    }
}

/// Writes down what it hears.
#[derive(Default)]
pub struct Log(pub Mutex<Vec<String>>);

impl Observer for Log {
    fn event(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(serde_json::to_string(event).unwrap());
    }
}

/// Runs everything of a config in `run`.
pub fn go(run: &RunDir, config: &Config, executor: &Fake) -> Result<Summary, ExperimentError> {
    go_with(run, config, &facts(), &Selection::all(), executor, &Silent, &Stop::new())
}

pub fn go_with(
    run: &RunDir,
    config: &Config,
    facts: &Facts,
    selection: &Selection,
    executor: &Fake,
    observer: &dyn Observer,
    stop: &Stop,
) -> Result<Summary, ExperimentError> {
    let config_text = format!("name = {:?}\n", config.name);
    let command_line = ["jackpot".to_owned(), "run".to_owned()];
    let experiment =
        Experiment { run, config, config_text: &config_text, facts, command_line: &command_line };
    run_polling(&experiment, selection, executor, observer, stop, Duration::from_millis(30))
}

/// A new run directory that vanishes with the first value.
pub fn run_dir() -> (tempfile::TempDir, RunDir) {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create(folder.path()).unwrap();
    (folder, run)
}
