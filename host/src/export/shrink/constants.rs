//! Channels that are the same number for every image and pixel, and which number.

use std::collections::BTreeMap;

use tch::{Kind, Tensor};

use super::spaces::{Action, Spaces};
use crate::export::error::ExportError;
use crate::export::program::{Argument, Call, Program, Reference};
use crate::torch::Value;

/// Of a tensor: whether each channel is constant, and its value (0 where it is not).
#[derive(Debug)]
pub struct Known {
    /// bool `[C]`.
    pub is: Tensor,
    /// f32 `[C]`.
    pub value: Tensor,
}

impl Known {
    /// bool `[C]`: constant, and 0.
    pub fn zero(&self) -> Result<Tensor, ExportError> {
        Ok(self.is.f_logical_and(&self.value.f_eq(0.0)?)?)
    }
}

/// What is known of each tensor with channels.
pub fn constants(
    program: &Program,
    spaces: &Spaces,
) -> Result<BTreeMap<Reference, Known>, ExportError> {
    let mut found = BTreeMap::new();
    for (index, call) in program.calls.iter().enumerate() {
        let out = Reference::Result(index, 0);
        let Some(place) = spaces.place(out) else { continue };
        let known = match spaces.actions[index] {
            // Features of one channel are normalised differently.
            Action::Norm if place.entries > 1 => None,
            Action::Layer => layer(program, spaces, call, &found)?,
            Action::Depthwise => depthwise(program, call, &found)?,
            Action::Norm | Action::Pointwise => computed(program, call, &found)?,
            Action::Pool | Action::Move => passed(call, &found)?,
            Action::Other => None,
        };
        if let Some(known) = known {
            found.insert(out, known);
        }
    }
    Ok(found)
}

/// The stored tensor of an argument.
pub fn stored<'a>(program: &'a Program, call: &Call, name: &str) -> Option<&'a Tensor> {
    match call.arg(name).references() {
        [Reference::Stored(index)] => Some(&program.tensors[*index].tensor),
        _ => None,
    }
}

/// bool `[O, C]`: whether any of the weights between two channels is not 0. Linear layers read
/// `entries` numbers of each channel.
pub fn reads(weight: &Tensor, entries: i64) -> Result<Tensor, ExportError> {
    let out = weight.size().first().copied().unwrap_or_default();
    let inputs = weight.size().get(1).copied().unwrap_or_default() / entries.max(1);
    let some = weight.f_ne(0.0)?.f_reshape([out, inputs, -1])?;
    Ok(some.f_any_dim(2, false)?)
}

fn bias(program: &Program, call: &Call, count: i64) -> Result<Tensor, ExportError> {
    match stored(program, call, "bias") {
        Some(bias) => Ok(bias.shallow_clone()),
        None => Ok(Tensor::f_zeros([count], (Kind::Float, tch::Device::Cpu))?),
    }
}

/// A channel whose weights read nothing but zeros is its bias.
fn layer(
    program: &Program,
    spaces: &Spaces,
    call: &Call,
    found: &BTreeMap<Reference, Known>,
) -> Result<Option<Known>, ExportError> {
    let Some(weight) = stored(program, call, "weight") else { return Ok(None) };
    let input = call.arg("input").references().first().copied();
    let entries = input.and_then(|one| spaces.place(one)).map_or(1, |place| place.entries);
    let mut reads = reads(weight, entries)?;
    if let Some(known) = input.and_then(|one| found.get(&one)) {
        reads = reads.f_logical_and(&known.zero()?.f_logical_not()?.f_unsqueeze(0)?)?;
    }
    let is = reads.f_any_dim(1, false)?.f_logical_not()?;
    let value = bias(program, call, is.numel() as i64)?;
    Ok(Some(Known { value: value.f_where_scalarother(&is, 0.0)?, is }))
}

/// A channel with weights of zeros, or that reads zeros, is its bias.
fn depthwise(
    program: &Program,
    call: &Call,
    found: &BTreeMap<Reference, Known>,
) -> Result<Option<Known>, ExportError> {
    let Some(weight) = stored(program, call, "weight") else { return Ok(None) };
    let mut is = reads(weight, 1)?.f_reshape([-1])?.f_logical_not()?;
    if let Some(known) = call.arg("input").references().first().and_then(|one| found.get(one)) {
        is = is.f_logical_or(&known.zero()?)?;
    }
    let value = bias(program, call, is.numel() as i64)?;
    Ok(Some(Known { value: value.f_where_scalarother(&is, 0.0)?, is }))
}

/// What the operator makes of the constants: where all that it reads is constant.
fn computed(
    program: &Program,
    call: &Call,
    found: &BTreeMap<Reference, Known>,
) -> Result<Option<Known>, ExportError> {
    let (mut is, mut inputs) = (None::<Tensor>, BTreeMap::new());
    for reference in call.args.iter().flat_map(Argument::references) {
        if matches!(reference, Reference::Stored(_)) {
            continue;
        }
        let Some(known) = found.get(reference) else { return Ok(None) };
        is = Some(match is {
            Some(is) => is.f_logical_and(&known.is)?,
            None => known.is.shallow_clone(),
        });
        let spatial = vec![1; call.shapes[0].len().saturating_sub(2)];
        let shape = [&[1, known.value.numel() as i64], spatial.as_slice()].concat();
        inputs.insert(*reference, known.value.f_reshape(shape)?);
    }
    let Some(is) = is else { return Ok(None) };
    let results = tch::no_grad(|| {
        call.run(&|reference| match reference {
            Reference::Stored(index) => Ok(&program.tensors[index].tensor),
            other => inputs.get(&other).ok_or_else(|| call.fail("reads an unknown tensor")),
        })
    })?;
    let Some(value) = results.first() else { return Ok(None) };
    let value = value.f_reshape([-1])?;
    let is = is.f_logical_and(&value.f_isfinite()?)?;
    Ok(Some(Known { value: value.f_where_scalarother(&is, 0.0)?, is }))
}

/// Pools leave a constant what it is, unless they count zeros at the border.
fn passed(call: &Call, found: &BTreeMap<Reference, Known>) -> Result<Option<Known>, ExportError> {
    let Some(known) = call.arg("self").references().first().and_then(|one| found.get(one)) else {
        return Ok(None);
    };
    let padded = call.schema.name == "aten::avg_pool2d" && has_border(call);
    let is = if padded { known.zero()? } else { known.is.shallow_clone() };
    Ok(Some(Known { value: known.value.shallow_clone(), is }))
}

/// Whether a window may hang over the border.
pub fn has_border(call: &Call) -> bool {
    match call.arg("padding") {
        Argument::Default => false,
        Argument::Value(Value::IntList(list)) => list.iter().any(|size| *size != 0),
        Argument::Value(Value::Int(size)) => *size != 0,
        Argument::Value(Value::String(name)) => name != "valid",
        _ => true,
    }
}
