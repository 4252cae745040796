//! Kind `score`.

use tch::Tensor;

use crate::engine::check::trial::{Checked, Trial, doubtful, fine, wrong};
use crate::engine::check::values::{list, same, time};
use crate::plugin::kinds::{Common, Score};
use crate::prune::select::highest;
use crate::torch::settings::without_tf32;
use crate::train::{TrainError, Training};

pub fn check(trial: &Trial<'_>) {
    let Ok(score) = trial.create().map(Score::new) else { return };
    if !trial.check("scores", || scores(trial, &score)) {
        return;
    }
    trial.check("seeds", || seeds(trial, &score));
    trial.check("model", || model(trial, &score));
}

fn scored(
    trial: &Trial<'_>,
    training: &Training<'_>,
    score: &Score,
    seed: u64,
) -> Result<Vec<(String, Tensor)>, TrainError> {
    let access = trial.stage.access(training);
    let purpose = format!("score/{}/level1/round1", score.name());
    let (start, device) = (trial.stage.progress(0), trial.stage.device());
    let context = access.context(score.name(), &purpose, start, seed, device);
    without_tf32(|| score.score(&context).map_err(TrainError::from))
}

fn scores(trial: &Trial<'_>, score: &Score) -> Checked {
    let rounds = score.rounds()?;
    let recipe = trial.stage.without();
    let training = trial.stage.training(&recipe)?;
    let begun = std::time::Instant::now();
    let scores = scored(trial, &training, score, trial.stage.seed())?;
    let took = time(begun.elapsed().as_secs_f64());
    let names = trial.stage.prunable();
    // Names, shapes and NaN, as in a pruning.
    let keep = training.masks.kept() / 2;
    let masks = highest(&training.masks, names, &scores, keep).map_err(|error| error.of(score))?;
    if let Some((name, _)) = scores.iter().find(|(name, _)| !names.contains(name)) {
        return doubtful(format!("it gives a score for `{name}`, which is not pruned"));
    }
    let mut values = Vec::new();
    for (name, one) in &scores {
        let kept = training.masks.get(name).map(list).transpose()?.unwrap_or_default();
        let of_kept = list(one)?.into_iter().zip(kept).filter(|(_, kept)| *kept != 0.0);
        values.extend(of_kept.map(|(value, _)| value));
    }
    if values.iter().all(|value| *value == values[0]) {
        return doubtful("all weights have the same score");
    }
    let dead = masks.kept_by_name().values().filter(|kept| **kept == 0).count();
    let rounds = if rounds == 1 { "1 round".to_owned() } else { format!("{rounds} rounds") };
    let dead = match dead {
        0 => String::new(),
        count => format!("; pruned to a quarter, {count} of {} layers are empty", names.len()),
    };
    fine(format!("a score for each of {} weights in {took}, {rounds}{dead}", values.len()))
}

fn seeds(trial: &Trial<'_>, score: &Score) -> Checked {
    let run = |seed| {
        let recipe = trial.stage.without();
        let training = trial.stage.training(&recipe)?;
        scored(trial, &training, score, seed)
    };
    let seed = trial.stage.seed();
    let (first, again, other) = (run(seed)?, run(seed)?, run(seed.wrapping_add(1))?);
    let mut depends = false;
    for (((name, first), (_, again)), (_, other)) in first.iter().zip(&again).zip(&other) {
        if !same(first, again)? {
            return wrong(format!("not deterministic: with equal seeds `{name}` differs"));
        }
        depends |= !same(first, other)?;
    }
    match depends {
        true => fine("equal seeds give equal scores, other seeds others"),
        false => fine("equal seeds give equal scores; the seed makes no difference"),
    }
}

/// Scoring looks, and changes nothing.
fn model(trial: &Trial<'_>, score: &Score) -> Checked {
    let recipe = trial.stage.without();
    let training = trial.stage.training(&recipe)?;
    let copies = || -> Vec<(String, Tensor)> {
        let parameters = training.network.parameters().iter().map(|p| (&p.name, &p.tensor));
        let buffers = training.network.buffers().iter().map(|b| (&b.name, &b.tensor));
        parameters.chain(buffers).map(|(name, t)| (name.clone(), t.detach().copy())).collect()
    };
    let before = copies();
    scored(trial, &training, score, trial.stage.seed())?;
    for ((name, before), (_, after)) in before.iter().zip(copies()) {
        if !same(before, &after)? {
            return wrong(format!("it changes `{name}`: a score looks at weights and sets none"));
        }
    }
    fine("weights and statistics are as before")
}
