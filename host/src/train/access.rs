//! The network as `init`, `score` and `update` plugins see it.

use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::model::{Mode, ParameterInfo};
use tch::{Device, Kind, Tensor};

use super::spec::Feed;
use crate::model::{Network, Owner, Substitutes};
use crate::plugin::{HookContext, ModelAccess};
use crate::prune::Masks;
use crate::prune::masks::keep;
use crate::random::Stream;

/// A network, its masks and the training images.
pub struct Access<'a> {
    network: &'a Network,
    masks: &'a Masks,
    feed: &'a Feed,
    /// The names of the parameters that the draw prunes.
    scope: &'a [String],
    /// A fixed random order of the training images.
    order: Vec<i64>,
    /// Of the step under way; outside of one there are none, and weights may be set.
    gradients: Option<Vec<(String, Tensor)>>,
}

impl<'a> Access<'a> {
    pub fn new(
        network: &'a Network,
        masks: &'a Masks,
        feed: &'a Feed,
        scope: &'a [String],
        seed: u64,
    ) -> Self {
        let count = u32::try_from(feed.train.len()).unwrap_or(u32::MAX);
        let order = Stream::new(seed, "model batches", 0, 0).permutation(count);
        let order = order.into_iter().map(i64::from).collect();
        Self { network, masks, feed, scope, order, gradients: None }
    }

    /// In the middle of a training's step, with its dense gradients by parameter name.
    pub fn of_step(self, gradients: Vec<(String, Tensor)>) -> Self {
        Self { gradients: Some(gradients), ..self }
    }

    /// The context of a hook that may use the model.
    pub fn context<'b>(
        &'b self,
        item: &'b str,
        purpose: &'b str,
        progress: Progress,
        seed: u64,
        device: Device,
    ) -> HookContext<'b> {
        HookContext {
            device,
            model: Some(self),
            ..HookContext::plain(item, purpose, progress, seed)
        }
    }
}

fn words(error: &dyn std::fmt::Display) -> String {
    error.to_string()
}

impl ModelAccess for Access<'_> {
    fn infos(&self) -> Vec<ParameterInfo> {
        let info = |p: &crate::model::Parameter| ParameterInfo {
            name: p.name.clone(),
            shape: p.tensor.size(),
            role: p.role,
            prunable: self.scope.contains(&p.name),
            decay: p.decay,
            added: p.owner != Owner::Graph,
        };
        self.network.parameters().iter().map(info).collect()
    }

    fn parameters(&self) -> Vec<(String, Tensor)> {
        let copy = |t: &Tensor| tch::no_grad(|| t.detach().copy());
        self.network.parameters().iter().map(|p| (p.name.clone(), copy(&p.tensor))).collect()
    }

    fn masks(&self) -> Vec<(String, Tensor)> {
        self.masks.iter().map(|(name, mask)| (name.to_owned(), mask.copy())).collect()
    }

    fn buffers(&self) -> Vec<(String, Tensor)> {
        self.network.buffers().iter().map(|b| (b.name.clone(), b.tensor.copy())).collect()
    }

    fn gradients(&self) -> Result<Vec<(String, Tensor)>, String> {
        let missing = "only an `update` hook has gradients: here no step is under way";
        let gradients = self.gradients.as_ref().ok_or(missing)?;
        Ok(gradients.iter().map(|(name, gradient)| (name.clone(), gradient.copy())).collect())
    }

    fn set(&self, name: &str, value: &Tensor) -> Result<(), String> {
        if self.gradients.is_some() {
            return Err("an `update` hook gives masks; it cannot set weights".to_owned());
        }
        let parameter = self.network.parameter(name);
        let parameter =
            parameter.ok_or_else(|| format!("the network has no parameter `{name}`"))?;
        if value.size() != parameter.tensor.size() {
            let (own, given) = (parameter.tensor.size(), value.size());
            return Err(format!("`{name}` has shape {own:?}, the new value {given:?}"));
        }
        if !super::step::all_finite(value) {
            return Err(format!("the new value of `{name}` is not finite"));
        }
        tch::no_grad(|| {
            let mut value = value.detach().f_to_kind(parameter.tensor.kind())?;
            if let Some(mask) = self.masks.get(name) {
                value = keep(mask, &value)?;
            }
            parameter.tensor.detach().f_copy_(&value)
        })
        .map_err(|error| words(&error))
    }

    fn batch(&self, index: i64, size: i64) -> Result<(Tensor, Tensor), String> {
        if index < 0 || size < 1 {
            return Err(format!("there is no batch {index} of {size} images"));
        }
        let count = self.order.len() as i64;
        let place =
            |i: i64| self.order[((index.wrapping_mul(size) + i).rem_euclid(count)) as usize];
        let indices: Vec<i64> = (0..size).map(place).collect();
        tch::no_grad(|| {
            let batch = self.feed.train.fetch(&indices)?;
            Ok((self.feed.normaliser.apply(&batch.images)?, batch.targets))
        })
        .map_err(|error: tch::TchError| words(&error))
    }

    fn forward(
        &self,
        parameters: &[(&str, &Tensor)],
        buffers: &[(&str, &Tensor)],
        input: &Tensor,
        mode: Mode,
        dtype: Option<Kind>,
    ) -> Result<Vec<(String, Tensor)>, String> {
        let Some(kind) = dtype else {
            // Own statistics are lent as copies: a hook that only looks must not change them.
            let own = self.network.buffers().iter();
            let own: Vec<_> = own
                .filter(|b| !buffers.iter().any(|(name, _)| *name == b.name))
                .map(|b| (b.name.as_str(), b.tensor.copy()))
                .collect();
            let mut all = buffers.to_vec();
            all.extend(own.iter().map(|(name, tensor)| (*name, tensor)));
            let substitutes = Substitutes { parameters, buffers: &all };
            return self.network.forward_with(input, mode, substitutes).map_err(|e| words(&e));
        };
        let converted = |tensor: &Tensor| {
            if tensor.is_floating_point() {
                tensor.f_to_kind(kind)
            } else {
                Ok(tensor.shallow_clone())
            }
        };
        let pick = |name: &str, own: &Tensor, given: &[(&str, &Tensor)]| {
            let given = given.iter().find(|(other, _)| *other == name);
            converted(given.map_or(own, |(_, tensor)| tensor)).map_err(|e| words(&e))
        };
        let own = self.network;
        let all_parameters = own
            .parameters()
            .iter()
            .map(|p| Ok((p.name.as_str(), pick(&p.name, &p.tensor, parameters)?)))
            .collect::<Result<Vec<_>, String>>()?;
        // Own statistics are copies here, too, if they have the dtype already.
        let all_buffers = own
            .buffers()
            .iter()
            .map(|b| Ok((b.name.as_str(), pick(&b.name, &b.tensor.copy(), buffers)?)))
            .collect::<Result<Vec<_>, String>>()?;
        let parameters: Vec<_> = all_parameters.iter().map(|(n, t)| (*n, t)).collect();
        let buffers: Vec<_> = all_buffers.iter().map(|(n, t)| (*n, t)).collect();
        let substitutes = Substitutes { parameters: &parameters, buffers: &buffers };
        let input = converted(input).map_err(|e| words(&e))?;
        own.forward_with(&input, mode, substitutes).map_err(|e| words(&e))
    }
}
