//! What all kinds share: declared tensors and knobs; reading a hook's results.

use jackpot_plugin_api::abi::{Named, RawNamed, Value, surface};
use jackpot_plugin_api::ctx::{Progress, Site};
use jackpot_plugin_api::declared::DeclaredTensor;
use jackpot_plugin_api::tensor::Dtype;
use tch::{Device, Kind, Tensor};

use crate::plugin::border::context::HookContext;
use crate::plugin::border::{into_host, tensors};
use crate::plugin::error::HookError;
use crate::plugin::item::Instance;
use crate::torch::codes::dtype_code;

/// Before the first step of a training whose length does not matter.
pub const BEFORE: Progress = Progress { step: 0, steps_per_epoch: 1, total_steps: 1 };

/// The hooks of every kind.
pub trait Common {
    /// The item behind it.
    fn instance(&self) -> &Instance;

    /// Its name.
    fn name(&self) -> &str {
        &self.instance().id().manifest().name
    }

    /// The tensors that it declares at a site.
    fn declared(&self, site: &Site, seed: u64) -> Result<Vec<DeclaredTensor>, HookError> {
        declared(self.instance(), site, seed)
    }

    /// The value of a knob.
    fn knob(&self, name: &str, progress: Progress) -> Result<f64, HookError> {
        let context = HookContext::plain(self.name(), "", progress, 0);
        let values = self.instance().call("knob", &context, &[RawNamed::new("name", name)])?;
        let value = float(self.instance(), "knob", values)?;
        if value.is_finite() {
            Ok(value)
        } else {
            let message = format!("the knob `{name}` is {value} at step {}", progress.step);
            Err(self.instance().error("knob", message))
        }
    }
}

/// The tensors that an item declares at a site.
///
/// # Errors
///
/// The hook's own; names that are empty, used twice or a knob's; negative sizes.
pub fn declared(item: &Instance, site: &Site, seed: u64) -> Result<Vec<DeclaredTensor>, HookError> {
    let name = &item.id().manifest().name;
    let context = HookContext { site: Some(site), ..HookContext::plain(name, "", BEFORE, seed) };
    let values = item.call("tensors", &context, &[])?;
    let declared: Vec<DeclaredTensor> = from_json(item, "tensors", ("[DeclaredTensor]", values))?;
    for (index, one) in declared.iter().enumerate() {
        let (name, shape) = (&one.name, &one.shape);
        let message = if name.is_empty() {
            "declares a tensor without a name; give it one".to_owned()
        } else if declared[..index].iter().any(|other| other.name == *name) {
            format!("declares two tensors `{name}`; give each its own name")
        } else if item.knobs().contains(name) {
            format!("declares a tensor `{name}`, which is the name of its knob; rename one of them")
        } else if shape.iter().any(|&size| size < 0) {
            format!("declares a tensor `{name}` of shape {shape:?}; sizes must not be negative")
        } else {
            continue;
        };
        return Err(item.error("tensors", message));
    }
    Ok(declared)
}

/// The only result.
fn first(item: &Instance, hook: &str, values: Vec<Named>) -> Result<Value, HookError> {
    let first = values.into_iter().next();
    first.map(|named| named.value).ok_or_else(|| item.error(hook, "gave nothing"))
}

/// The only result, a number.
pub fn float(item: &Instance, hook: &str, values: Vec<Named>) -> Result<f64, HookError> {
    match first(item, hook, values)? {
        Value::Float(value) => Ok(value),
        other => Err(item.error(hook, format!("gave {}, not a number", other.describe()))),
    }
}

/// The only result, a tensor.
pub fn tensor(item: &Instance, hook: &str, values: Vec<Named>) -> Result<Tensor, HookError> {
    match first(item, hook, values)? {
        Value::Tensor(handle) => Ok(into_host(handle)),
        other => Err(item.error(hook, format!("gave {}, not a tensor", other.describe()))),
    }
}

/// The only result, JSON of the type that the surface of the ABI has under that name.
pub fn from_json<T: serde::de::DeserializeOwned>(
    item: &Instance,
    hook: &str,
    (name, values): (&str, Vec<Named>),
) -> Result<T, HookError> {
    match first(item, hook, values)? {
        Value::Str(text) => surface::read(name, &text).map_err(|error| {
            let advice = item.id().found.file.advice();
            item.error(hook, format!("gave a text that cannot be read as {name}: {error}{advice}"))
        }),
        other => Err(item.error(hook, format!("gave {}, not a text", other.describe()))),
    }
}

/// An argument that lends a tensor.
pub fn lend<'a>(name: &'a str, tensor: &Tensor) -> RawNamed<'a> {
    use jackpot_plugin_api::abi::RawValue;
    RawNamed { name: name.into(), value: RawValue::Tensor(tensors::lend(tensor)) }
}

/// What a tensor looks like from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    shape: Vec<i64>,
    kind: Kind,
    device: Device,
    /// Every element is there, and not only those that are not 0.
    dense: bool,
}

impl Form {
    /// That of a tensor.
    pub fn of(tensor: &Tensor) -> Self {
        let dense = !(tensor.is_sparse() || tensor.is_mkldnn());
        Self { shape: tensor.size(), kind: tensor.kind(), device: tensor.device(), dense }
    }

    /// In another shape.
    pub fn shape(self, shape: &[i64]) -> Self {
        Self { shape: shape.to_vec(), ..self }
    }

    /// In another dtype.
    pub fn kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// What `what` has instead of this form.
    fn misses(&self, what: &str, found: &Self) -> String {
        let mut message = format!(
            "{what} has shape {:?} and dtype {}; it must have shape {:?} and dtype {}",
            found.shape,
            dtype_name(found.kind),
            self.shape,
            dtype_name(self.kind)
        );
        if found.device != self.device {
            message = format!("{what} is on {:?}; it must be on {:?}", found.device, self.device);
        }
        if found.dense != self.dense {
            message = format!("{what} is a sparse tensor; it must be a dense one");
        }
        message
    }
}

/// A dtype as graphs and plugins call it.
pub fn dtype_name(kind: Kind) -> String {
    Dtype::from_code(dtype_code(kind)).to_string()
}

/// Refuses a result of another shape, dtype or device than was asked for.
pub fn same_form(
    item: &Instance,
    hook: &str,
    what: &str,
    found: &Tensor,
    wanted: &Form,
) -> Result<(), HookError> {
    let found = Form::of(found);
    if found == *wanted { Ok(()) } else { Err(item.error(hook, wanted.misses(what, &found))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_form_is_told_with_both() {
        let form = |device| Form { shape: vec![2, 3], kind: Kind::Float, device, dense: true };
        let (here, there) = (form(Device::Cpu), form(Device::Cuda(1)));
        assert_eq!(here.misses("the loss", &there), "the loss is on Cuda(1); it must be on Cpu");
        assert_eq!(
            here.misses("the loss", &here.clone().shape(&[6]).kind(Kind::BFloat16)),
            "the loss has shape [6] and dtype bf16; it must have shape [2, 3] and dtype f32"
        );
    }
}
