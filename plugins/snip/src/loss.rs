//! The cross-entropy of some training images as a function of the prunable weights.

use jackpot_plugin_api::prelude::*;

/// How the loss is computed, and on how many images.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub samples_per_class: i64,
    /// Images in one forward pass.
    pub batch_size: i64,
    /// Batch normalisation takes the batch's own statistics, not the running ones.
    pub batch_statistics: bool,
    pub double: bool,
    /// What the logits are divided by.
    pub temperature: f64,
}

/// The images, in parts of at most `batch_size`, and the weights that a gradient is taken by.
pub struct Problem<'a> {
    model: &'a Model<'a>,
    settings: Settings,
    images: i64,
    pub names: Vec<String>,
    /// Leaves of autograd's graph: the parameters that the draw prunes.
    pub weights: Vec<Tensor>,
}

impl<'a> Problem<'a> {
    /// # Errors
    ///
    /// What the host says.
    pub fn new(model: &'a Model<'a>, settings: Settings) -> Result<Self, Error> {
        let classes = model.batch(0, 1)?.targets.size(-1);
        let own = model.parameters()?;
        let prunable = model.infos()?.into_iter().filter(|info| info.prunable);
        let names: Vec<String> = prunable.map(|info| info.name).collect();
        let leaf = |name: &String| {
            own.expect(name).to_dtype(settings.dtype()).detach().requires_grad_(true)
        };
        let weights = names.iter().map(leaf).collect();
        let images = settings.samples_per_class * classes;
        Ok(Self { model, settings, images, names, weights })
    }

    /// How many parts there are.
    pub fn parts(&self) -> i64 {
        (self.images - 1) / self.settings.batch_size + 1
    }

    /// The share of one part in the mean cross-entropy of all images; the shares add up to it.
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn loss(&self, part: i64) -> Result<Tensor, Error> {
        let Settings { batch_size, batch_statistics, temperature, .. } = self.settings;
        let batch = self.model.batch(part, batch_size)?;
        let count = batch_size.min(self.images - part * batch_size);
        let first = |tensor: &Tensor| tensor.narrow(0, 0, count);
        let mode = if batch_statistics { Mode::BatchStats } else { Mode::Eval };
        let options = ForwardOptions { mode, dtype: Some(self.settings.dtype()) };
        let named = self.names.iter().cloned().zip(self.weights.iter().cloned()).collect();
        let inputs = first(&batch.inputs);
        let outputs = self.model.forward(&named, &NamedTensors::new(), &inputs, options)?;
        let likelihood = (outputs.expect("logits") / temperature).log_softmax(-1);
        let targets = first(&batch.targets).to_dtype(self.settings.dtype());
        Ok(-(targets * likelihood).sum() / self.images as f64)
    }

    /// The gradient of a number by each weight; with `create_graph` it can be differentiated again.
    pub fn gradients(&self, of: &Tensor, create_graph: bool) -> Vec<Tensor> {
        let options = GradOptions { create_graph, allow_unused: true, retain_graph: false };
        let found = grad(std::slice::from_ref(of), &self.weights, options);
        let or_zero = |(gradient, weight): (Option<Tensor>, &Tensor)| {
            gradient.unwrap_or_else(|| weight.zeros_like())
        };
        found.into_iter().zip(&self.weights).map(or_zero).collect()
    }
}

impl Settings {
    fn dtype(&self) -> Dtype {
        if self.double { Dtype::F64 } else { Dtype::F32 }
    }
}

/// Adds tensor by tensor.
pub fn add(sums: &mut [Tensor], terms: &[Tensor]) {
    for (sum, term) in sums.iter_mut().zip(terms) {
        *sum = &*sum + term;
    }
}
