//! Scores and masks are PyTorch's.

use jackpot::plugin::kinds::Score;
use jackpot::prune::Masks;
use serde_json::json;
use tch::Tensor;

use crate::data::{Case, case_of, numbers};
use crate::formula::{distance, projections};
use crate::networks::of_case;
use crate::setup::{Subject, score};

pub const SIDE: usize = 16;
pub const NETWORKS: [&str; 2] = ["resnet8", "chain"];

/// The network of a case in its state.
fn subject(case: &Case, masked: bool) -> Subject {
    let (name, label) = (case.text("network"), case.text("label"));
    let mut subject = Subject::new(&of_case(name, SIDE), &["conv"], label, 10, SIDE);
    subject.load(label);
    if masked {
        subject.mask(label, case.number("masked"));
    }
    subject
}

/// Scores of what is left, 0 elsewhere.
fn left(subject: &Subject, scores: &[(String, Tensor)]) -> Vec<(String, Vec<f64>)> {
    let one = |name: &String| {
        let (_, score) = scores.iter().find(|(other, _)| other == name).unwrap();
        let zero = score.zeros_like();
        (name.clone(), numbers(&score.where_self(subject.masks.get(name).unwrap(), &zero)))
    };
    subject.names.iter().map(one).collect()
}

fn flags(subject: &Subject, masks: &Masks) -> Vec<(String, Vec<f64>)> {
    let one = |name: &String| (name.clone(), numbers(masks.get(name).unwrap()));
    subject.names.iter().map(one).collect()
}

/// The largest ‖x − x*‖ / ‖x‖ of a layer.
#[track_caller]
fn error(ours: &[(String, Vec<f64>)], rows: &[Vec<f64>]) -> f64 {
    assert_eq!(ours.len(), rows.len());
    let one = |((name, values), row): (&(String, Vec<f64>), &Vec<f64>)| {
        let norm = values.iter().map(|x| x * x).sum::<f64>().sqrt();
        distance(&projections(name, values), row) / norm.max(f64::MIN_POSITIVE)
    };
    // Not `f64::max`, which would forget a NaN.
    ours.iter().zip(rows).map(one).fold(0.0, |a, b| if b <= a { a } else { b })
}

/// Masks of zeros and ones: anything else than equal is at least 1 apart, of the order of the root
/// of the number of differing entries.
#[track_caller]
fn same_mask(ours: &[(String, Vec<f64>)], rows: &[Vec<f64>], what: &str) {
    for ((name, flags), row) in ours.iter().zip(rows) {
        let apart = distance(&projections(name, flags), row);
        assert!(apart < 1e-9, "{what}: the mask of {name} differs in about {}", apart * apart);
    }
}

