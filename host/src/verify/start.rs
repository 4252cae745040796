//! The weights that a ticket starts from: level k of a draw starts from its rewind weights under
//! mask k. Only those weights are stored, once for all levels; here the rest is derived again.

use super::finding::{Check, Finding};
use super::job::Job;
use super::look::Look;
use super::stored::{Bits, Stored};
use crate::config::{Rewind, StartWeights};
use crate::engine::stored::LAST;
use crate::experiment::Work;
use crate::experiment::sums::{INIT, REWIND};

/// A counter of training batches, which is the network's and not the weights'.
const COUNTER: &str = ".num_batches_tracked";

/// The weights to start from are there, are finite, and have everything that the mask masks; of a
/// job that does not train, the stored weights are those under the mask, to the bit.
pub fn check(look: &Look<'_>, job: &Job<'_>, findings: &mut Vec<Finding>) {
    let work = look.work(job.key()).filter(|work| work.spend.is_none());
    let Some(work) = work else { return };
    rewound_is_there(look, &work, job, findings);
    if job.record.linked_to.is_some() {
        return;
    }
    let (name, Some(start)) = weights(look, &work) else { return };
    for (tensor, bits) in start.iter().filter(|(_, bits)| has_nan(*bits)) {
        let message = format!("has a value that is not finite ({:?})", bits.shape);
        findings.push(job.wrong(Check::Start, name, message).in_tensor(tensor));
    }
    let Some(masks) = job.files.tensors.get(job.ticket()) else { return };
    for (tensor, mask) in masks.iter() {
        if start.get(tensor).is_none_or(|weight| weight.shape != mask.shape) {
            let message = format!("does not fit the mask of {}", job.key());
            findings.push(job.wrong(Check::Start, name, message).in_tensor(tensor));
        }
    }
    let is_start = !work.trains() && work.start() == StartWeights::Rewind;
    let Some(model) = job.files.tensors.get(LAST).filter(|_| is_start) else { return };
    for (tensor, weight) in model.iter().filter(|(tensor, _)| !tensor.ends_with(COUNTER)) {
        let derived = start.get(tensor).map(|start| masked(masks.get(tensor), start));
        if derived.as_deref() != Some(weight.data) {
            let message = format!("is not that of {name} under {}", job.ticket());
            findings.push(job.wrong(Check::Start, LAST, message).in_tensor(tensor));
        }
    }
}

/// The weights that a draw's level starts from, and their file as seen from a level's folder.
fn weights(look: &Look<'_>, work: &Work<'_>) -> (&'static str, Option<Stored>) {
    let name = match work.rewind() {
        Rewind::Init => INIT,
        Rewind::At(_) => REWIND,
    };
    (name, look.stored(&work.dense(), name))
}

/// Beside a draw's levels lie its first weights, and those that it rewinds to.
fn rewound_is_there(look: &Look<'_>, work: &Work<'_>, job: &Job<'_>, findings: &mut Vec<Finding>) {
    if work.level > 0 {
        return;
    }
    let (draw, seed) = (&work.draw.name, work.ticket_seed);
    let rewinds = matches!(work.draw.rewind, Rewind::At(_));
    let needed =
        [(INIT, look.run.init(draw, seed), true), (REWIND, look.run.rewind(draw, seed), rewinds)];
    for (name, path, needed) in needed {
        // With checksums, what is gone was found by them.
        if needed && !path.is_file() && !job.record.files.contains_key(name) {
            findings.push(job.wrong(Check::Start, name, "is gone"));
        }
    }
    if let (Rewind::At(point), rewind) = (work.draw.rewind, job.record.rewind)
        && rewind != Some(point)
    {
        let there = rewind.map_or_else(|| "nothing".to_owned(), |point| point.to_string());
        let message = format!("holds the weights of {there}; the config rewinds to {point}");
        findings.push(job.wrong(Check::Start, REWIND, message));
    }
}

fn has_nan(bits: Bits<'_>) -> bool {
    bits.dtype == safetensors::Dtype::F32
        && bits.elements().any(|bytes| {
            bytes.first_chunk().is_none_or(|bytes| !f32::from_le_bytes(*bytes).is_finite())
        })
}

/// `where(mask, weight, +0.0)` as bytes.
fn masked(mask: Option<Bits<'_>>, weight: Bits<'_>) -> Vec<u8> {
    let Some(mask) = mask else { return weight.data.to_vec() };
    let elements = weight.elements().zip(mask.data);
    let keep = |(bytes, kept): (&[u8], &u8)| match kept {
        1 => bytes.to_vec(),
        _ => vec![0; bytes.len()],
    };
    elements.flat_map(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::super::stored::tests::file;
    use super::*;

    #[test]
    fn weights_under_a_mask_are_bits() {
        let bytes = file(&[("w", &[-1.0, -2.0, f32::NAN])], &[("m", &[1, 0, 0])]);
        let stored = Stored::parse(bytes).unwrap();
        let found = masked(stored.get("m"), stored.get("w").unwrap());
        assert_eq!(found, [(-1.0_f32).to_le_bytes(), [0; 4], [0; 4]].concat());
        assert!(has_nan(stored.get("w").unwrap()) && !has_nan(stored.get("m").unwrap()));
    }
}
