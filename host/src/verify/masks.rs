//! Masks: what they prune is +0.0, and each fits the one that it was made from.

use tch::Kind;

use super::finding::{Check, Finding};
use super::job::Job;
use super::look::Look;
use super::stored::{Bits, Stored};
use crate::config::{Levels, MaskControl, PruningSchedule};
use crate::engine::stored::{LAST, MASK, START_MASK};
use crate::experiment::{JobKey, Work};
use crate::model::state::to_safetensors;
use crate::prune::Masks;
use crate::prune::shuffle::shuffled;
use crate::torch::bytes::from_bytes;

/// Each tensor of a mask file is bool and holds nothing but 0 and 1.
pub fn are_masks(job: &Job<'_>, name: &str, findings: &mut Vec<Finding>) {
    let Some(masks) = job.files.tensors.get(name) else { return };
    for (tensor, bits) in masks.iter().filter(|(_, bits)| !bits.is_mask()) {
        let message = match bits.dtype {
            safetensors::Dtype::BOOL => "holds other bytes than 0 and 1".to_owned(),
            other => format!("is {other:?}; a mask is bool"),
        };
        findings.push(job.wrong(Check::Mask, name, message).in_tensor(tensor));
    }
}

/// Under its own mask, every pruned weight of a stored state is +0.0, to the bit.
pub fn pruned_are_zero(job: &Job<'_>, mask: &str, weights: &str, findings: &mut Vec<Finding>) {
    let tensors = &job.files.tensors;
    let (Some(masks), Some(state)) = (tensors.get(mask), tensors.get(weights)) else { return };
    for (tensor, bits) in masks.iter() {
        let message = match state.get(tensor) {
            None => Some(format!("is not there, but {mask} has a mask of it")),
            Some(weight) if weight.shape != bits.shape => {
                let (here, there) = (weight.shape, bits.shape);
                Some(format!("has the shape {here:?}; its mask in {mask} has {there:?}"))
            }
            Some(weight) => not_zero(bits, weight),
        };
        let found = message.map(|message| job.wrong(Check::Pruned, weights, message));
        findings.extend(found.map(|found| found.in_tensor(tensor)));
    }
}

/// What of the pruned weights is not +0.0.
fn not_zero(mask: Bits<'_>, weight: Bits<'_>) -> Option<String> {
    let both = mask.data.iter().zip(weight.elements()).enumerate();
    let mut wrong = both
        .filter(|(_, (kept, bytes))| **kept == 0 && bytes.iter().any(|byte| *byte != 0))
        .map(|(index, _)| index);
    let first = wrong.next()?;
    let (value, more) = (weight.shown(first), wrong.count());
    let more = if more > 0 { format!(", and {more} more are not") } else { String::new() };
    Some(format!("the pruned weight {first} is {value}, not +0.0{more}"))
}

/// The ticket's mask fits where it comes from: of a draw's level, the level that was pruned; of a
/// spend, the ticket as its mask control leaves it.
pub fn fit(look: &Look<'_>, job: &Job<'_>, findings: &mut Vec<Finding>) {
    let Some(work) = look.work(job.key()) else { return };
    let name = job.ticket();
    let Some(own) = job.files.tensors.get(name) else { return };
    let problems = match (work.spend.is_some(), work.level) {
        (true, _) => spent(look, &work, own),
        (false, 0) => not_dense(own),
        (false, _) => nested(look, &work, own),
    };
    for (tensor, message) in problems {
        findings.push(job.wrong(Check::Mask, name, message).in_tensor(&tensor));
    }
}

type Problems = Vec<(String, String)>;

fn not_dense(own: &Stored) -> Problems {
    let pruned = own.iter().filter(|(_, mask)| mask.kept() != mask.data.len() as u64);
    pruned.map(|(name, _)| (name.to_owned(), "prunes weights at level 0".to_owned())).collect()
}

