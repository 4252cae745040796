//! What a compiled graph computes at a node, where kernels exist for it.

use super::plan::{Call, Source, Step};
use super::statistics::NormSpec;
use crate::kernels::conv::ConvShape;
use crate::torch::Value;

/// A convolution or linear layer with a weight of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConvAt {
    /// The value that it reads.
    pub input: usize,
    /// Its parameters' numbers.
    pub weight: usize,
    pub bias: Option<usize>,
    pub shape: ConvShape,
}

/// A batch norm; what follows it is found elsewhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct NormAt {
    pub input: usize,
    /// Its parameters' numbers.
    pub weight: usize,
    pub bias: usize,
    /// The buffers' numbers of running mean and variance.
    pub running: [usize; 2],
    pub spec: NormSpec,
}

/// What kernels exist for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Known {
    Conv(ConvAt),
    Norm(NormAt),
    Relu(usize),
    Add(usize, usize),
    /// A site of that number with its input: its plugin may be a function that kernels know.
    Site(usize, usize),
}

/// The shape of a value without its batch dimension.
pub(super) type ShapeOf<'a> = dyn Fn(usize) -> Option<Vec<usize>> + 'a;

/// What a step computes, if kernels exist for it.
pub(super) fn known(step: &Step, shape_of: &ShapeOf<'_>) -> Option<Known> {
    let (op, args, named) = match &step.call {
        Call::Op { op, args, named } => (op, args, named),
        Call::Site { site, input: Source::Value(place, 0) } => {
            return Some(Known::Site(*site, *place));
        }
        Call::Site { .. } => return None,
    };
    if !named.is_empty() {
        return None;
    }
    match op.name() {
        "aten::conv2d" => conv(args, shape_of).map(Known::Conv),
        "aten::linear" => linear(args, shape_of).map(Known::Conv),
        "aten::batch_norm" => norm(args).map(Known::Norm),
        "aten::relu" => Some(Known::Relu(value(args, 0)?)),
        "aten::add.Tensor" => Some(Known::Add(value(args, 0)?, value(args, 1)?)),
        _ => None,
    }
}

fn conv(args: &[Source], shape_of: &ShapeOf<'_>) -> Option<ConvAt> {
    let input = value(args, 0)?;
    let &[in_channels, height, width] = shape_of(input)?.as_slice() else { return None };
    let (weight, bias) = (parameter(args, 1)?, optional_parameter(args, 2)?);
    let ([stride, padding], dilation) = ([pair(args, 3, 1)?, pair(args, 4, 0)?], pair(args, 5, 1)?);
    let groups = match args.get(6) {
        None => 1,
        Some(Source::Constant(constant)) => match constant.value() {
            Value::Int(groups) => usize::try_from(*groups).ok()?,
            _ => return None,
        },
        Some(_) => return None,
    };
    // Channels out and the kernel follow from the weight's shape.
    let shape = ConvShape {
        in_channels,
        out_channels: 0,
        image: [height, width],
        kernel: [0, 0],
        stride,
        padding,
        groups,
    };
    (dilation == [1, 1]).then_some(ConvAt { input, weight, bias, shape })
}

fn linear(args: &[Source], shape_of: &ShapeOf<'_>) -> Option<ConvAt> {
    let input = value(args, 0)?;
    let &[inputs] = shape_of(input)?.as_slice() else { return None };
    let (weight, bias) = (parameter(args, 1)?, optional_parameter(args, 2)?);
    Some(ConvAt { input, weight, bias, shape: ConvShape::linear(inputs, 0) })
}

impl ConvAt {
    /// With the sizes that the weight has; `None` for a weight of another form.
    pub fn with_weight(mut self, weight: &[i64]) -> Option<Self> {
        let size = |at: usize| weight.get(at).and_then(|&size| usize::try_from(size).ok());
        self.shape.out_channels = size(0)?;
        self.shape.kernel = match weight.len() {
            4 => [size(2)?, size(3)?],
            2 => [1, 1],
            _ => return None,
        };
        let inputs = self.shape.in_channels.checked_div(self.shape.groups)?;
        (size(1)? == inputs).then_some(self)
    }
}

fn norm(args: &[Source]) -> Option<NormAt> {
    let number = |at: usize| match args.get(at) {
        Some(Source::Constant(constant)) => match constant.value() {
            Value::Float(number) => Some(*number),
            Value::Int(number) => Some(*number as f64),
            _ => None,
        },
        _ => None,
    };
    let statistic = |at: usize| match args.get(at) {
        Some(Source::Statistic(index)) => Some(*index),
        _ => None,
    };
    if !matches!(args.get(5), Some(Source::Training)) {
        return None;
    }
    Some(NormAt {
        input: value(args, 0)?,
        weight: parameter(args, 1)?,
        bias: parameter(args, 2)?,
        running: [statistic(3)?, statistic(4)?],
        spec: NormSpec { momentum: number(6)?, epsilon: number(7)? },
    })
}

