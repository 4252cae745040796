//! Stored weights as files for other programs.

use std::path::Path;

use serde_json::{Map, Value as Json, json};
use tch::{Device, Tensor};

use super::error::OpenError;
use super::evaluate::{Evaluator, Part, Trained, Weights, split};
use crate::config::{Architecture, PluginRef};
use crate::export::cost::{Cost, latencies};
use crate::export::shrink::{Removed, shrink};
use crate::export::{ExportError, Program, graph, onnx, trace};
use crate::model::Network;
use crate::model::state::{to_safetensors, to_safetensors_about};
use crate::prune::Masks;
use crate::train::TrainError;
use crate::train::evaluate::BATCH;
use jackpot_plugin_api::model::Mode;

/// A form of export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Weights, masks and graph.
    Safetensors,
    Onnx,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    pub format: Format,
    /// The masks of the weights.
    pub mask: Option<&'a Path>,
    pub shrink: bool,
    /// What the files say of themselves, beside what the config says.
    pub about: Map<String, Json>,
}

/// What came of it.
#[derive(Debug)]
pub struct Exported {
    /// Endings of names, and what is in the files.
    pub files: Vec<(&'static str, Vec<u8>)>,
    /// The largest difference of a logit to the network's own, on images of the dataset.
    pub deviation: f64,
    /// How many images that was measured on.
    pub images: usize,
    pub shrunk: Option<Shrunk>,
}

/// What shrinking has brought.
#[derive(Debug)]
pub struct Shrunk {
    pub removed: Removed,
    pub before: Cost,
    pub after: Cost,
    pub times: Vec<Timed>,
}

/// The median times of a forward pass, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timed {
    pub batch: i64,
    pub before: f64,
    pub after: f64,
}

/// A logit may differ from the network's own by so much, times the largest logit where that is
/// above 1.
const TOLERANCE: f64 = 1e-4;

/// The sizes of batches for which times are measured.
const TIMED: [i64; 2] = [1, 32];

impl Evaluator {
    /// Makes the files of an export, and compares its outputs with the network's.
    ///
    /// # Errors
    ///
    /// Weights or masks that do not fit the network, a network that the format cannot say, and an
    /// export whose outputs are not the network's.
    pub fn export(
        &mut self,
        weights: &Weights<'_>,
        wanted: &Wanted<'_>,
    ) -> Result<Exported, OpenError> {
        let mut about = wanted.about.clone();
        about.extend(self.about(weights).map_err(ExportError::from)?);
        self.with(weights, |trained, model, train| {
            let mut network = trained.network(model, train, weights)?;
            network.set_autocast(false);
            Ok(files(trained, &network, wanted, &about))
        })?
    }

    /// What the config and the data say.
    fn about(&self, weights: &Weights<'_>) -> Result<Map<String, Json>, tch::TchError> {
        let item = |item: &PluginRef| json!({ "plugin": item.plugin, "params": item.params });
        let architecture = match &weights.model.architecture {
            Architecture::Plugin(reference) => item(reference),
            Architecture::File { .. } => json!("a graph file"),
        };
        let (mut about, feed) = (Map::new(), self.feed());
        about.insert("architecture".to_owned(), architecture);
        let tweaks = [("activation", &weights.train.activation), ("skip", &weights.train.skip)];
        for (name, tweak) in tweaks {
            if let Some(tweak) = tweak {
                about.insert(name.to_owned(), item(tweak));
            }
        }
        let moments = feed.normaliser.moments()?;
        about.insert("classes".to_owned(), json!(feed.classes));
        about.insert("mean".to_owned(), json!(moments.mean));
        about.insert("std".to_owned(), json!(moments.std));
        Ok(about)
    }
}

