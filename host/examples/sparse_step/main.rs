//! How fast a whole training step is under a mask, on sparse kernels against Jackpot's own dense
//! training: forward, backward and optimizer. (`cargo xtask bench` has PyTorch on the other side.)
//!
//! The sides take turns in one run, so that whatever else the machine does meets both of them. With
//! one thread the times are those that the thread computed, with several those of the day.
//!
//! ```sh
//! cargo build --release --workspace
//! taskset -c 1 cargo run --release --example sparse_step -- --plugins target/release
//! ```

mod masks;
mod side;

use clap::Parser;
use jackpot::config::Sparse;
use jackpot::model::graph::source::{from_plugin, image_input, logits_output};
use jackpot::plugin::Registry;
use jackpot::plugin::kinds::Architecture;
use jackpot::torch::settings;
use jackpot_plugin_api::manifest::Kind;
use serde_json::{Map, json};
use side::{CLASSES, SHAPE, Setting, Side, batch, median};
use std::error::Error;
use std::path::PathBuf;

/// Times training steps of a network under masks, sparse and dense.
#[derive(Parser)]
struct Options {
    /// The folder with the plugins.
    #[arg(long, default_value = "target/release")]
    plugins: PathBuf,
    #[arg(long, default_value = "resnet18")]
    architecture: String,
    /// Channels of the first stage.
    #[arg(long, default_value_t = 64)]
    width: i64,
    /// Percentages of the convolutions' weights that are zero, at random places.
    #[arg(long, value_delimiter = ',', default_value = "65,80,90,95.6,98.2,99.5")]
    sparsities: Vec<f64>,
    /// Every layer alike (`uniform`), smaller layers denser (`erk`), or a run's file of masks, whose
    /// sparsity is its own.
    #[arg(long, default_value = "uniform")]
    masks: String,
    #[arg(long, default_value_t = 128)]
    batch: i64,
    /// Turns of all sides.
    #[arg(long, default_value_t = 5)]
    turns: usize,
    /// Of each side.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Forward passes of an evaluation in place of training steps.
    #[arg(long)]
    inference: bool,
    /// `always`, or what a training would choose: `rule`.
    #[arg(long, default_value = "always")]
    sparse: String,
    /// Where to write all times.
    #[arg(long)]
    json: Option<PathBuf>,
    /// The kernels' side only, for a profiler.
    #[arg(long)]
    alone: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    settings::set_threads(options.threads)?;
    settings::set_deterministic(true)?;
    settings::set_fill_fresh(false)?;
    let registry = Registry::discover(std::slice::from_ref(&options.plugins));
    let params: Map<_, _> = [("width".to_owned(), json!(options.width))].into_iter().collect();
    let item = registry.create(Kind::Architecture, &options.architecture, &params)?;
    let graph =
        from_plugin(&Architecture::new(item), &image_input(SHAPE), &logits_output(CLASSES))?;
    let (feed, train) = (side::feed()?, side::config());
    let setting = Setting { graph: &graph, registry: &registry, feed: &feed, train: &train };
    let chosen = match options.sparse.as_str() {
        "always" => Sparse::Always,
        "rule" => Sparse::Rule,
        other => return Err(format!("`{other}` is no way to choose").into()),
    };
    let inputs = batch(options.batch)?;
    println!(
        "{} of width {}, {} masks, batch {}, {} thread(s), {} turns\n",
        options.architecture,
        options.width,
        options.masks,
        options.batch,
        options.threads,
        options.turns
    );
    let mut rows = Vec::new();
    for &sparsity in &options.sparsities {
        let masks = |network: &_| masks::make(network, &options.masks, sparsity);
        if options.alone {
            let mut side = Side::new(&setting, chosen, masks)?;
            for turn in 0..=options.turns {
                side.turn(&inputs, options.inference, options.threads, turn > 0)?;
            }
            println!("{sparsity:5} %  sparse {:8.1} ms", median(&side.times));
            continue;
        }
        let mut sides =
            [Side::new(&setting, Sparse::Never, masks)?, Side::new(&setting, chosen, masks)?];
        // The first turn warms up.
        for turn in 0..=options.turns {
            for side in &mut sides {
                side.turn(&inputs, options.inference, options.threads, turn > 0)?;
            }
        }
        let [dense, sparse] = sides.map(|side| side.times);
        let ratios: Vec<f64> = dense.iter().zip(&sparse).map(|(d, s)| d / s).collect();
        println!(
            "{sparsity:5} %  sparse {:8.1} ms  dense {:8.1} ms  {:5.2} ×",
            median(&sparse),
            median(&dense),
            median(&ratios)
        );
        rows.push(json!({
            "sparsity": sparsity,
            "dense_ms": dense,
            "sparse_ms": sparse,
            "ratio": median(&ratios),
        }));
    }
    if let Some(path) = &options.json {
        std::fs::write(path, serde_json::to_string_pretty(&rows)?)?;
    }
    Ok(())
}
