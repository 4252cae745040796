//! What it costs that an activation is a plugin: steps of a residual network whose activation is the
//! plugin `swish`, against the same network with swish's operators in the graph itself.
//!
//! ```text
//! overhead FOLDER [--pairs 7] [--steps 4] [--batch 128] [--width 16]
//! ```
//!
//! FOLDER has the first-party plugins. The two take turns, and what counts is the time that their one
//! thread spent on a processor, so that what else runs on the machine does not; both must end with
//! the same weights.

use std::error::Error;
use std::path::PathBuf;

use jackpot::config::{Optimizer as Sgd, PluginRef, Precision, TrainConfig};
use jackpot::model::graph::source::{from_plugin, image_input, logits_output};
use jackpot::plugin::Registry;
use jackpot::plugin::kinds::Architecture;
use jackpot::torch::settings::set_threads;
use jackpot::train::batches::Prepared;
use jackpot::train::optimizer::Optimizer;
use jackpot::train::{Cadence, Feed, Training, TrainingSpec};
use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::graph::{Graph, Input, Node};
use jackpot_plugin_api::manifest::Kind;
use serde_json::{Map, json};
use tch::{Device, Kind as Dtype, Tensor};

const CLASSES: usize = 10;
const SHAPE: [usize; 3] = [3, 32, 32];
const BETA: f64 = 1.0;

struct Options {
    folder: PathBuf,
    pairs: usize,
    steps: usize,
    batch: i64,
    width: i64,
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().ok_or("the folder of the plugins is missing")?.into();
    let mut options = Options { folder, pairs: 7, steps: 4, batch: 128, width: 16 };
    while let Some(key) = args.next() {
        let value: usize = args.next().ok_or("an option has no value")?.parse()?;
        match key.as_str() {
            "--pairs" => options.pairs = value,
            "--steps" => options.steps = value,
            "--batch" => options.batch = value as i64,
            "--width" => options.width = value as i64,
            other => return Err(format!("there is no option `{other}`").into()),
        }
    }
    Ok(options)
}

/// The graph with swish's three operators at every activation site.
fn inlined(graph: &Graph) -> Graph {
    let mut out = Graph { nodes: Vec::new(), ..graph.clone() };
    for node in &graph.nodes {
        let (true, Some(Input::One(x))) = (node.site.is_some(), node.inputs.first()) else {
            out.nodes.push(node.clone());
            continue;
        };
        let new = |id: &str, op: &str, inputs: &[&str]| Node {
            id: id.to_owned(),
            op: op.to_owned(),
            inputs: inputs.iter().map(|&name| Input::One(name.to_owned())).collect(),
            params: Default::default(),
            attrs: Default::default(),
            site: None,
        };
        let [scaled, gate] = ["scaled", "gate"].map(|part| format!("{}.{part}", node.id));
        let mut first = new(&scaled, "aten::mul.Scalar", &[x]);
        first.attrs.insert("other".to_owned(), json!(BETA));
        out.nodes.push(first);
        out.nodes.push(new(&gate, "aten::sigmoid", &[&scaled]));
        out.nodes.push(new(&node.id, "aten::mul.Tensor", &[x, &gate]));
    }
    out
}

fn config(activation: Option<PluginRef>) -> TrainConfig {
    TrainConfig { activation, ..TrainConfig::plain(100, 128, Sgd::sgd(0.1, 0.9, 1e-4)) }
}

fn feed() -> Result<Feed, Box<dyn Error>> {
    Ok(Feed::without_images(SHAPE, CLASSES, Device::Cpu)?)
}

/// The seconds that this thread has spent on a processor.
fn busy() -> Result<f64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = text.split(' ').next().unwrap_or_default().parse()?;
    Ok(nanoseconds * 1e-9)
}

/// A training under way.
struct Side<'a> {
    training: Training<'a>,
    optimizer: Optimizer,
    seconds: Vec<f64>,
}

impl Side<'_> {
    /// Takes some steps, and notes how long one took.
    fn steps(&mut self, batch: &Prepared, count: usize) -> Result<f64, Box<dyn Error>> {
        let begun = busy()?;
        for _ in 0..count {
            let at = Progress { step: 0, steps_per_epoch: 390, total_steps: 39_000 };
            self.training.step(&mut self.optimizer, batch, at, 0.01)?;
        }
        let each = (busy()? - begun) / count as f64;
        self.seconds.push(each);
        Ok(each)
    }
}

/// NaN of nothing.
fn median(numbers: impl IntoIterator<Item = f64>) -> f64 {
    jackpot::median::median(numbers).unwrap_or(f64::NAN)
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    set_threads(1)?;
    let registry = Registry::discover(std::slice::from_ref(&options.folder));
    let params: Map<_, _> = [("width".to_owned(), json!(options.width))].into_iter().collect();
    let item = Architecture::new(registry.create(Kind::Architecture, "resnet20", &params)?);
    let graph = from_plugin(&item, &image_input(SHAPE), &logits_output(CLASSES))?;
    let graphs = [graph.clone(), inlined(&graph)];
    let beta = [("beta".to_owned(), json!(BETA))].into_iter().collect();
    let swish = PluginRef { plugin: "swish".to_owned(), params: beta };
    let configs = [config(Some(swish)), config(None)];
    let feed = feed()?;
    tch::manual_seed(1);
    let batch = Prepared {
        inputs: Tensor::randn([options.batch, 3, 32, 32], (Dtype::Float, Device::Cpu)),
        targets: Tensor::randint(CLASSES as i64, [options.batch], (Dtype::Int64, Device::Cpu))
            .one_hot(CLASSES as i64)
            .to_kind(Dtype::Float),
    };
    let mut sides = Vec::new();
    for (graph, train) in graphs.iter().zip(&configs) {
        let spec = TrainingSpec {
            graph,
            train,
            registry: &registry,
            feed: &feed,
            seed: 42,
            device: Device::Cpu,
            precision: Precision::F32,
            captures: false,
            rewind_points: &[],
            into: std::path::Path::new(""),
            checkpoint: std::path::Path::new(""),
            cadence: Cadence::Auto,
        };
        let training = Training::build(spec)?;
        let optimizer = Optimizer::new(&train.optimizer, training.network.parameters())?;
        sides.push(Side { training, optimizer, seconds: Vec::new() });
    }
    // The first steps choose kernels and fill caches.
    for side in &mut sides {
        side.steps(&batch, 1)?;
        side.seconds.clear();
    }
    let mut ratios = Vec::new();
    for pair in 0..options.pairs {
        let order = if pair % 2 == 0 { [0, 1] } else { [1, 0] };
        for index in order {
            sides[index].steps(&batch, options.steps)?;
        }
        let [plugin, inside] = [&sides[0], &sides[1]].map(|side| side.seconds[pair]);
        ratios.push(plugin / inside);
        println!("{plugin:8.4} s  {inside:8.4} s  {:+6.2} %", (plugin / inside - 1.0) * 100.0);
    }
    for (a, b) in
        sides[0].training.network.parameters().iter().zip(sides[1].training.network.parameters())
    {
        if a.tensor != b.tensor {
            return Err(format!("`{}` and `{}` differ", a.name, b.name).into());
        }
    }
    let [plugin, inside] = [0, 1].map(|index| median(sides[index].seconds.clone()));
    println!(
        "processor time, median: plugin {plugin:.4} s, inside {inside:.4} s a step; ratio of medians {:.4}, median \
         of ratios {:.4}; the weights are equal",
        plugin / inside,
        median(ratios)
    );
    Ok(())
}
