//! The function that a site's plugin computes, and the last one that it did.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tch::{Device, Kind, Tensor};

use crate::kernels::pointwise::Pointwise;
use crate::kernels::pointwise::cuda::{BACKWARD, FORWARD, Source, Storage};
use crate::model::error::ModelError;
use crate::model::run::pieces::program::{Knobs, Program};
use crate::model::run::pieces::translate::reading;
use crate::torch::OpError;
use crate::torch::capture::aside;
use crate::torch::nvrtc::{Compiler, Elementwise};

/// A program that a site and the backward passes under way have in common.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Program>>);

impl Shared {
    pub fn lock(&self) -> MutexGuard<'_, Program> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a plugin computes of each number, as operators and as kernels.
pub(super) struct Found {
    pub program: Shared,
    pub function: Arc<Fused>,
    /// The numbers that are read, in the order in which kernels want them.
    pub reads: Vec<Tensor>,
    pointwise: Pointwise,
    on: (Device, Kind),
}

/// Kernels, and which of the numbers that are read comes at each place.
pub(super) struct Fused {
    pub kernels: Elementwise,
    order: Vec<usize>,
}

impl Found {
    fn shallow_clone(&self) -> Self {
        Self {
            program: self.program.clone(),
            function: Arc::clone(&self.function),
            reads: self.reads.iter().map(Tensor::shallow_clone).collect(),
            pointwise: self.pointwise.clone(),
            on: self.on,
        }
    }
}

/// What a site found at its last call outside of a graph's capture.
#[derive(Default)]
pub struct Last(Mutex<Option<Found>>);

impl fmt::Debug for Last {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Last").field(&self.lock().as_ref().map(|found| &found.pointwise)).finish()
    }
}

impl Last {
    fn lock(&self) -> MutexGuard<'_, Option<Found>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was found before, if it fits these images and reads the site's own tensors alone, which keep
    /// their places: a graph that reads anything else would go on doing so.
    pub(super) fn for_graph(&self, x: &Tensor, own: &[(&str, &Tensor)]) -> Option<Found> {
        let last = self.lock();
        let found = last.as_ref().filter(|found| found.on == on(x))?;
        are_own(&found.reads, own).then(|| found.shallow_clone())
    }

    /// What the plugin computes now, found with the first image, and kept. `None` also where it reads a
    /// number that is not the site's own: of what is captured in a graph it must compute the same.
    ///
    /// # Errors
    ///
    /// What libtorch says.
    pub(super) fn anew(
        &self,
        compiler: &dyn Compiler,
        x: &Tensor,
        of: &dyn Fn(&Tensor) -> Option<Tensor>,
        own: &[(&str, &Tensor)],
    ) -> Result<Option<Found>, ModelError> {
        // The plugin is called without the lock.
        let first = x.f_detach()?.f_narrow(0, 0, 1)?;
        let traced = aside(|| Program::traced(&first, of, Knobs::Shared))?;
        let traced = traced.filter(|(program, y)| program.calls.len() > 1 && y.kind() == x.kind());
        let mut last = self.lock();
        let found = traced.and_then(|(program, _)| {
            let (pointwise, reads) = reading(&program, x.device())?;
            if !are_own(&reads, own) {
                return None;
            }
            let same = last.as_ref().filter(|one| one.on == on(x) && one.pointwise == pointwise);
            let function = match same {
                Some(same) => Arc::clone(&same.function),
                None => Arc::new(compiled(compiler, &pointwise, x.kind())?),
            };
            let reads = function.order.iter().map(|&read| reads[read].shallow_clone()).collect();
            let program = Shared(Arc::new(Mutex::new(program)));
            Some(Found { program, function, reads, pointwise, on: on(x) })
        });
        *last = found.as_ref().map(Found::shallow_clone);
        Ok(found)
    }
}

/// Whether all numbers that are read are a site's, which keep their places.
fn are_own(reads: &[Tensor], own: &[(&str, &Tensor)]) -> bool {
    let is_own = |read: &Tensor| own.iter().any(|(_, own)| own.data_ptr() == read.data_ptr());
    reads.iter().all(is_own)
}

fn on(x: &Tensor) -> (Device, Kind) {
    (x.device(), x.kind())
}

/// `None`, with a line in the log, where there are no kernels to be had.
fn compiled(compiler: &dyn Compiler, function: &Pointwise, kind: Kind) -> Option<Fused> {
    let Source { text, numbers, reads } = function.cuda(storage(kind)?)?;
    let kernels = Elementwise::new(compiler, &text, [FORWARD, BACKWARD], numbers);
    Some(Fused { kernels: kernels.inspect_err(told).ok()?, order: reads })
}

pub(super) fn storage(kind: Kind) -> Option<Storage> {
    match kind {
        Kind::Float => Some(Storage::F32),
        Kind::BFloat16 => Some(Storage::Bf16),
        _ => None,
    }
}

/// Says once in a process why operators compute what kernels could.
pub(super) fn told(error: &OpError) {
    static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let message = error.to_string();
    if TOLD.lock().unwrap_or_else(PoisonError::into_inner).insert(message.clone()) {
        tracing::warn!("activations on the GPU are not fused, which takes longer: {message}");
    }
}
