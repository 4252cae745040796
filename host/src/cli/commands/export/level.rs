//! `--level auto:POINTS`: the sparsest level that is nearly as good as the dense network.

use std::collections::BTreeSet;

use crate::cli::args::StoredArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::config::Overrides;
use crate::experiment::{JobRecord, RunDir};

/// Of the finished levels of one series, the last whose validation accuracy is at most so many
/// points below that of level 0. Test images have no say in it.
pub fn choose(args: &StoredArgs, points: f64, terminal: &Terminal) -> Result<usize, Failure> {
    if !args.target.is_dir() {
        return Err(Failure::usage(
            "--level auto chooses among the jobs of a run; a file has none",
        ));
    }
    let run = RunDir::open(&args.target)?;
    let seeds = Overrides::from(&args.overriding).seeds;
    let mut records = run.records()?;
    records.retain(|record| {
        let key = &record.key;
        args.draw.as_ref().is_none_or(|draw| key.draw() == draw)
            && args.recipe.as_ref().is_none_or(|recipe| key.recipe() == Some(recipe))
            && seeds.as_ref().is_none_or(|seeds| seeds.contains(&key.seed()))
    });
    let series: BTreeSet<String> = records.iter().map(|record| record.key.series()).collect();
    if series.len() > 1 {
        let names: Vec<_> = series.into_iter().take(6).collect();
        return Err(Failure::usage(format!(
            "--level auto compares the levels of one series; choose one with --recipe, --draw and \
             --seed: {}",
            names.join(", ")
        )));
    }
    let (level, lost) = sparsest(&records, points).map_err(Failure::usage)?;
    terminal.say(&format!(
        "level {level}: the sparsest within {points} points of level 0 on validation ({lost:+.2})"
    ));
    Ok(level)
}

/// The level, and the points by which it is above level 0.
fn sparsest(records: &[JobRecord], points: f64) -> Result<(usize, f64), String> {
    let accuracy = |record: &JobRecord| {
        let found = record.results.as_ref()?.validation_accuracy?;
        Some((record.key.level(), 100.0 * found))
    };
    let found: Vec<(usize, f64)> = records.iter().filter_map(accuracy).collect();
    let dense = found.iter().find(|(level, _)| *level == 0).map(|(_, accuracy)| *accuracy);
    let Some(dense) = dense else {
        return Err("--level auto compares with level 0 on validation images, and no finished \
                    level 0 has an accuracy on such; name a level"
            .to_owned());
    };
    // A point is a whole number of images, which the accuracy is not: 1e-9 is rounding.
    let near = found.into_iter().filter(|(_, accuracy)| *accuracy >= dense - points - 1e-9);
    let (level, accuracy) = near.max_by_key(|(level, _)| *level).unwrap_or((0, dense));
    Ok((level, accuracy - dense))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(level: usize, validation: Option<f64>) -> JobRecord {
        let record = serde_json::json!({
            "format": 1,
            "key": { "kind": "draw", "draw": "imp", "seed": 1, "level": level },
            "status": "done",
            "identity": "ab",
            "description": {},
            "results": {
                "test_accuracy": 0.1, "test_accuracy_last": 0.1,
                "validation_accuracy": validation, "test_loss": 1.0, "best_epoch": 1,
                "weights_kept": 1, "weights_total": 1, "weights_training": 1, "flops": 1,
                "precision": "f32"
            },
        });
        serde_json::from_value(record).unwrap()
    }

    #[test]
    fn the_sparsest_near_enough_is_chosen_also_behind_a_worse_one() {
        let accuracies = [0.80, 0.82, 0.75, 0.79, 0.70];
        let records: Vec<_> =
            accuracies.iter().enumerate().map(|(k, &a)| record(k, Some(a))).collect();
        let choose = |points| sparsest(&records, points).unwrap().0;
        assert_eq!(choose(0.0), 1);
        assert_eq!(choose(0.9), 1);
        assert_eq!(choose(1.0), 3);
        assert_eq!(choose(9.9), 3);
        assert_eq!(choose(10.0), 4);
        assert!((sparsest(&records, 1.0).unwrap().1 + 1.0).abs() < 1e-9);
    }

    #[test]
    fn without_validation_images_or_level_0_there_is_no_choice() {
        for records in [vec![record(0, None), record(1, None)], vec![record(1, Some(0.5))]] {
            let text = sparsest(&records, 1.0).unwrap_err();
            assert!(text.contains("name a level"), "{text}");
        }
    }
}
