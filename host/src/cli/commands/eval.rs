//! `jackpot eval`.

use super::stored::{Target, targets};
use crate::cli::args::{EvalArgs, EvalSplit};
use crate::cli::failure::Failure;
use crate::cli::progress::Stages;
use crate::cli::terminal::Terminal;
use crate::cli::words::{columns, plural};
use crate::engine::Session;
use crate::engine::evaluate::{Evaluator, Part, Weights, write_logits};
use crate::torch::settings::waiting::settle;

/// Evaluates stored weights and prints what comes out.
pub fn run(args: &EvalArgs, terminal: &Terminal) -> Result<(), Failure> {
    settle();
    let targets = targets(&args.stored, args.level)?;
    if args.logits.is_some() && targets.weights.len() != 1 {
        let count = plural(targets.weights.len(), "job");
        return Err(Failure::usage(format!(
            "--logits holds the outputs of one network, but {count} match; choose one with \
             --draw, --recipe, --level and --seed"
        )));
    }
    let session = match &targets.run {
        Some(run) => Session::open_run(&run.config(), &targets.overrides)?,
        None => Session::open(&targets.config, &targets.overrides)?,
    };
    let busy = terminal.busy("reading the data and the weights");
    let config = session.config.clone();
    let mut evaluator = Evaluator::new(session, targets.run, &Stages::new(terminal))?;
    let part = match args.split {
        EvalSplit::Test => Part::Test,
        EvalSplit::Validation => Part::Validation,
    };
    let mut rows =
        vec![["weights", "accuracy", "loss", "ECE", "as stored"].map(str::to_owned).to_vec()];
    for target in &targets.weights {
        let (model, train) = target.network(&config)?;
        let Target { path, at, plugins, graph, .. } = target;
        let weights =
            Weights { path, model, train, at: *at, plugins, graph_sha256: graph.as_deref() };
        let found = evaluator.evaluate(&weights, part)?;
        if let Some(file) = &args.logits {
            let inputs = if args.inputs { Some(evaluator.inputs(part)?) } else { None };
            write_logits(file, &found.logits, inputs.as_ref())?;
            let (file, images) = (file.display(), plural(found.images, "image"));
            terminal.say(&format!("wrote {file}: the outputs for {images}"));
        }
        let stored = target.stored.filter(|_| part == Part::Test);
        rows.push(vec![
            target.name.clone(),
            percent(found.evaluation.accuracy),
            format!("{:.4}", found.evaluation.loss),
            format!("{:.4}", found.evaluation.calibration_error),
            stored.map(percent).unwrap_or_default(),
        ]);
    }
    drop(busy);
    terminal.print(&columns(&rows, 0, terminal.table_width()))
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}
