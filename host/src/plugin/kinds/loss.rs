//! Kind `loss`.

use jackpot_plugin_api::abi::{RawNamed, Value};
use tch::{Kind, Tensor};

use super::common::{BEFORE, Common, Form, lend, same_form, tensor};
use crate::plugin::border::context::HookContext;
use crate::plugin::error::HookError;
use crate::plugin::item::Instance;

/// What is minimised.
#[derive(Debug)]
pub struct Loss {
    instance: Instance,
}

impl Common for Loss {
    fn instance(&self) -> &Instance {
        &self.instance
    }
}

impl Loss {
    /// Wraps an item of this kind.
    pub fn new(instance: Instance) -> Self {
        Self { instance }
    }

    /// Whether it learns from a teacher.
    ///
    /// # Errors
    ///
    /// A plugin that does not say it.
    pub fn needs_teacher(&self) -> Result<bool, HookError> {
        let context = HookContext::plain(self.name(), "", BEFORE, 0);
        let values = self.instance.call("needs-teacher", &context, &[])?;
        match values.into_iter().next().map(|named| named.value) {
            Some(Value::Bool(needed)) => Ok(needed),
            _ => Err(self.instance.error("needs-teacher", "gave no truth value")),
        }
    }

    /// The loss of a batch, 0-dimensional: f32, or f64 if the outputs are.
    ///
    /// # Errors
    ///
    /// The hook's own, or a result that is not one number of that dtype.
    pub fn loss(
        &self,
        outputs: &[(&str, &Tensor)],
        targets: &[(&str, &Tensor)],
        context: &HookContext<'_>,
    ) -> Result<Tensor, HookError> {
        let loss = self.value(outputs, targets, context)?;
        let like = outputs.first().map_or(&loss, |(_, output)| *output);
        self.scalar(&loss, like)?;
        Ok(loss)
    }

    /// Refuses a loss that is not one number where that output is: f32, or f64 if the output is.
    ///
    /// # Errors
    ///
    /// Another shape, dtype or device.
    pub fn scalar(&self, loss: &Tensor, output: &Tensor) -> Result<(), HookError> {
        let kind = if output.kind() == Kind::Double { Kind::Double } else { Kind::Float };
        let wanted = Form::of(output).shape(&[]).kind(kind);
        same_form(&self.instance, "loss", "the loss", loss, &wanted)
    }

    /// What the hook gives, in whatever form: f64 of f64, for example.
    ///
    /// # Errors
    ///
    /// The hook's own.
    pub fn value(
        &self,
        outputs: &[(&str, &Tensor)],
        targets: &[(&str, &Tensor)],
        context: &HookContext<'_>,
    ) -> Result<Tensor, HookError> {
        let named = |prefix: &str, list: &[(&str, &Tensor)]| -> Vec<String> {
            list.iter().map(|(name, _)| format!("{prefix}.{name}")).collect()
        };
        let names = [named("output", outputs), named("target", targets)].concat();
        let tensors = outputs.iter().chain(targets).map(|(_, tensor)| *tensor);
        let args: Vec<RawNamed<'_>> =
            names.iter().zip(tensors).map(|(name, tensor)| lend(name, tensor)).collect();
        tensor(&self.instance, "loss", self.instance.call("loss", context, &args)?)
    }
}
