//! The operators that an activation calls for some images, as a list that can be called again.

use tch::Tensor;

use crate::model::error::ModelError;
use crate::torch::grad::{GradMode, GradOptions, grad};
use crate::torch::op::pointwise::POINTWISE;
use crate::torch::op::record::{Recorded, reads, record};
use crate::torch::{Arg, Op, Value};

/// Further functions of one number.
const MORE: [&str; 4] = ["reciprocal", "rsqrt", "sign", "square"];

/// What an activation computes of each number.
pub(super) struct Program {
    pub calls: Vec<Call>,
    /// Which value is the result; 0 is `x`, then each call's.
    pub output: usize,
}

pub(super) struct Call {
    pub op: Op,
    pub args: Vec<Source>,
    pub named: Vec<(&'static str, Source)>,
}

pub(super) enum Source {
    /// `x`, or an earlier result.
    Value(usize),
    Constant(Value),
}

/// What a program keeps of a tensor that is one number for all, such as a knob.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Knobs {
    /// The number that it is now.
    Copied,
    /// The tensor itself. Who runs the program later sees to it that nobody has written it.
    Shared,
}

impl Program {
    /// What `of` calls for some images, and its result for them. `None` where it has none, or works
    /// otherwise than number by number.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn traced(
        some: &Tensor,
        of: &dyn Fn(&Tensor) -> Option<Tensor>,
        knobs: Knobs,
    ) -> Result<Option<(Self, Tensor)>, ModelError> {
        let before = reads();
        let (found, calls) = record(|| {
            let _no_grad = GradMode::disable();
            of(some)
        });
        let Some(found) = found.filter(|_| reads() == before) else { return Ok(None) };
        Ok(Self::of(&calls, some, &found, knobs)?.map(|program| (program, found)))
    }

    /// `None` where these calls are not functions of one number alone.
    pub fn of(
        calls: &[Recorded],
        x: &Tensor,
        y: &Tensor,
        knobs: Knobs,
    ) -> Result<Option<Self>, ModelError> {
        let mut values = vec![x];
        let mut program = Self { calls: Vec::new(), output: 0 };
        for recorded in calls {
            let Some(call) = Call::of(recorded, &values, knobs)? else { return Ok(None) };
            program.calls.push(call);
            match recorded.results.as_slice() {
                [Value::Tensor(result)] if result.size() == x.size() => values.push(result),
                _ => return Ok(None),
            }
        }
        let Some(output) = place(&values, y) else { return Ok(None) };
        Ok(Some(Self { output, ..program }))
    }

    pub fn run(&self, x: &Tensor) -> Result<Tensor, ModelError> {
        let mut values = vec![x.shallow_clone()];
        for call in &self.calls {
            let args: Vec<Arg<'_>> = call.args.iter().map(|source| source.arg(&values)).collect();
            let named = call.named.iter().map(|(name, source)| (*name, source.arg(&values)));
            let named: Vec<(&str, Arg<'_>)> = named.collect();
            let result = call.op.call1(&args, &named)?;
            values.push(result);
        }
        Ok(values.swap_remove(self.output))
    }

    /// The gradient to `x` from that to the result; `None`: the result does not depend on `x`.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub fn gradient(&self, x: &Tensor, to_y: &Tensor) -> Result<Option<Tensor>, ModelError> {
        let x = x.f_detach()?.set_requires_grad(true);
        let y = {
            let _recorded = GradMode::enable();
            self.run(&x)?
        };
        let options = GradOptions { allow_unused: true, ..GradOptions::default() };
        Ok(match y.requires_grad() {
            true => grad(&[&y], &[&x], Some(&[to_y]), options)?.pop().flatten(),
            false => None,
        })
    }
}

impl Call {
    fn of(
        recorded: &Recorded,
        values: &[&Tensor],
        knobs: Knobs,
    ) -> Result<Option<Self>, ModelError> {
        let schema = recorded.schema;
        let name = schema.name.strip_prefix("aten::").unwrap_or_default();
        if !POINTWISE.contains(&name) && !MORE.contains(&name) {
            return Ok(None);
        }
        let full = match schema.overload.as_str() {
            "" => schema.name.clone(),
            overload => format!("{}.{overload}", schema.name),
        };
        let mut call = Self { op: Op::find(&full)?, args: Vec::new(), named: Vec::new() };
        let mut left_out = false;
        for (spec, value) in schema.args.iter().zip(&recorded.args) {
            let source = match value {
                None => {
                    left_out |= !spec.kwarg_only;
                    continue;
                }
                Some(Value::Tensor(tensor)) => match place(values, tensor) {
                    Some(place) => Source::Value(place),
                    // One number for all, such as a knob.
                    None if tensor.dim() == 0 && !tensor.requires_grad() => {
                        let tensor = tensor.detach();
                        Source::Constant(Value::Tensor(match knobs {
                            Knobs::Copied => tensor.copy(),
                            Knobs::Shared => tensor,
                        }))
                    }
                    None => return Ok(None),
                },
                Some(Value::TensorList(_) | Value::OptTensorList(_)) => return Ok(None),
                Some(other) => Source::Constant(other.shallow_clone()),
            };
            match spec.kwarg_only {
                true => call.named.push((spec.name.as_str(), source)),
                // What is behind something left out has lost its place.
                false if left_out => return Ok(None),
                false => call.args.push(source),
            }
        }
        Ok(Some(call))
    }
}

impl Source {
    fn arg<'a>(&'a self, values: &'a [Tensor]) -> Arg<'a> {
        match self {
            Self::Value(place) => Arg::Tensor(&values[*place]),
            Self::Constant(value) => value.as_arg(),
        }
    }
}

/// Which of these tensors it is. All are alive, so that no two lie at the same place in memory.
fn place(values: &[&Tensor], tensor: &Tensor) -> Option<usize> {
    let is_it = |known: &&Tensor| {
        known.data_ptr() == tensor.data_ptr()
            && known.size() == tensor.size()
            && known.stride() == tensor.stride()
            && known.kind() == tensor.kind()
    };
    values.iter().position(is_it)
}
