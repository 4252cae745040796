//! A plan in which some nodes run on kernels: what is joined into one call, in which layout each
//! value is, and when it can go.

use std::collections::HashMap;
use std::sync::Arc;

use super::handovers::{self, Counts, Numbers};
use super::layer::{Layer, Margins};
use crate::model::error::ModelError;
use crate::model::run::after::Then;
use crate::model::run::plan::Plan;
use crate::model::run::read::{ConvAt, Known, NormAt, ShapeOf, known, last_uses, reads, uses};
use crate::model::run::waiting::{Join, Waiting};

/// One call.
#[derive(Debug)]
pub(super) enum Work {
    /// A step of the plan as it is.
    Plain(usize),
    Layer {
        layer: Arc<Layer>,
        input: usize,
        weight: usize,
        bias: Option<usize>,
        /// Whether a batch norm reads the output.
        normed: bool,
        slots: Numbers,
    },
    /// With the residual branch and the activation that follow it.
    Norm {
        norm: NormAt,
        residual: Option<usize>,
        then: Then,
        slots: Numbers,
    },
    /// On images in the kernels' layout.
    Relu(usize),
    Add(usize, usize),
}

#[derive(Debug)]
pub(super) struct Entry {
    pub work: Work,
    /// The step whose result it makes.
    pub step: usize,
    /// Values that nobody reads afterwards.
    pub last_use: Vec<usize>,
}

/// All calls in order.
#[derive(Debug)]
pub(super) struct Schedule {
    pub entries: Vec<Entry>,
    /// Of each value, without its batch dimension.
    pub shapes: Vec<Option<Vec<usize>>>,
    /// The layers on kernels.
    pub layers: Layers,
    /// What backward passes leave for others.
    pub slots: Counts,
}

/// The layers of a plan that are to run on kernels, by step.
pub(super) type Layers = HashMap<usize, (ConvAt, Arc<Layer>)>;

/// The margins that each layer's images need, such that all images of one size lie alike.
pub(super) fn margins(layers: &[ConvAt]) -> HashMap<[usize; 3], [usize; 2]> {
    let mut all: HashMap<[usize; 3], [usize; 2]> = HashMap::new();
    for ConvAt { shape, .. } in layers {
        let [input, output] = sizes(shape);
        for (size, need) in [(input, shape.input_margin()), (output, shape.output_margin())] {
            let margin = all.entry(size).or_default();
            *margin = [margin[0].max(need[0]), margin[1].max(need[1])];
        }
    }
    all
}

/// Those of one layer.
pub(super) fn margins_of(all: &HashMap<[usize; 3], [usize; 2]>, layer: &ConvAt) -> Margins {
    sizes(&layer.shape).map(|size| all.get(&size).copied().unwrap_or_default())
}

/// Channels, height and width of input and output.
fn sizes(shape: &crate::kernels::conv::ConvShape) -> [[usize; 3]; 2] {
    let ([height, width], [out_height, out_width]) = (shape.image, shape.output());
    [[shape.in_channels, height, width], [shape.out_channels, out_height, out_width]]
}

impl Schedule {
    pub fn new(plan: &Plan, layers: Layers, shape_of: &ShapeOf<'_>) -> Self {
        let mut maker = Maker {
            plan,
            shape_of,
            blocked: vec![false; plan.places],
            waiting: Waiting::new(uses_of(plan)),
            entries: Vec::new(),
        };
        for step in 0..plan.steps.len() {
            maker.step(step, &layers);
        }
        let mut entries = maker.entries;
        let read = entries.iter().map(|entry| entry.reads(plan));
        let last_uses = last_uses(read, &plan.outputs, plan.places);
        for (entry, last_use) in entries.iter_mut().zip(last_uses) {
            entry.last_use = last_use;
        }
        let (uses, shapes) = (uses_of(plan), (0..plan.places).map(shape_of).collect());
        let slots = handovers::mark(plan, &mut entries, &uses);
        Self { entries, shapes, layers, slots }
    }
}

fn uses_of(plan: &Plan) -> Vec<usize> {
    uses(&plan.steps, &plan.outputs, plan.places)
}

