//! Batch norms that wait for what follows them, to be computed with it in one go.

use std::collections::HashMap;

use super::after::Then;
use super::plan::Step;
use super::read::{NormAt, Touched};

/// A batch norm and what follows it.
#[derive(Debug)]
pub(super) struct Join {
    pub norm: NormAt,
    /// The value that is added.
    pub residual: Option<usize>,
    pub then: Then,
    /// Whether a convolution of each channel by itself comes last, which alone reads what the norm and
    /// what follows it give.
    pub conv: bool,
    /// The steps that it stands for; the last one's result is its own.
    pub steps: Vec<usize>,
}

/// Those that wait, each for the only reader of its value.
pub(super) struct Waiting {
    /// How often each value is read.
    uses: Vec<usize>,
    /// By the place of the value that they give.
    norms: HashMap<usize, Join>,
}

impl Join {
    /// Of a norm alone, as yet.
    pub fn new(norm: NormAt, step: usize) -> Self {
        Self { norm, residual: None, then: Then::Nothing, conv: false, steps: vec![step] }
    }
}

impl Waiting {
    pub fn new(uses: Vec<usize>) -> Self {
        Self { uses, norms: HashMap::new() }
    }

    /// Whether a value has one reader, and is no output.
    pub fn is_read_once(&self, place: usize) -> bool {
        self.uses[place] == 1
    }

    /// Those that have to be done before a step, since it sees what they move or changes what they
    /// read; in their order.
    pub fn before(&mut self, step: &Step) -> Vec<Join> {
        let touched = Touched::by(step);
        let found = self.norms.iter().filter(|(_, join)| touched.concerns(&join.norm));
        let mut places: Vec<usize> = found.map(|(place, _)| *place).collect();
        places.sort_unstable();
        self.take(&places)
    }

    /// Those that give one of these values.
    pub fn take(&mut self, places: &[usize]) -> Vec<Join> {
        places.iter().filter_map(|place| self.norms.remove(place)).collect()
    }

    /// Lets one wait that gives the value of that place; gives it back where not just one reads that.
    pub fn hold(&mut self, join: Join, place: usize) -> Option<Join> {
        match self.is_read_once(place) {
            true => self.norms.insert(place, join),
            false => Some(join),
        }
    }

    /// The one that gives an activation's input, with that.
    pub fn with_activation(&mut self, input: usize, then: Then, step: usize) -> Option<Join> {
        let mut join = self.norms.remove(&input)?;
        join.then = then;
        join.steps.push(step);
        Some(join)
    }

    /// One that gives a term of a sum, with the other term as its branch.
    pub fn with_branch(&mut self, [a, b]: [usize; 2], step: usize) -> Option<Join> {
        let takes = |place: &usize| self.norms.get(place).is_some_and(|it| it.residual.is_none());
        let (own, branch) = [(a, b), (b, a)].into_iter().find(|(own, _)| takes(own))?;
        if own == branch {
            return None;
        }
        let mut join = self.norms.remove(&own)?;
        join.residual = Some(branch);
        join.steps.push(step);
        Some(join)
    }
}
