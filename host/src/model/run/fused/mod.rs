//! Dense networks on the CPU: a batch norm with the addition and the ReLU behind it as one call,
//! which goes over the memory once where operators go over it three times, and keeps less for the
//! backward pass.
//!
//! The mathematics is that of the operators; sums are more exact (f64 beyond short rows) and do not
//! depend on the number of threads. A norm for which there is no kernel is computed by its
//! operators, as without any of this: images whose pixels do not fill whole registers, other floats
//! than f32.

mod norm;
mod run;
mod schedule;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::OnceLock;

use tch::Tensor;

use self::norm::Shared;
use self::schedule::Schedule;
use super::forward::{ForwardContext, Run};
use super::plan::Plan;
use super::sparse::Facts;
use crate::kernels::{KernelError, Threads};
use crate::model::error::ModelError;
use crate::torch::settings;

/// What is joined in a network's graph.
pub struct Fused {
    schedule: Schedule,
    /// Of the plan without a skip's edits.
    base: Option<Schedule>,
    /// Made at the first forward pass.
    threads: OnceLock<Shared>,
}

impl fmt::Debug for Fused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.schedule.fmt(f)
    }
}

impl Fused {
    /// For a network with these plans; `base` is that without a skip's edits.
    pub fn new(whole: &Facts<'_>, base: Option<&Facts<'_>>) -> Self {
        let schedule = |facts: &Facts<'_>| Schedule::new(facts.plan, &|at| facts.shape_of(at));
        Self { schedule: schedule(whole), base: base.map(schedule), threads: OnceLock::new() }
    }

    /// The outputs of the plan; with `is_base`, of the one without a skip's edits.
    ///
    /// # Errors
    ///
    /// An operator, kernel or plugin that fails, with the node's name.
    #[allow(clippy::too_many_arguments)]
    pub fn run(
        &self,
        plan: &Plan,
        is_base: bool,
        inputs: &[&Tensor],
        parameters: &[&Tensor],
        buffers: &[&Tensor],
        knobs: &[&Tensor],
        context: &ForwardContext<'_>,
    ) -> Result<Vec<(String, Tensor)>, ModelError> {
        let schedule = match &self.base {
            Some(base) if is_base => base,
            _ => &self.schedule,
        };
        let plain = Run::new(plan, inputs, parameters, buffers, knobs, context.mode)?;
        run::run(plan, schedule, self.threads()?, plain, context)
    }

    fn threads(&self) -> Result<&Shared, ModelError> {
        if let Some(threads) = self.threads.get() {
            return Ok(threads);
        }
        let count = settings::threads()?;
        let threads = Threads::new(count).map_err(|error| KernelError::Shape {
            what: format!("with {count} threads, which the system does not give: {error}"),
        })?;
        Ok(self.threads.get_or_init(|| Shared::new(threads)))
    }
}