struct Maker<'a> {
    plan: &'a Plan,
    shape_of: &'a ShapeOf<'a>,
    /// Which values are made in the kernels' layout.
    blocked: Vec<bool>,
    waiting: Waiting,
    entries: Vec<Entry>,
}

impl Maker<'_> {
    fn step(&mut self, step: usize, layers: &Layers) {
        let early = self.waiting.before(&self.plan.steps[step]);
        self.emit(early);
        let place = self.plan.steps[step].place;
        if let Some((at, layer)) = layers.get(&step) {
            let (input, weight, bias) = (at.input, at.weight, at.bias);
            self.flush(&[input]);
            let layer = layer.clone();
            let (normed, slots) = (false, Numbers::default());
            self.push(Work::Layer { layer, input, weight, bias, normed, slots }, step);
            self.blocked[place] = true;
            return;
        }
        match known(&self.plan.steps[step], self.shape_of) {
            Some(Known::Norm(norm)) if self.blocked[norm.input] => {
                self.flush(&[norm.input]);
                self.wait(Join::new(norm, step), place);
            }
            Some(Known::Relu(input)) if self.blocked[input] => {
                self.blocked[place] = true;
                match self.waiting.with_activation(input, Then::Relu, step) {
                    Some(join) => self.emit([join]),
                    None => self.push(Work::Relu(input), step),
                }
            }
            Some(Known::Site(site, input)) => {
                match self.waiting.with_activation(input, Then::Site(site), step) {
                    Some(join) => {
                        self.blocked[place] = true;
                        self.emit([join]);
                    }
                    None => self.plain(step),
                }
            }
            Some(Known::Add(a, b)) if self.can_add(a, b) => {
                match self.waiting.with_branch([a, b], step) {
                    Some(join) => {
                        self.flush(join.residual.as_slice());
                        self.wait(join, place);
                    }
                    None => {
                        self.flush(&[a, b]);
                        self.push(Work::Add(a, b), step);
                        self.blocked[place] = true;
                    }
                }
            }
            _ => self.plain(step),
        }
    }

    fn plain(&mut self, step: usize) {
        self.flush(&reads(&self.plan.steps[step]));
        self.push(Work::Plain(step), step);
    }

    /// Both are there in the kernels' layout, with the same sizes.
    fn can_add(&self, a: usize, b: usize) -> bool {
        self.blocked[a] && self.blocked[b] && (self.shape_of)(a) == (self.shape_of)(b)
    }

    fn wait(&mut self, join: Join, place: usize) {
        self.blocked[place] = true;
        let back = self.waiting.hold(join, place);
        self.emit(back);
    }

    /// Those of these values that wait are made now.
    fn flush(&mut self, places: &[usize]) {
        let taken = self.waiting.take(places);
        self.emit(taken);
    }

    fn emit(&mut self, joins: impl IntoIterator<Item = Join>) {
        for Join { norm, residual, then, steps, .. } in joins {
            let step = steps.last().copied().unwrap_or_default();
            self.push(Work::Norm { norm, residual, then, slots: Numbers::default() }, step);
        }
    }

    fn push(&mut self, work: Work, step: usize) {
        self.entries.push(Entry { work, step, last_use: Vec::new() });
    }
}

impl Entry {
    /// The values that it reads.
    fn reads(&self, plan: &Plan) -> Vec<usize> {
        match &self.work {
            Work::Plain(step) => reads(&plan.steps[*step]),
            Work::Layer { input, .. } | Work::Relu(input) => vec![*input],
            Work::Norm { norm, residual, .. } => {
                [Some(norm.input), *residual].into_iter().flatten().collect()
            }
            Work::Add(a, b) => vec![*a, *b],
        }
    }
}

/// # Errors
///
/// A shape or mask that the kernels do not have.
pub(super) fn layer(
    at: &ConvAt,
    mask: &tch::Tensor,
    all: &HashMap<[usize; 3], [usize; 2]>,
) -> Result<Arc<Layer>, ModelError> {
    Ok(Arc::new(Layer::new(at.shape, mask, margins_of(all, at))?))
}