/// Each score in f64, or what is exact anyway: its key, and the item.
pub fn exact() -> [(&'static str, Score); 6] {
    let in_f64 = |name: &str, statistics: &str| {
        score(name, &json!({ "statistics": statistics, "precision": "f64" }))
    };
    [
        ("magnitude", score("magnitude", &json!({}))),
        ("snip-batch", in_f64("snip", "batch")),
        ("snip-running", in_f64("snip", "running")),
        ("grasp-batch", in_f64("grasp", "batch")),
        ("grasp-running", in_f64("grasp", "running")),
        ("synflow", score("synflow", &json!({}))),
    ]
}

/// Every score on every network, dense and masked.
fn for_all(check: impl Fn(&Case, &Subject, u64, &str, &str, &Score)) {
    for name in NETWORKS {
        let case = case_of("scores.json", name);
        for kind in ["dense", "masked"] {
            let subject = subject(&case, kind == "masked");
            let share = case.about["keep"][kind].as_f64().unwrap();
            let keep = (share * subject.masks.kept() as f64).round() as u64;
            for (key, score) in exact() {
                check(&case, &subject, keep, &format!("{kind}/{key}"), key, &score);
            }
        }
    }
}

#[test]
fn f64_scores_and_their_masks() {
    for_all(|case, subject, keep, entry, _, score| {
        let what = format!("{} {entry}", case.text("network"));
        let scores = subject.scores(score, "golden");
        let error = error(&left(subject, &scores), &case.rows(&format!("{entry}/scores")));
        println!("{what}: {error:.1e}");
        assert!(error <= 1e-9, "{what}: the scores deviate by {error:e}");
        let masks = subject.highest(&scores, keep);
        assert_eq!(masks.kept(), keep);
        same_mask(&flags(subject, &masks), &case.rows(&format!("{entry}/mask")), &what);
    });
}

#[test]
fn f32_masks_differ_in_at_most_one_of_ten_thousand() {
    for_all(|case, subject, keep, entry, key, exact| {
        let Some((name, "batch")) = key.split_once('-') else { return };
        let single = subject.scores(&score(name, &json!({ "precision": "f32" })), "golden");
        assert!(single.iter().all(|(_, score)| score.kind() == tch::Kind::Float));
        let rounding = error(&left(subject, &single), &case.rows(&format!("{entry}/scores")));
        let [ours, theirs] = [single, subject.scores(exact, "golden")]
            .map(|scores| flags(subject, &subject.highest(&scores, keep)));
        let pairs = ours.iter().zip(&theirs).flat_map(|((_, a), (_, b))| a.iter().zip(b));
        let (differing, total) = (pairs.filter(|(a, b)| a != b).count(), subject.masks.total());
        let what = format!("{} {entry}", case.text("network"));
        println!("{what}: {differing} of {total}, scores by {rounding:.1e}");
        // Anything less would be f64 in disguise.
        assert!((1e-9..1e-3).contains(&rounding), "{what}: {rounding:e}");
        // The networks are large enough for the statement to mean something.
        assert!(total > 70_000 && differing as f64 <= 1e-4 * total as f64, "{what}: {differing}");
    });
}

#[test]
fn prunings_in_rounds() {
    for name in NETWORKS {
        let case = case_of("scores.json", name);
        for item in ["synflow", "snip"] {
            let rounds = case.number(&format!("{item}_rounds")) as u64;
            let params = match item {
                "snip" => json!({ "rounds": rounds, "precision": "f64" }),
                _ => json!({ "rounds": rounds }),
            };
            let mut subject = subject(&case, false);
            let target = (case.number("rounds_keep") * subject.masks.total() as f64).round();
            subject.prune(&score(item, &params), target as u64);
            assert_eq!(subject.masks.kept(), target as u64);
            let what = format!("{name} {item} in {rounds} rounds");
            let rows = case.rows(&format!("{item}-rounds"));
            same_mask(&flags(&subject, &subject.masks), &rows, &what);
        }
    }
}

#[test]
fn layerwise_magnitude() {
    for name in NETWORKS {
        let case = case_of("scores.json", name);
        for kind in ["dense", "masked"] {
            let mut subject = subject(&case, kind == "masked");
            let left = subject.masks.kept();
            let keep = (case.about["keep"][kind].as_f64().unwrap() * left as f64).round() as u64;
            subject.prune(&score("magnitude", &json!({ "scope": "layer" })), keep);
            assert_eq!(subject.masks.kept(), keep);
            let rows = case.rows(&format!("{kind}/magnitude-layer/mask"));
            same_mask(&flags(&subject, &subject.masks), &rows, &format!("{name} {kind}"));
        }
    }
}

#[test]
fn gradients_of_parts_add_up() {
    // With running statistics images do not see each other, so parts of any size give the same:
    // 100 images are 14 parts of 7 and one of 2.
    let case = case_of("scores.json", "resnet8");
    let subject = subject(&case, true);
    for item in ["snip", "grasp"] {
        let params = json!({ "statistics": "running", "precision": "f64", "batch_size": 7 });
        let found = left(&subject, &subject.scores(&score(item, &params), "parts"));
        let rows = case.rows(&format!("masked/{item}-running/scores"));
        let error = error(&found, &rows);
        assert!(error <= 1e-9, "{item}: {error:e}");
    }
}
