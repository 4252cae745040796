//! Which channels can go, and what they leave in the biases of those who read them.

use std::collections::BTreeMap;

use tch::{Kind, Tensor};

use super::constants::{constants, has_border, reads, stored};
use super::spaces::{Action, Spaces};
use crate::export::error::ExportError;
use crate::export::program::{Program, Reference};

/// What one round removes.
#[derive(Debug)]
pub struct Dead {
    /// By space and channel.
    pub channels: Vec<Vec<bool>>,
    /// What is added to the bias of a layer: f64 `[O]`, by the call.
    pub folded: BTreeMap<usize, Tensor>,
}

/// Finds them. Of every space one channel stays at least.
pub fn dead(program: &Program, spaces: &Spaces) -> Result<Dead, ExportError> {
    let known = constants(program, spaces)?;
    // Candidates: everything; each reader takes out what it needs.
    let mut open: Vec<Tensor> = spaces
        .sizes
        .iter()
        .enumerate()
        .map(|(space, size)| {
            let open = spaces.is_whole(space) && !spaces.frozen[space];
            Tensor::f_full([*size as i64], i64::from(open), (Kind::Bool, tch::Device::Cpu))
        })
        .collect::<Result<_, _>>()?;
    let readers = readers(program, spaces);
    for &(index, input) in &readers {
        let call = &program.calls[index];
        let (Some(place), Some(weight)) = (spaces.place(input), stored(program, call, "weight"))
        else {
            continue;
        };
        let needed = reads(weight, place.entries)?.f_any_dim(0, false)?;
        let gone = match known.get(&input) {
            Some(known) if has_border(call) => known.zero()?,
            Some(known) => known.is.shallow_clone(),
            None => needed.f_zeros_like()?,
        };
        let free = needed.f_logical_not()?.f_logical_or(&gone)?;
        open[place.space] = open[place.space].f_logical_and(&free)?;
    }
    let mut channels = open
        .iter()
        .map(|open| Vec::<i64>::try_from(open.f_to_kind(Kind::Int64)?))
        .map(|list: Result<_, tch::TchError>| list.map(|l| l.iter().map(|one| *one == 1).collect()))
        .collect::<Result<Vec<Vec<bool>>, _>>()?;
    for list in &mut channels {
        if let (true, Some(first)) = (list.iter().all(|dead| *dead), list.first_mut()) {
            *first = false;
        }
    }
    let mut folded = BTreeMap::new();
    for (index, input) in readers {
        let call = &program.calls[index];
        let (Some(place), Some(known)) = (spaces.place(input), known.get(&input)) else { continue };
        let Some(weight) = stored(program, call, "weight") else { continue };
        let gone = Tensor::f_from_slice(&channels[place.space])?;
        let value = known.value.f_where_scalarother(&gone, 0.0)?.f_to_kind(Kind::Double)?;
        if value.f_ne(0.0)?.f_any()?.f_int64_value(&[])? == 0 {
            continue;
        }
        let out = weight.size().first().copied().unwrap_or_default();
        let weight = weight.f_to_kind(Kind::Double)?.f_reshape([out, value.numel() as i64, -1])?;
        let sums = weight.f_sum_dim_intlist(2, false, Kind::Double)?;
        folded.insert(index, sums.f_matmul(&value)?);
    }
    Ok(Dead { channels, folded })
}

/// The layers that read channels of a space, with what they read.
fn readers(program: &Program, spaces: &Spaces) -> Vec<(usize, Reference)> {
    let layer = |index: &usize| spaces.actions[*index] == Action::Layer;
    let read = |index: usize| {
        let input = *program.calls[index].arg("input").references().first()?;
        spaces.place(input).map(|_| (index, input))
    };
    (0..program.calls.len()).filter(layer).filter_map(read).collect()
}
