//! Which argument goes where: a schema's rules, and the errors that explain a misfit.

use super::schema::{ArgSpec, ArgType, Schema};
use super::table::Entry;
use crate::torch::error::OpError;
use crate::torch::value::Arg;

/// Why a schema does not accept a call: positions only, so that trying an overload costs
/// nothing. [`explain`] makes an error of it, once no schema is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misfit {
    TooMany,
    Missing { argument: usize },
    Unknown { named: usize },
    Twice { argument: usize },
    WrongType { argument: usize },
}

/// Fills `slots`, one for each argument of the schema; what stays empty has a default.
pub(super) fn bind<'b, 'a>(
    schema: &Schema,
    args: &'b [Arg<'a>],
    named: &'b [(&str, Arg<'a>)],
    slots: &mut [Option<&'b Arg<'a>>],
) -> Result<(), Misfit> {
    slots.fill(None);
    if args.len() > schema.args.len() {
        return Err(Misfit::TooMany);
    }
    for (argument, (arg, spec)) in args.iter().zip(&schema.args).enumerate() {
        if spec.kwarg_only {
            return Err(Misfit::TooMany);
        }
        if !accepts(spec, arg) {
            return Err(Misfit::WrongType { argument });
        }
        slots[argument] = Some(arg);
    }
    for (position, (name, arg)) in named.iter().enumerate() {
        let Some(argument) = schema.args.iter().position(|spec| spec.name == *name) else {
            return Err(Misfit::Unknown { named: position });
        };
        if slots[argument].is_some() {
            return Err(Misfit::Twice { argument });
        }
        if !accepts(&schema.args[argument], arg) {
            return Err(Misfit::WrongType { argument });
        }
        slots[argument] = Some(arg);
    }
    for (argument, (slot, spec)) in slots.iter().zip(&schema.args).enumerate() {
        if slot.is_none() && !spec.has_default {
            return Err(Misfit::Missing { argument });
        }
    }
    Ok(())
}

/// PyTorch's own leniency: an int is a float and a number, one number fills a list of fixed
/// length, a list of tensors is a list of optional ones. `values.cpp` converts exactly these.
fn accepts(spec: &ArgSpec, arg: &Arg<'_>) -> bool {
    use ArgType as T;
    let fills = spec.fixed_len.is_some();
    match arg {
        Arg::None => spec.optional,
        Arg::Tensor(_) => spec.ty == T::Tensor,
        Arg::Int(_) => match spec.ty {
            T::Int | T::Float | T::Number | T::Dtype | T::Layout | T::MemoryFormat => true,
            T::IntList | T::FloatList => fills,
            _ => false,
        },
        Arg::Float(_) => match spec.ty {
            T::Float | T::Number => true,
            T::FloatList => fills,
            _ => false,
        },
        Arg::Bool(_) => matches!(spec.ty, T::Bool | T::Number),
        Arg::Str(_) => spec.ty == T::Str,
        Arg::Device(_) => spec.ty == T::Device,
        Arg::Dtype(_) => spec.ty == T::Dtype,
        Arg::IntList(_) => matches!(spec.ty, T::IntList | T::FloatList | T::NumberList),
        Arg::FloatList(_) => matches!(spec.ty, T::FloatList | T::NumberList),
        Arg::BoolList(_) => spec.ty == T::BoolList,
        Arg::TensorList(_) => matches!(spec.ty, T::TensorList | T::OptTensorList),
        Arg::OptTensorList(_) => spec.ty == T::OptTensorList,
    }
}

/// The error for a call that no schema of the operator accepts. Where only one comes into
/// question, it says what is wrong; else it lists them.
pub(super) fn explain(entry: &Entry, args: &[Arg<'_>], named: &[(&str, Arg<'_>)]) -> OpError {
    let meant: Vec<&Schema> = match entry.schemas.as_slice() {
        [only] => vec![only],
        all => all.iter().filter(|schema| !out_is_missing(schema, named)).collect(),
    };
    if let [schema] = meant.as_slice() {
        let mut slots = vec![None; schema.args.len()];
        if let Err(misfit) = bind(schema, args, named, &mut slots) {
            return explain_one(entry, schema, misfit, args, named);
        }
    }

    const SHOWN: usize = 6;
    let positional = args.iter().map(|arg| arg.type_name().to_owned());
    let by_name = named.iter().map(|(name, arg)| format!("{name}={}", arg.type_name()));
    let given: Vec<_> = positional.chain(by_name).collect();
    let shown: Vec<_> = meant.iter().take(SHOWN).map(|schema| schema.text.as_str()).collect();
    let mut candidates = shown.join("; ");
    if meant.len() > SHOWN {
        candidates.push_str(&format!("; and {} more", meant.len() - SHOWN));
    }
    OpError::NoOverload { op: entry.name.clone(), given: given.join(", "), candidates }
}

/// Whether the schema writes to an argument by name only (`out`) that the call does not give.
fn out_is_missing(schema: &Schema, named: &[(&str, Arg<'_>)]) -> bool {
    let given = |spec: &ArgSpec| named.iter().any(|(name, _)| *name == spec.name);
    schema.args.iter().any(|spec| spec.kwarg_only && spec.mutable && !given(spec))
}

fn explain_one(
    entry: &Entry,
    schema: &Schema,
    misfit: Misfit,
    args: &[Arg<'_>],
    named: &[(&str, Arg<'_>)],
) -> OpError {
    let op = entry.name.clone();
    let text = schema.text.clone();
    let called = |argument: usize| schema.args[argument].name.clone();
    match misfit {
        Misfit::TooMany => OpError::TooManyArguments {
            op,
            accepted: schema.args.iter().filter(|spec| !spec.kwarg_only).count(),
            given: args.len(),
            schema: text,
        },
        Misfit::Missing { argument } => {
            OpError::MissingArgument { op, argument: called(argument), schema: text }
        }
        Misfit::Unknown { named: position } => {
            OpError::UnknownArgument { op, argument: named[position].0.to_owned(), schema: text }
        }
        Misfit::Twice { argument } => {
            OpError::DuplicateArgument { op, argument: called(argument), schema: text }
        }
        Misfit::WrongType { argument } => {
            let by_name = || named.iter().find(|(name, _)| *name == schema.args[argument].name);
            let given = args.get(argument).or_else(|| by_name().map(|(_, arg)| arg));
            OpError::WrongType {
                op,
                argument: called(argument),
                expected: schema.args[argument].to_string(),
                given: given.map_or("nothing", Arg::type_name).to_owned(),
                schema: text,
            }
        }
    }
}
