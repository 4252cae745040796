//! Which nodes of a plan are computed in one go: a batch norm with the residual branch and the
//! activation that follow it, and with a convolution of each channel by itself behind these.

use super::after::Then;
use super::plan::{Source, Step};
use super::read::{Known, known, last_uses, reads, uses};
use super::waiting::{Join, Waiting};

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
    let waiting = Waiting::new(uses(steps, outputs, places));
    let mut maker = Maker { steps, waiting, turns: Vec::new() };
    for step in 0..steps.len() {
        if !maker.is_taken(step) {
            maker.step(step);
        }
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
    waiting: Waiting,
    turns: Vec<Turn>,
}

impl Maker<'_> {
    fn step(&mut self, number: usize) {
        let step = &self.steps[number];
        let early = self.waiting.before(step);
        self.emit(early);
        // Convolutions, for which shapes are needed, are of no interest here.
        match known(step, &|_| None) {
            Some(Known::Norm(norm)) => {
                self.flush(&[norm.input]);
                return self.wait(Join::new(norm, number), step.place);
            }
            Some(Known::Relu(input)) => {
                if let Some(join) = self.waiting.with_activation(input, Then::Relu, number) {
                    return self.finish(join, number);
                }
            }
            Some(Known::Site(site, input)) => {
                if let Some(join) = self.waiting.with_activation(input, Then::Site(site), number) {
                    return self.finish(join, number);
                }
            }
            Some(Known::Add(a, b)) => {
                if let Some(join) = self.waiting.with_branch([a, b], number) {
                    self.flush(join.residual.as_slice());
                    return self.wait(join, step.place);
                }
            }
            _ => {}
        }
        self.flush(&reads(step));
        self.push(Work::Step(number));
    }

    /// Whether the turn before has this step as its convolution.
    fn is_taken(&self, number: usize) -> bool {
        let last = self.turns.last().map(Turn::steps).and_then(<[usize]>::last);
        last == Some(&number)
    }

    /// One whose activation is the step of that number, with the convolution that comes next, if that
    /// is of each channel by itself and alone reads it.
    fn finish(&mut self, mut join: Join, number: usize) {
        let place = self.steps[number].place;
        // Its shape is known when it runs.
        let conv = self.steps.get(number + 1).and_then(|step| known(step, &|_| Some(vec![1; 3])));
        let is_next = matches!(conv, Some(Known::Conv(conv))
            if conv.input == place && conv.shape.groups > 1 && conv.bias.is_none());
        if is_next && join.residual.is_none() && self.waiting.is_read_once(place) {
            join.conv = true;
            join.steps.push(number + 1);
        }
        self.emit([join]);
    }

    fn wait(&mut self, join: Join, place: usize) {
        let back = self.waiting.hold(join, place);
        self.emit(back);
    }

    /// Those of these values that wait are made now.
    fn flush(&mut self, places: &[usize]) {
        let taken = self.waiting.take(places);
        self.emit(taken);
    }

    fn emit(&mut self, joins: impl IntoIterator<Item = Join>) {
        joins.into_iter().for_each(|join| self.push(Work::Join(join)));
    }

    fn push(&mut self, work: Work) {
        self.turns.push(Turn { work, last_use: Vec::new() });
    }
}

#[cfg(test)]
mod tests;
