//! What all kinds share: declared tensors and knobs; reading a hook's results.

use jackpot_plugin_api::abi::{Named, RawNamed, Value};
use jackpot_plugin_api::ctx::{Progress, Site};
use jackpot_plugin_api::declared::DeclaredTensor;
use tch::{Kind, Tensor};

use crate::plugin::border::context::HookContext;
use crate::plugin::border::{into_host, tensors};
use crate::plugin::error::HookError;
use crate::plugin::item::Instance;

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
/// The hook's own; names that are empty or used twice; negative sizes.
pub fn declared(item: &Instance, site: &Site, seed: u64) -> Result<Vec<DeclaredTensor>, HookError> {
    let name = &item.id().manifest().name;
    let context = HookContext { site: Some(site), ..HookContext::plain(name, "", BEFORE, seed) };
    let values = item.call("tensors", &context, &[])?;
    let declared: Vec<DeclaredTensor> = from_json(item, "tensors", values)?;
    for (index, one) in declared.iter().enumerate() {
        let twice = declared[..index].iter().any(|other| other.name == one.name);
        if twice || one.name.is_empty() || one.shape.iter().any(|&size| size < 0) {
            let message = format!(
                "declares a tensor `{}` of shape {:?}: names must differ and sizes must not be \
                 negative",
                one.name, one.shape
            );
            return Err(item.error("tensors", message));
        }
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

/// The only result, JSON.
pub fn from_json<T: serde::de::DeserializeOwned>(
    item: &Instance,
    hook: &str,
    values: Vec<Named>,
) -> Result<T, HookError> {
    match first(item, hook, values)? {
        Value::Str(text) => {
            serde_json::from_str(&text).map_err(|error| item.error(hook, error.to_string()))
        }
        other => Err(item.error(hook, format!("gave {}, not a text", other.describe()))),
    }
}

/// An argument that lends a tensor.
pub fn lend<'a>(name: &'a str, tensor: &Tensor) -> RawNamed<'a> {
    use jackpot_plugin_api::abi::RawValue;
    RawNamed { name: name.into(), value: RawValue::Tensor(tensors::lend(tensor)) }
}

/// Refuses a result of another shape or dtype than was asked for.
pub fn same_form(
    item: &Instance,
    hook: &str,
    what: &str,
    found: &Tensor,
    shape: &[i64],
    kind: Kind,
) -> Result<(), HookError> {
    let (found_shape, found_kind) = (found.size(), found.kind());
    if found_shape == shape && found_kind == kind {
        return Ok(());
    }
    let message = format!(
        "{what} has shape {found_shape:?} and dtype {found_kind:?}; it must have shape {shape:?} \
         and dtype {kind:?}"
    );
    Err(item.error(hook, message))
}

/// Refuses a result that lies on another device than what was given.
pub fn same_device(
    item: &Instance,
    hook: &str,
    what: &str,
    found: &Tensor,
    given: &Tensor,
) -> Result<(), HookError> {
    let (found, given) = (found.device(), given.device());
    if found == given {
        return Ok(());
    }
    Err(item.error(hook, format!("{what} is on {found:?}; it must be on {given:?}")))
}
