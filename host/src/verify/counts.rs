//! Numbers of weights: the masks', those of `layers.csv`, and those of the results.

use super::finding::{Check, Finding};
use super::job::Job;
use super::look::Look;
use super::stored::{Bits, Stored};
use crate::config::{Levels, PruningSchedule};
use crate::engine::stored::MASK;
use crate::prune::layers::{Layer, read_csv};
use crate::prune::level::{keep_at, keep_count};

/// Counts the mask of the reported weights again.
pub fn check(job: &Job<'_>, layers: &str, findings: &mut Vec<Finding>) {
    let name = job.best_mask();
    let Some(masks) = job.files.tensors.get(name) else { return };
    let (kept, total) = count(masks);
    if let Some(results) = &job.record.results {
        let stated = (results.weights_kept, results.weights_total);
        if stated != (kept, total) {
            let (k, t) = stated;
            let message = format!("keeps {kept} of {total} weights; the results say {k} of {t}");
            findings.push(job.wrong(Check::Count, name, message));
        }
    }
    let Some(text) = job.files.texts.get(layers) else { return };
    let wrong = |message: String| job.wrong(Check::Count, layers, message);
    let Some(stated) = read_csv(text) else {
        findings.push(wrong("has a line that is no layer".to_owned()));
        return;
    };
    if stated.len() != masks.count() {
        let (lines, masks) = (stated.len(), masks.count());
        findings.push(wrong(format!("has {lines} layers; {name} has {masks}")));
    }
    for stated in stated {
        let counted = masks.get(&stated.name).map(|mask| layer(&stated.name, mask));
        if counted.as_ref() != Some(&stated) {
            let message = match counted {
                None => format!("names a layer that {name} does not have"),
                Some(counted) => format!("says {}; {name} has {}", words(&stated), words(&counted)),
            };
            findings.push(wrong(message).in_tensor(&stated.name));
        }
    }
}

/// A draw's level keeps as many weights as the config says.
pub fn level(look: &Look<'_>, job: &Job<'_>, findings: &mut Vec<Finding>) {
    let Some(work) = look.work(job.key()).filter(|work| work.spend.is_none() && work.level > 0)
    else {
        return;
    };
    let levels = &work.draw.levels;
    if matches!(levels, Levels::Masks(_)) {
        return;
    }
    let name = job.ticket();
    let Some((kept, total)) = job.files.tensors.get(name).map(count) else { return };
    let expected = match work.draw.schedule {
        PruningSchedule::OneShot => keep_at(levels, work.level, total),
        PruningSchedule::Iterative => {
            let Some(before) = look.stored(&work.parent(), MASK) else { return };
            keep_count(levels, work.level, total, count(&before).0)
        }
    };
    if kept != expected {
        let message = format!("keeps {kept} weights; the config asks for {expected} of {total}");
        findings.push(job.wrong(Check::Count, name, message));
    }
}

fn count(masks: &Stored) -> (u64, u64) {
    masks.iter().fold((0, 0), |(kept, total), (_, mask)| {
        (kept + mask.kept(), total + mask.data.len() as u64)
    })
}

/// A mask's row of `layers.csv`.
fn layer(name: &str, mask: Bits<'_>) -> Layer {
    let outputs = mask.shape.first().copied().unwrap_or(1).max(1);
    let inputs = mask.shape.get(1).copied();
    let row = mask.data.len() / outputs;
    let dead_outputs = mask.data.chunks(row.max(1)).filter(|row| row.iter().all(|&b| b == 0));
    let dead_inputs = inputs.map_or(0, |inputs| {
        let size = row / inputs.max(1);
        let alive = |input: usize| {
            let rows = mask.data.chunks(row.max(1));
            let part = |row: &[u8]| row[input * size..(input + 1) * size].iter().any(|&b| b != 0);
            rows.into_iter().any(part)
        };
        (0..inputs).filter(|&input| !alive(input)).count()
    });
    Layer {
        name: name.to_owned(),
        weights: mask.data.len() as u64,
        kept: mask.kept(),
        dead_outputs: dead_outputs.count() as u64,
        dead_inputs: dead_inputs as u64,
    }
}

fn words(layer: &Layer) -> String {
    let Layer { name: _, weights, kept, dead_outputs, dead_inputs } = layer;
    format!("{kept} of {weights} kept, {dead_outputs} dead outputs and {dead_inputs} dead inputs")
}

#[cfg(test)]
mod tests {
    use safetensors::Dtype;

    use super::*;

    #[test]
    fn a_layer_is_counted_by_hand() {
        // 2 outputs × 3 inputs × 2 places: output 1 is dead, and input 1.
        let data = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        let mask = Bits { dtype: Dtype::BOOL, shape: &[2, 3, 2], data: &data };
        let found = layer("w", mask);
        let expected =
            Layer { name: "w".into(), weights: 12, kept: 2, dead_outputs: 1, dead_inputs: 1 };
        assert_eq!(found, expected);
        assert_eq!(words(&found), "2 of 12 kept, 1 dead outputs and 1 dead inputs");
        let bias = Bits { dtype: Dtype::BOOL, shape: &[3], data: &[1, 0, 1] };
        assert_eq!((layer("b", bias).dead_outputs, layer("b", bias).dead_inputs), (1, 0));
    }
}
