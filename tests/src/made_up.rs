//! Run directories that nothing was trained for: what a report shows of any run can be looked at
//! without hours of training.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// The shape of a run.
#[derive(Debug, Clone)]
pub struct MadeUp<'a> {
    pub recipes: Vec<String>,
    pub seeds: Vec<u64>,
    /// Sparse levels beside the dense one.
    pub levels: usize,
    /// What the dataset is called, and stands for its hash.
    pub dataset: &'a str,
    /// Added to the end of `config.toml`.
    pub more: &'a str,
}

impl Default for MadeUp<'_> {
    fn default() -> Self {
        Self {
            recipes: vec!["vanilla".to_owned(), "mish".to_owned()],
            seeds: vec![1, 2, 3],
            levels: 3,
            dataset: "cifar100",
            more: "",
        }
    }
}

/// A job's place: recipe (`None`: the draw's own), seed and level.
pub type Place<'a> = (Option<&'a str>, u64, usize);

/// Its folder inside the run.
pub fn folder((recipe, seed, level): Place<'_>) -> String {
    let home = recipe.map_or("draw".to_owned(), |recipe| format!("spend/{recipe}"));
    format!("{home}/imp/seed-{seed}/level-{level:02}")
}

impl MadeUp<'_> {
    /// Writes the run, all jobs done. Accuracies follow from the place of a recipe (half a point
    /// each), the level and the seed.
    pub fn write(&self, run: &Path) {
        let put = |file: &str, text: &str| {
            let path = run.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("config.toml", &self.config());
        let plugin = json!({"kind": "activation", "name": "mish", "version": "0.1.0",
            "sha256": "5b794928c145ac5264b73db83bf518ad5ced779d0ec1fd566cf254479a02a061"});
        let manifest = json!({
            "format": 1, "versions": {"jackpot": "0.1.0", "torch": "2.11.0"}, "engine": "1",
            "device": "cpu", "precision": "f32", "threads": 2,
            "dataset_sha256": self.hash(), "plugins": [plugin],
            "command_lines": [["jackpot", "run", "my config.toml"]],
        });
        put("manifest.json", &manifest.to_string());
        let mut timing = String::new();
        for place in self.places() {
            let folder = folder(place);
            put(&format!("{folder}/job.json"), &self.job(place).to_string());
            put(&format!("{folder}/metrics.jsonl"), &self.metrics(place));
            put(&format!("{folder}/layers.csv"), &layers(place.2));
            let seconds = 300.0 * 0.8_f64.powi(place.2 as i32);
            timing += &json!({"job": folder, "seconds": seconds, "epochs": 20}).to_string();
            timing.push('\n');
        }
        put("timing.jsonl", &timing);
    }

    /// Every job of the run.
    pub fn places(&self) -> Vec<Place<'_>> {
        let recipes = std::iter::once(None).chain(self.recipes.iter().map(|r| Some(r.as_str())));
        let with_seeds =
            recipes.flat_map(|recipe| self.seeds.iter().map(move |seed| (recipe, *seed)));
        with_seeds.flat_map(|(r, seed)| (0..=self.levels).map(move |l| (r, seed, l))).collect()
    }

    /// The accuracy that a job has, in [0, 1].
    pub fn accuracy(&self, (recipe, seed, level): Place<'_>) -> f64 {
        let place = self.recipes.iter().position(|known| Some(known.as_str()) == recipe);
        let place = place.unwrap_or(0);
        let depth = level as f64 / 16.0;
        let number = seed * 7919 + level as u64 * 104_729 + place as u64 * 1_299_709;
        // Mixed twice, since of what is linear all differences are alike.
        let number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let number = (number ^ (number >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let number = number ^ (number >> 32);
        let noise = (number % 1000) as f64 / 1000.0 - 0.5;
        let accuracy = 0.70 + 0.005 * place as f64 * (0.5 + depth) - 0.1 * depth.powi(3);
        ((accuracy + 0.004 * noise) * 1e4).round() / 1e4
    }

    fn hash(&self) -> String {
        self.dataset.bytes().map(|byte| format!("{byte:02x}")).collect::<String>() + &"0".repeat(40)
    }

    fn config(&self) -> String {
        let seeds: Vec<String> = self.seeds.iter().map(u64::to_string).collect();
        let mut text = format!(
            "name = \"made up\"\nseeds = [{}]\n[data]\ndataset = \"{}\"\nvalidation = 5000\n\
             [model]\narchitecture = {{ plugin = \"resnet20\" }}\n[train]\nepochs = 20\n\
             batch_size = 128\noptimizer = {{ name = \"sgd\", lr = 0.1 }}\n[[draw]]\n\
             name = \"imp\"\nlevels = {}\n",
            seeds.join(", "),
            self.dataset,
            self.levels
        );
        for recipe in &self.recipes {
            let mask = if recipe.contains("shuffled") { "shuffled-layerwise" } else { "own" };
            text += &format!("[[spend]]\nrecipe = \"{recipe}\"\nmask = \"{mask}\"\n");
        }
        text + self.more
    }

    /// The record of a finished job.
    pub fn job(&self, place: Place<'_>) -> Value {
        let (recipe, seed, level) = place;
        let accuracy = self.accuracy(place);
        let total = 270_896_u64;
        let kept = (total as f64 * 0.8_f64.powi(level as i32)).round() as u64;
        let own = if recipe.is_some_and(|recipe| recipe.contains("skip")) { 90_000 } else { 0 };
        let flops = 300 * kept + 300 * own;
        let key = match recipe {
            Some(recipe) => {
                json!({"kind": "spend", "recipe": recipe, "draw": "imp", "seed": seed, "level": level})
            }
            None => json!({"kind": "draw", "draw": "imp", "seed": seed, "level": level}),
        };
        json!({
            "format": 1, "key": key, "status": "done", "identity": folder(place),
            "description": {"data": {"sha256": self.hash()}, "recipe": recipe},
            "results": {
                "test_accuracy": accuracy, "test_accuracy_last": accuracy - 0.001,
                "validation_accuracy": accuracy + 0.002, "test_loss": 1.25, "best_epoch": 19,
                "weights_kept": kept, "weights_total": total,
                "weights_training": kept + 1578 + own, "flops": flops, "precision": "f32",
                "test_calibration_error": 0.0625, "weights_exported": kept + 1578,
                "training_flops": flops * 3 * 45_000 * 20,
            },
        })
    }

    fn metrics(&self, place: Place<'_>) -> String {
        let end = self.accuracy(place);
        let fades = place.0.is_some_and(|recipe| recipe.contains("skip"));
        let mut out = String::new();
        for epoch in 1..=20 {
            let t = f64::from(epoch) / 20.0;
            let accuracy = end * (1.0 - (-5.0 * t).exp());
            let rate = 0.05 * (1.0 + (std::f64::consts::PI * t).cos());
            let knobs = if fades {
                json!({"ghost-skip.alpha": (1.0 - 2.0 * t).max(0.0)})
            } else {
                json!({})
            };
            let train = json!({"step": 352 * epoch, "epoch": epoch, "split": "train",
                "loss": 4.6 * (1.0 - accuracy), "accuracy": accuracy, "lr": rate, "knobs": knobs});
            let validation = json!({"step": 352 * epoch, "epoch": epoch, "split": "validation",
                "loss": 4.6 * (1.0 - accuracy), "accuracy": accuracy});
            out += &format!("{train}\n{validation}\n");
        }
        out
    }
}

fn layers(level: usize) -> String {
    let mut out = "layer,weights,kept,dead output channels,dead input channels\n".to_owned();
    for i in 0..7 {
        let weights = 432_u64 << i;
        let share = 0.8_f64.powf(level as f64 * (0.5 + f64::from(i) / 6.0));
        let kept = (weights as f64 * share).round() as u64;
        out += &format!(
            "layer{}.{}.conv{}.weight,{weights},{kept},0,0\n",
            i / 3 + 1,
            i % 3,
            i % 2 + 1
        );
    }
    out
}
