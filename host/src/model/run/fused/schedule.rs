//! Which steps of a plan are joined into one call, and when each value can go.

use std::collections::HashMap;

use crate::model::run::plan::{Call, Plan, Source, Step};
use crate::model::run::sparse::norm::NormSpec;
use crate::model::run::sparse::read::{Known, NormAt, ShapeOf, known, reads, uses};

/// One call.
#[derive(Debug)]
pub(super) enum Work {
    /// The step as it is.
    Plain,
    /// A batch norm with the residual branch and ReLU that follow it.
    Norm { norm: NormAt, residual: Option<usize> },
}

#[derive(Debug)]
pub(super) struct Entry {
    pub work: Work,
    /// The step whose result it makes.
    pub step: usize,
    /// Values that nobody reads afterwards.
    pub last_use: Vec<usize>,
}

/// All calls in order.
#[derive(Debug)]
pub(super) struct Schedule {
    pub entries: Vec<Entry>,
}

impl Schedule {
    pub fn new(plan: &Plan, shape_of: &ShapeOf<'_>) -> Self {
        let mut maker = Maker {
            plan,
            shape_of,
            uses: uses(plan),
            pending: HashMap::new(),
            entries: Vec::new(),
        };
        // What is written in place must be done in the plan's own order.
        let joins = !plan.steps.iter().any(writes_in_place);
        for step in 0..plan.steps.len() {
            match joins {
                true => maker.step(step),
                false => maker.push(Work::Plain, step),
            }
        }
        let mut entries = maker.entries;
        mark_last_uses(plan, &mut entries);
        Self { entries }
    }
}

/// As its operator's name says.
fn writes_in_place(step: &Step) -> bool {
    let Call::Op { op, .. } = &step.call else { return false };
    let (name, overload) = op.name().split_once('.').unwrap_or((op.name(), ""));
    (name.ends_with('_') && !name.ends_with("__")) || overload.ends_with("out")
}

/// A batch norm that waits for what follows it.
struct Pending {
    norm: NormAt,
    residual: Option<usize>,
    step: usize,
}

struct Maker<'a> {
    plan: &'a Plan,
    shape_of: &'a ShapeOf<'a>,
    uses: Vec<usize>,
    /// By the place of the value that it will be.
    pending: HashMap<usize, Pending>,
    entries: Vec<Entry>,
}

impl Maker<'_> {
    fn step(&mut self, step: usize) {
        let place = self.plan.steps[step].place;
        match known(&self.plan.steps[step], self.shape_of) {
            Some(Known::Norm(norm)) if self.is_images(norm.input) => {
                self.flush(&[norm.input]);
                self.wait(Pending { norm, residual: None, step }, place);
            }
            Some(Known::Relu(input)) if self.pending.contains_key(&input) => {
                if let Some(mut pending) = self.pending.remove(&input) {
                    pending.norm.spec = NormSpec { relu: true, ..pending.norm.spec };
                    pending.step = step;
                    self.emit(pending);
                }
            }
            Some(Known::Add(a, b)) if self.own_of(a, b).is_some() => {
                let (own, branch) = self.own_of(a, b).unwrap_or((a, b));
                self.flush(&[branch]);
                if let Some(pending) = self.pending.remove(&own) {
                    self.wait(Pending { residual: Some(branch), step, ..pending }, place);
                }
            }
            _ => {
                self.flush(&reads(&self.plan.steps[step]));
                self.push(Work::Plain, step);
            }
        }
    }

    /// Whether a value is `[C, H, W]` for each image.
    fn is_images(&self, place: usize) -> bool {
        (self.shape_of)(place).is_some_and(|shape| shape.len() == 3)
    }

    /// Of two values that are added: the norm that takes the other one up, and that one.
    fn own_of(&self, a: usize, b: usize) -> Option<(usize, usize)> {
        if a == b || (self.shape_of)(a) != (self.shape_of)(b) {
            return None;
        }
        let joins = |place: &usize| {
            self.pending.get(place).is_some_and(|pending| pending.residual.is_none())
        };
        [(a, b), (b, a)].into_iter().find(|(own, _)| joins(own))
    }

    /// Lets a norm wait where its only reader may take it up.
    fn wait(&mut self, pending: Pending, place: usize) {
        match self.uses[place] {
            1 => drop(self.pending.insert(place, pending)),
            _ => self.emit(pending),
        }
    }

    /// Those of these values that wait are made now.
    fn flush(&mut self, places: &[usize]) {
        for place in places {
            if let Some(pending) = self.pending.remove(place) {
                self.emit(pending);
            }
        }
    }

    fn emit(&mut self, Pending { norm, residual, step }: Pending) {
        self.push(Work::Norm { norm, residual }, step);
    }

    fn push(&mut self, work: Work, step: usize) {
        self.entries.push(Entry { work, step, last_use: Vec::new() });
    }
}

fn mark_last_uses(plan: &Plan, entries: &mut [Entry]) {
    let mut last = vec![None; plan.places];
    for (index, entry) in entries.iter().enumerate() {
        let read = match &entry.work {
            Work::Plain => reads(&plan.steps[entry.step]),
            Work::Norm { norm, residual } => {
                [Some(norm.input), *residual].into_iter().flatten().collect()
            }
        };
        read.into_iter().for_each(|place| last[place] = Some(index));
    }
    for (_, source) in &plan.outputs {
        if let Source::Value(place, _) = source {
            last[*place] = None;
        }
    }
    for (place, index) in last.into_iter().enumerate() {
        if let Some(index) = index {
            entries[index].last_use.push(place);
        }
    }
}
