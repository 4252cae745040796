//! Which backward passes leave something for a later one.

use std::collections::{HashMap, HashSet};

use super::schedule::{Entry, Work};
use crate::model::run::plan::Plan;

/// The entry that makes a value, by the value's place.
fn makers(plan: &Plan, entries: &[Entry]) -> HashMap<usize, usize> {
    let place = |(index, entry): (usize, &Entry)| (plan.steps[entry.step].place, index);
    entries.iter().enumerate().map(place).collect()
}

/// Layers whose output a norm reads.
pub(super) fn mark_normed(plan: &Plan, entries: &mut [Entry]) {
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

/// Finds the blocks whose input only their first layer and their last norm read.
pub(super) fn mark_branches(plan: &Plan, entries: &mut [Entry], uses: &[usize]) -> usize {
    let made = makers(plan, entries);
    let mut count = 0;
    for last in 0..entries.len() {
        let Work::Norm { norm, residual: Some(branch), .. } = &entries[last].work else { continue };
        let (mut place, branch) = (norm.input, *branch);
        // Back through the block, to the layer that reads its input.
        let first = loop {
            let Some(&index) = made.get(&place) else { break None };
            match &entries[index].work {
                Work::Layer { input, .. } if *input == branch => break Some(index),
                Work::Layer { input, .. } | Work::Relu(input) => place = *input,
                Work::Norm { norm, residual: None, .. } => place = norm.input,
                _ => break None,
            }
        };
        if let (Some(first), true) = (first, uses[branch] == 2) {
            for index in [first, last] {
                match &mut entries[index].work {
                    Work::Layer { branch, .. } | Work::Norm { branch, .. } => {
                        *branch = Some(count);
                    }
                    _ => {}
                }
            }
            count += 1;
        }
    }
    count
}

/// Finds the norms that alone read the output of a layer without bias.
pub(super) fn mark_deferrals(plan: &Plan, entries: &mut [Entry], uses: &[usize]) -> usize {
    let made = makers(plan, entries);
    let mut count = 0;
    for norm in 0..entries.len() {
        let Work::Norm { norm: at, .. } = &entries[norm].work else { continue };
        let Some(&layer) = made.get(&at.input).filter(|_| uses[at.input] == 1) else { continue };
        if !matches!(entries[layer].work, Work::Layer { bias: None, .. }) {
            continue;
        }
        for index in [layer, norm] {
            match &mut entries[index].work {
                Work::Layer { deferral, .. } | Work::Norm { deferral, .. } => {
                    *deferral = Some(count);
                }
                _ => {}
            }
        }
        count += 1;
    }
    count
}