/// The only result of an earlier step.
fn value(args: &[Source], at: usize) -> Option<usize> {
    match args.get(at) {
        Some(Source::Value(place, 0)) => Some(*place),
        _ => None,
    }
}

fn parameter(args: &[Source], at: usize) -> Option<usize> {
    match args.get(at) {
        Some(Source::Parameter(index)) => Some(*index),
        _ => None,
    }
}

/// `Some(None)` where there is none.
fn optional_parameter(args: &[Source], at: usize) -> Option<Option<usize>> {
    match args.get(at) {
        None => Some(None),
        Some(Source::Constant(constant)) if matches!(constant.value(), Value::None) => Some(None),
        Some(Source::Parameter(index)) => Some(Some(*index)),
        Some(_) => None,
    }
}

fn pair(args: &[Source], at: usize, default: usize) -> Option<[usize; 2]> {
    let size = |number: i64| usize::try_from(number).ok();
    match args.get(at) {
        None => Some([default; 2]),
        Some(Source::Constant(constant)) => match constant.value() {
            Value::Int(one) => Some([size(*one)?; 2]),
            Value::IntList(list) => match list.as_slice() {
                [one] => Some([size(*one)?; 2]),
                [first, second] => Some([size(*first)?, size(*second)?]),
                _ => None,
            },
            _ => None,
        },
        Some(_) => None,
    }
}

/// The values that a step reads.
pub(super) fn reads(step: &Step) -> Vec<usize> {
    let mut places = Vec::new();
    let mut note = |source: &Source| match source {
        Source::Value(place, _) => places.push(*place),
        Source::Values(list) => places.extend(list.iter().map(|(place, _)| *place)),
        _ => {}
    };
    match &step.call {
        Call::Op { args, named, .. } => {
            args.iter().for_each(&mut note);
            named.iter().for_each(|(_, source)| note(source));
        }
        Call::Site { input, .. } => note(input),
    }
    places
}

/// What a step does besides giving results.
pub(super) struct Touched {
    /// The buffers that it reads or moves.
    buffers: Vec<usize>,
    /// Whether it changes one of its arguments.
    in_place: bool,
}

impl Touched {
    pub fn by(step: &Step) -> Self {
        let mut buffers = Vec::new();
        let mut note = |source: &Source| {
            if let Source::Buffer(buffer) | Source::Statistic(buffer) = source {
                buffers.push(*buffer);
            }
        };
        let mut in_place = false;
        if let Call::Op { op, args, named } = &step.call {
            args.iter().for_each(&mut note);
            named.iter().for_each(|(_, source)| note(source));
            // What an overload is told to write to, and no graph can name, does not count.
            let mut all = op.schemas().iter().flat_map(|schema| &schema.args);
            in_place = all.any(|arg| arg.mutable && !arg.kwarg_only);
        }
        Self { buffers, in_place }
    }

    /// Whether that norm, if it comes before, must not be done after it.
    pub fn concerns(&self, norm: &NormAt) -> bool {
        self.in_place || norm.running.iter().any(|buffer| self.buffers.contains(buffer))
    }
}

/// How often each of so many values is read; a network's outputs count twice, since they must stay.
pub(super) fn uses(steps: &[Step], outputs: &[(String, Source)], places: usize) -> Vec<usize> {
    let mut uses = vec![0; places];
    steps.iter().flat_map(reads).for_each(|place| uses[place] += 1);
    for (_, source) in outputs {
        if let Source::Value(place, _) = source {
            uses[*place] += 2;
        }
    }
    uses
}

/// The values of which each call is the last reader, of what the calls read in their order. A
/// network's outputs have none.
pub(super) fn last_uses(
    read: impl Iterator<Item = Vec<usize>>,
    outputs: &[(String, Source)],
    places: usize,
) -> Vec<Vec<usize>> {
    let (mut last, mut calls) = (vec![None; places], Vec::new());
    for (call, read) in read.enumerate() {
        read.into_iter().for_each(|place| last[place] = Some(call));
        calls.push(Vec::new());
    }
    for (_, source) in outputs {
        if let Source::Value(place, _) = source {
            last[*place] = None;
        }
    }
    for (place, call) in last.into_iter().enumerate() {
        if let Some(call) = call {
            calls[call].push(place);
        }
    }
    calls
}
