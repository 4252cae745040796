//! The program with channels taken out.

use jackpot_plugin_api::graph::Role;
use tch::{Kind, Tensor};

use super::dead::Dead;
use super::spaces::{Action, Place, Spaces};
use crate::export::error::ExportError;
use crate::export::program::{Argument, Origin, Program, Reference, Stored};
use crate::torch::Value;

/// Takes out what is dead. Calls keep their order.
///
/// # Errors
///
/// What libtorch says.
pub fn without(mut program: Program, spaces: &Spaces, dead: &Dead) -> Result<Program, ExportError> {
    let keep: Vec<Tensor> = dead
        .channels
        .iter()
        .map(|list| {
            let kept = list.iter().enumerate().filter(|(_, dead)| !**dead);
            Tensor::f_from_slice(&kept.map(|(index, _)| index as i64).collect::<Vec<_>>())
        })
        .collect::<Result<_, _>>()?;
    for index in 0..program.calls.len() {
        let own = spaces.place(Reference::Result(index, 0));
        let input = program.calls[index].arg("input").references().first().copied();
        match spaces.actions[index] {
            Action::Layer => {
                fold(&mut program, index, dead)?;
                if let Some(place) = input.and_then(|one| spaces.place(one)) {
                    let columns = entries(&keep[place.space], place)?;
                    select(&mut program, index, "weight", 1, &columns)?;
                }
                if let Some(place) = own {
                    for name in ["weight", "bias"] {
                        select(&mut program, index, name, 0, &keep[place.space])?;
                    }
                }
            }
            Action::Depthwise => {
                if let Some(place) = own {
                    for name in ["weight", "bias"] {
                        select(&mut program, index, name, 0, &keep[place.space])?;
                    }
                    let groups = keep[place.space].numel() as i64;
                    set_groups(&mut program, index, groups);
                }
            }
            Action::Norm => {
                if let Some(place) = own {
                    let rows = entries(&keep[place.space], place)?;
                    for name in ["weight", "bias", "running_mean", "running_var"] {
                        select(&mut program, index, name, 0, &rows)?;
                    }
                }
            }
            Action::Pointwise | Action::Pool | Action::Move | Action::Other => {}
        }
        if let Some(place) = own {
            let size = keep[place.space].numel() as i64 * place.entries;
            if let Some(channels) = program.calls[index].shapes[0].get_mut(1) {
                *channels = Some(size);
            }
        }
    }
    Ok(program)
}

/// The entries of dimension 1 that belong to channels.
fn entries(channels: &Tensor, place: Place) -> Result<Tensor, ExportError> {
    let within = Tensor::f_arange(place.entries, (Kind::Int64, tch::Device::Cpu))?;
    let first = channels.f_mul_scalar(place.entries)?.f_unsqueeze(1)?;
    Ok(first.f_add(&within.f_unsqueeze(0)?)?.f_reshape([-1])?)
}

fn select(
    program: &mut Program,
    call: usize,
    name: &str,
    dim: i64,
    keep: &Tensor,
) -> Result<(), ExportError> {
    if let Argument::Tensor(Reference::Stored(index)) = program.calls[call].arg(name) {
        let stored = &mut program.tensors[*index];
        if stored.tensor.size()[dim as usize] != keep.numel() as i64 {
            stored.tensor = stored.tensor.f_index_select(dim, keep)?;
            if let Some(mask) = &stored.mask {
                stored.mask = Some(mask.f_index_select(dim, keep)?);
            }
        }
    }
    Ok(())
}

/// Adds to a layer's bias, which it gets if it has none.
fn fold(program: &mut Program, call: usize, dead: &Dead) -> Result<(), ExportError> {
    let Some(sum) = dead.folded.get(&call) else { return Ok(()) };
    if let Argument::Tensor(Reference::Stored(index)) = program.calls[call].arg("bias") {
        let bias = &mut program.tensors[*index].tensor;
        *bias = bias.f_to_kind(Kind::Double)?.f_add(sum)?.f_to_kind(Kind::Float)?;
        return Ok(());
    }
    let taken = |name: &str| program.tensors.iter().any(|stored| stored.name == name);
    let mut name = format!("{}.bias", program.calls[call].name);
    while taken(&name) {
        name.push('_');
    }
    let (tensor, origin) = (sum.f_to_kind(Kind::Float)?, Origin::Parameter(Role::Bias));
    program.tensors.push(Stored { name, tensor, origin, mask: None });
    let place = program.calls[call].schema.args.iter().position(|spec| spec.name == "bias");
    if let Some(place) = place {
        program.calls[call].args[place] =
            Argument::Tensor(Reference::Stored(program.tensors.len() - 1));
    }
    Ok(())
}

fn set_groups(program: &mut Program, call: usize, groups: i64) {
    let call = &mut program.calls[call];
    if let Some(place) = call.schema.args.iter().position(|spec| spec.name == "groups") {
        call.args[place] = Argument::Value(Value::Int(groups));
    }
}
