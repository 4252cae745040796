//! Which nodes of a plan are computed in one go: a batch norm with the residual branch and the ReLU
//! that follow it.

use std::collections::HashMap;

use super::plan::{Source, Step};
use super::read::{Known, NormAt, Touched, known, last_uses, reads, uses};

/// What is done at a time.
#[derive(Debug)]
pub(super) struct Turn {
    pub work: Work,
    /// Values that nobody reads afterwards.
    pub last_use: Vec<usize>,
}

#[derive(Debug)]
pub(super) enum Work {
    Step(usize),
    Join(Join),
}

/// A batch norm and what follows it.
#[derive(Debug)]
pub(super) struct Join {
    pub norm: NormAt,
    /// The value that is added.
    pub residual: Option<usize>,
    /// The steps that it stands for; the last one's result is its own.
    pub steps: Vec<usize>,
}

impl Turn {
    /// The steps that it does.
    fn steps(&self) -> &[usize] {
        match &self.work {
            Work::Step(step) => std::slice::from_ref(step),
            Work::Join(join) => &join.steps,
        }
    }
}

/// All steps in an order in which they can be done.
pub(super) fn turns(steps: &[Step], outputs: &[(String, Source)], places: usize) -> Vec<Turn> {
    let uses = uses(steps, outputs, places);
    let mut maker = Maker { steps, uses, pending: HashMap::new(), turns: Vec::new() };
    for step in 0..steps.len() {
        maker.step(step);
    }
    let mut turns = maker.turns;
    let read = turns.iter().map(|turn| turn.steps().iter().flat_map(|&at| reads(&steps[at])));
    let last_uses = last_uses(read.map(Iterator::collect), outputs, places);
    for (turn, last_use) in turns.iter_mut().zip(last_uses) {
        turn.last_use = last_use;
    }
    turns
}

struct Maker<'a> {
    steps: &'a [Step],
    uses: Vec<usize>,
    /// Batch norms that wait for what follows them, by the place of the value that they give.
    pending: HashMap<usize, Join>,
    turns: Vec<Turn>,
}

impl Maker<'_> {
    fn step(&mut self, step: usize) {
        let touched = Touched::by(&self.steps[step]);
        let early = self.pending.iter().filter(|(_, join)| touched.concerns(&join.norm));
        let mut early: Vec<usize> = early.map(|(place, _)| *place).collect();
        early.sort_unstable();
        self.flush(&early);
        // Convolutions, for which shapes are needed, are of no interest here.
        let found = known(&self.steps[step], &|_| None);
        match found {
            Some(Known::Norm(norm)) => {
                self.flush(&[norm.input]);
                self.wait(Join { norm, residual: None, steps: vec![step] });
            }
            Some(Known::Relu(input)) if self.pending.contains_key(&input) => {
                if let Some(mut join) = self.pending.remove(&input) {
                    join.norm.spec.relu = true;
                    join.steps.push(step);
                    self.emit(join);
                }
            }
            Some(Known::Add(a, b)) if a != b && (self.takes(a) || self.takes(b)) => {
                let (own, branch) = if self.takes(a) { (a, b) } else { (b, a) };
                self.flush(&[branch]);
                if let Some(mut join) = self.pending.remove(&own) {
                    join.residual = Some(branch);
                    join.steps.push(step);
                    self.wait(join);
                }
            }
            _ => {
                self.flush(&reads(&self.steps[step]));
                self.push(Work::Step(step));
            }
        }
    }

    /// Whether a norm waits there that something can be added to.
    fn takes(&self, place: usize) -> bool {
        self.pending.get(&place).is_some_and(|join| join.residual.is_none())
    }

    /// Lets it wait where its only reader may take it up.
    fn wait(&mut self, join: Join) {
        let place = join.steps.last().map(|&step| self.steps[step].place);
        match place.filter(|&place| self.uses[place] == 1) {
            Some(place) => drop(self.pending.insert(place, join)),
            None => self.emit(join),
        }
    }

    /// Those of these values that wait are made now.
    fn flush(&mut self, places: &[usize]) {
        for place in places {
            if let Some(join) = self.pending.remove(place) {
                self.emit(join);
            }
        }
    }

    fn emit(&mut self, join: Join) {
        self.push(Work::Join(join));
    }

    fn push(&mut self, work: Work) {
        self.turns.push(Turn { work, last_use: Vec::new() });
    }
}

#[cfg(test)]
mod tests;