fn files(
    trained: &Trained<'_>,
    network: &Network,
    wanted: &Wanted<'_>,
    about: &Map<String, Json>,
) -> Result<Exported, OpenError> {
    let mut program = trace(network)?;
    if let Some(path) = wanted.mask {
        let masks = Masks::read(path, network)
            .map_err(|error| OpenError::of_part("the masks", error.into()))?;
        program = program.masked(masks.iter())?;
    }
    let inputs = inputs(trained).map_err(|error| OpenError::of_part("the images", error))?;
    let mut shrunk = None;
    if wanted.shrink {
        let (before, costs) = (trace(network)?, Cost::of(&program));
        let removed;
        (program, removed) = shrink(program)?;
        let times = times(&before, &program, &inputs)?;
        shrunk = Some(Shrunk { removed, before: costs, after: Cost::of(&program), times });
    }
    let deviation = compared(&program, network, &inputs)?;
    let files = match wanted.format {
        Format::Onnx => {
            let text = |(key, value): (&String, &Json)| match value {
                Json::String(text) => (format!("jackpot.{key}"), text.clone()),
                value => (format!("jackpot.{key}"), value.to_string()),
            };
            let about: Vec<_> = about.iter().map(text).collect();
            vec![(".onnx", onnx::encode(&program, &about)?)]
        }
        Format::Safetensors => {
            let graph = graph::graph(&program, network)?;
            let weights = graph::weights(&program, network, &graph);
            let about = Json::Object(about.clone()).to_string();
            let text = serde_json::to_vec_pretty(&graph).unwrap_or_default();
            vec![
                (".safetensors", to_safetensors_about(&weights, Some(about))?),
                (".mask.safetensors", to_safetensors(&graph::masks(&program))?),
                (".graph.json", text),
            ]
        }
    };
    let images = inputs.size().first().map_or(0, |count| count.unsigned_abs() as usize);
    Ok(Exported { files, deviation, images, shrunk })
}

/// A batch of normalised images: validation's, or the test's where there are none of those.
fn inputs(trained: &Trained<'_>) -> Result<Tensor, TrainError> {
    let validation = split(trained.feed, Part::Validation);
    let images = if validation.is_empty() { split(trained.feed, Part::Test) } else { validation };
    match images.evaluation_batches(BATCH).next() {
        Some(batch) => Ok(trained.feed.normaliser.apply(&batch?.images)?),
        None => Err(TrainError::Setting("there are no images to compare on".to_owned())),
    }
}

/// The largest difference between the export's logits and the network's.
fn compared(program: &Program, network: &Network, inputs: &Tensor) -> Result<f64, OpenError> {
    let (own, made) = tch::no_grad(|| {
        let own = network.forward(inputs, Mode::Eval)?.swap_remove(0).1;
        let made = program.run(&inputs.f_to_device(Device::Cpu)?)?.swap_remove(0);
        Ok::<_, ExportError>((own.f_to_device(Device::Cpu)?, made))
    })?;
    let largest = |tensor: &Tensor| -> Result<f64, ExportError> {
        Ok(tensor.f_abs()?.f_max()?.f_double_value(&[])?)
    };
    let difference = largest(&own.f_sub(&made).map_err(ExportError::from)?)?;
    let allowed = TOLERANCE * largest(&own)?.max(1.0);
    // Where one of them is NaN, both must be.
    match difference <= allowed {
        true => Ok(difference),
        false => Err(ExportError::at(
            "the export",
            format!(
                "its logits differ from the network's by {difference:.1e} on images of the \
                 dataset; nothing was written. Are all weights finite? If so, this is a bug of \
                 Jackpot"
            ),
        )
        .into()),
    }
}

fn times(before: &Program, after: &Program, inputs: &Tensor) -> Result<Vec<Timed>, OpenError> {
    let inputs = inputs.f_to_device(Device::Cpu).map_err(ExportError::from)?;
    let timed = |batch: i64| -> Result<Timed, ExportError> {
        let there = inputs.size().first().copied().unwrap_or_default();
        let rows = Tensor::f_arange(batch, (tch::Kind::Int64, Device::Cpu))?;
        let input = inputs.f_index_select(0, &rows.f_remainder(there)?)?;
        let medians = latencies(&[before, after], &input)?;
        Ok(Timed { batch, before: medians[0], after: medians[1] })
    };
    Ok(TIMED.iter().map(|batch| timed(*batch)).collect::<Result<_, _>>()?)
}
