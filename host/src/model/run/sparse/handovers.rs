//! Which backward passes leave something for a later one.

use std::collections::{HashMap, HashSet};

use super::schedule::{Entry, Work};
use crate::model::run::plan::Plan;

/// Which slots a layer or a norm shares with another one.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Numbers {
    /// Of a layer: where its input's other gradient waits; of a norm: where its branch's is left.
    pub branch: Option<usize>,
    /// Of a layer: where it waits how to make its output's gradient; of a norm: where it is left how
    /// to make its input's.
    pub deferral: Option<usize>,
}

/// How many slots there are.
#[derive(Debug)]
pub(super) struct Counts {
    pub branches: usize,
    pub deferrals: usize,
}

/// Numbers the slots.
pub(super) fn mark(plan: &Plan, entries: &mut [Entry], uses: &[usize]) -> Counts {
    mark_normed(plan, entries);
    let made = makers(plan, entries);
    let branches = pairs_around_blocks(&made, entries, uses);
    let deferrals = pairs_of_layer_and_norm(&made, entries, uses);
    let mut number = |pairs: &[[usize; 2]], set: fn(&mut Numbers, usize)| {
        for (number, pair) in pairs.iter().enumerate() {
            for &index in pair {
                if let Work::Layer { slots, .. } | Work::Norm { slots, .. } =
                    &mut entries[index].work
                {
                    set(slots, number);
                }
            }
        }
        pairs.len()
    };
    Counts {
        branches: number(&branches, |slots, number| slots.branch = Some(number)),
        deferrals: number(&deferrals, |slots, number| slots.deferral = Some(number)),
    }
}

/// The entry that makes a value, by the value's place.
fn makers(plan: &Plan, entries: &[Entry]) -> HashMap<usize, usize> {
    let place = |(index, entry): (usize, &Entry)| (plan.steps[entry.step].place, index);
    entries.iter().enumerate().map(place).collect()
}

/// Layers whose output a norm reads.
fn mark_normed(plan: &Plan, entries: &mut [Entry]) {
    let norm_of = |entry: &Entry| match &entry.work {
        Work::Norm { norm, .. } => Some(norm.input),
        _ => None,
    };
    let read: HashSet<usize> = entries.iter().filter_map(norm_of).collect();
    for entry in entries {
        if let Work::Layer { normed, .. } = &mut entry.work {
            *normed = read.contains(&plan.steps[entry.step].place);
        }
    }
}

/// First layer and last norm of the blocks whose input nobody else reads.
fn pairs_around_blocks(
    made: &HashMap<usize, usize>,
    entries: &[Entry],
    uses: &[usize],
) -> Vec<[usize; 2]> {
    let first_of = |last: usize| {
        let Work::Norm { norm, residual: Some(branch), .. } = &entries[last].work else {
            return None;
        };
        // Back through the block, to the layer that reads its input.
        let mut place = norm.input;
        let first = loop {
            let &index = made.get(&place)?;
            match &entries[index].work {
                Work::Layer { input, .. } if input == branch => break index,
                Work::Layer { input, .. } | Work::Relu(input) => place = *input,
                Work::Norm { norm, residual: None, .. } => place = norm.input,
                _ => return None,
            }
        };
        (uses[*branch] == 2).then_some([first, last])
    };
    (0..entries.len()).filter_map(first_of).collect()
}

/// Layers without bias, and the norms that alone read their output.
fn pairs_of_layer_and_norm(
    made: &HashMap<usize, usize>,
    entries: &[Entry],
    uses: &[usize],
) -> Vec<[usize; 2]> {
    let layer_of = |norm: usize| {
        let Work::Norm { norm: at, .. } = &entries[norm].work else { return None };
        let &layer = made.get(&at.input).filter(|_| uses[at.input] == 1)?;
        matches!(entries[layer].work, Work::Layer { bias: None, .. }).then_some([layer, norm])
    };
    (0..entries.len()).filter_map(layer_of).collect()
}
