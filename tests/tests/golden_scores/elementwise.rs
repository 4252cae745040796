//! Scores of tiny networks, weight by weight.

use crate::agreement::{NETWORKS, SIDE, exact};
use crate::data::{Case, case_of, numbers};
use crate::networks::of_width;
use crate::setup::Subject;

fn subject(case: &Case, masked: bool) -> Subject {
    let (name, label) = (case.text("network"), case.text("label"));
    let graph = of_width(name, case.about["width"].as_i64().unwrap(), SIDE);
    let mut subject = Subject::new(&graph, &["conv"], label, 10, SIDE);
    subject.load(label);
    if masked {
        subject.mask(label, case.number("masked"));
    }
    subject
}

/// |x − x*| / |x*|; what is exactly 0 (a dead ReLU's weights) must be that.
fn relative(ours: f64, theirs: f64) -> f64 {
    if ours == theirs { 0.0 } else { (ours - theirs).abs() / theirs.abs() }
}

#[test]
fn every_score_of_every_weight_and_every_masks_entry() {
    for name in NETWORKS {
        let case = case_of("scores.json", &format!("tiny-{name}"));
        for kind in ["dense", "masked"] {
            let subject = subject(&case, kind == "masked");
            let left: Vec<bool> = subject
                .names
                .iter()
                .flat_map(|name| numbers(subject.masks.get(name).unwrap()))
                .map(|flag| flag == 1.0)
                .collect();
            let keep = case.about["keep"][kind].as_u64().unwrap();
            // Of all prunable weights the numbers of those that are left.
            let of_left = |all: Vec<f64>| -> Vec<f64> {
                all.into_iter().zip(&left).filter(|(_, left)| **left).map(|(x, _)| x).collect()
            };
            for (key, score) in exact() {
                let what = format!("tiny {name}, {kind}, {key}");
                let scores = subject.scores(&score, "tiny");
                let by_name = |name: &String| &scores.iter().find(|(n, _)| n == name).unwrap().1;
                let ours =
                    of_left(subject.names.iter().flat_map(|n| numbers(by_name(n))).collect());
                let theirs = case.values(&format!("{kind}/{key}/scores"));
                assert_eq!(ours.len(), theirs.len(), "{what}");
                assert!(theirs.len() > 500, "{what}: too few to say much");
                let mut worst = 0.0;
                for (place, (&a, &b)) in ours.iter().zip(&theirs).enumerate() {
                    let off = relative(a, b);
                    assert!(off <= 1e-9, "{what}: weight {place} has {a:e}, not {b:e}");
                    worst = f64::max(worst, off);
                }
                println!("{what}: at most {worst:.1e} (tolerance 1e-9)");
                let masks = subject.highest(&scores, keep);
                let flags = subject.names.iter().flat_map(|n| numbers(masks.get(n).unwrap()));
                let kept = of_left(flags.collect());
                assert_eq!(kept, case.values(&format!("{kind}/{key}/mask")), "{what}");
                assert_eq!(kept.iter().sum::<f64>() as u64, keep, "{what}");
            }
        }
    }
}