/// Iterative pruning never takes a weight back; and what magnitude keeps is not smaller than what
/// it prunes.
fn nested(look: &Look<'_>, work: &Work<'_>, own: &Stored) -> Problems {
    let iterative = work.draw.schedule == PruningSchedule::Iterative;
    if !iterative || matches!(work.draw.levels, Levels::Masks(_)) {
        return Problems::new();
    }
    let parent = work.parent();
    let Some(before) = look.stored(&parent, MASK) else { return Problems::new() };
    let mut problems = Problems::new();
    for (name, mask) in own.iter() {
        let Some(outer) = before.get(name) else {
            problems.push((name.to_owned(), format!("has no mask at {parent}")));
            continue;
        };
        let back = mask.data.iter().zip(outer.data).filter(|(own, outer)| own > outer).count();
        if back > 0 {
            let message = format!("keeps {back} weights that {parent} had pruned");
            problems.push((name.to_owned(), message));
        }
    }
    let score = &work.draw.score;
    let global = score.params.get("scope").is_none_or(|scope| scope == "global");
    if problems.is_empty() && score.plugin == "magnitude" && global {
        problems.extend(not_by_magnitude(look, &parent, &before, own));
    }
    problems
}

/// Of the weights that were left, the smallest kept one is not smaller than the largest pruned one.
fn not_by_magnitude(
    look: &Look<'_>,
    parent: &JobKey,
    before: &Stored,
    own: &Stored,
) -> Option<(String, String)> {
    let weights = look.stored(parent, LAST)?;
    let (mut least, mut most) = ((f32::INFINITY, ""), (0.0_f32, ""));
    for (name, mask) in own.iter() {
        let (outer, weight) = (before.get(name)?, weights.get(name)?);
        for ((kept, was), bytes) in mask.data.iter().zip(outer.data).zip(weight.elements()) {
            let size = f32::from_le_bytes(*bytes.first_chunk()?).abs();
            if *kept == 1 && size < least.0 {
                least = (size, name);
            } else if *kept == 0 && *was == 1 && size > most.0 {
                most = (size, name);
            }
        }
    }
    (least.0 < most.0).then(|| {
        let (kept, (pruned, layer)) = (least.0, most);
        let message =
            format!("keeps a weight of {kept:?}, and one of {pruned:?} is pruned in `{layer}`");
        (least.1.to_owned(), message)
    })
}

/// A spend trains under the mask of its ticket, shuffled if its control says so.
fn spent(look: &Look<'_>, work: &Work<'_>, own: &Stored) -> Problems {
    let ticket = work.ticket();
    let drawn = [START_MASK, MASK].into_iter().find_map(|name| look.stored(&ticket, name));
    let Some(drawn) = drawn else { return Problems::new() };
    let expected = match work.mask() {
        MaskControl::Own => Some(drawn),
        control => derived(&drawn, control, work.seed),
    };
    let Some(expected) = expected else { return Problems::new() };
    let differs = own.iter().filter(|(name, mask)| expected.get(name) != Some(*mask));
    let message = || match work.mask() {
        MaskControl::Own => format!("is not the mask of {ticket}"),
        _ => format!("is not the shuffled mask of {ticket}"),
    };
    differs.map(|(name, _)| (name.to_owned(), message())).collect()
}

fn derived(drawn: &Stored, control: MaskControl, seed: u64) -> Option<Stored> {
    let tensor = |(name, mask): (&str, Bits<'_>)| {
        let shape: Vec<i64> = mask.shape.iter().map(|&size| size as i64).collect();
        Some((name.to_owned(), from_bytes(Kind::Bool, &shape, mask.data).ok()?))
    };
    let masks = Masks::from_tensors(drawn.iter().map(tensor).collect::<Option<Vec<_>>>()?);
    let masks = shuffled(masks, control, seed).ok()?;
    Stored::parse(to_safetensors(&masks.state()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::super::stored::tests::file;
    use super::*;

    #[test]
    fn minus_zero_is_not_plus_zero() {
        let stored =
            |values: &[f32]| Stored::parse(file(&[("w", values)], &[("m", &[1, 0, 0])])).unwrap();
        let found = |values: &[f32]| {
            let stored = stored(values);
            not_zero(stored.get("m").unwrap(), stored.get("w").unwrap())
        };
        assert_eq!(found(&[-0.0, 0.0, 0.0]), None);
        let text = found(&[1.0, 0.0, -0.0]).unwrap();
        assert_eq!(text, "the pruned weight 2 is -0.0, not +0.0");
        let text = found(&[1.0, 1e-3, f32::NAN]).unwrap();
        assert_eq!(text, "the pruned weight 1 is 0.001, not +0.0, and 1 more are not");
    }
}
