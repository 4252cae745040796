//! `jackpot connect`.

mod plot;

use std::path::PathBuf;

use super::stored::{Target, targets};
use crate::cli::args::{ConnectArgs, Overriding, StoredArgs};
use crate::cli::failure::Failure;
use crate::cli::progress::Stages;
use crate::cli::terminal::Terminal;
use crate::cli::words::columns;
use crate::engine::Session;
use crate::engine::connect::{OnPath, barrier};
use crate::engine::evaluate::{Evaluator, Weights};
use crate::torch::settings::waiting::settle;
use crate::train::checkpoint::write;

/// Evaluates the networks between two, prints and writes what came out.
pub fn run(args: &ConnectArgs, terminal: &Terminal) -> Result<(), Failure> {
    settle();
    let [first, second] = args.seeds.as_slice() else {
        return Err(Failure::usage("--seeds takes the seeds of two networks, such as 42,43"));
    };
    if first == second {
        return Err(Failure::usage("--seeds names one network twice"));
    }
    let [(run, overrides, one), (_, _, other)] = [one(args, *first)?, one(args, *second)?];
    if masks(&one) != masks(&other) {
        terminal.say(
            "The two are different tickets: their masks differ, and networks between them have \
             the weights of both. With `ticket_seed` in the recipe, seeds spend one ticket.",
        );
    }
    let run = run.ok_or_else(|| Failure::usage("connect takes a run's folder"))?;
    let session = Session::open_run(&run.config(), &overrides)?;
    let busy = terminal.busy("evaluating the networks between the two");
    let config = session.config.clone();
    let (model, train) = one.network(&config)?;
    let mut evaluator = Evaluator::new(session, Some(run), &Stages::new(terminal))?;
    let Target { path, at, plugins, graph, .. } = &one;
    let weights = Weights { path, model, train, at: *at, plugins, graph_sha256: graph.as_deref() };
    let path = evaluator.connect(&weights, &other.path, args.points.into())?;
    drop(busy);
    let base = base(args, &one, *second);
    let file = |ending: &str| PathBuf::from(format!("{}{ending}", base.display()));
    write(&file(".csv"), csv(&path).as_bytes()).map_err(Failure::other)?;
    let title = format!("{} to seed {second}", one.name);
    write(&file(".svg"), plot::svg(&path, &title).as_bytes()).map_err(Failure::other)?;
    terminal.print(&text(&path, &title, terminal.table_width()))?;
    terminal.say(&format!("wrote {} and {}", file(".csv").display(), file(".svg").display()));
    Ok(())
}

type Found = (Option<crate::experiment::RunDir>, crate::config::Overrides, Target);

/// The network of a seed.
fn one(args: &ConnectArgs, seed: u64) -> Result<Found, Failure> {
    let stored = StoredArgs {
        target: args.run.clone(),
        config: None,
        draw: args.draw.clone(),
        recipe: args.recipe.clone(),
        weights: args.weights,
        overriding: Overriding {
            set: args.set.clone(),
            seed: vec![seed],
            device: args.device.clone(),
            folders: args.folders.clone(),
        },
    };
    let mut found = targets(&stored, Some(args.level))?;
    if args.recipe.is_none() {
        found.weights.retain(Target::is_draw);
    }
    match found.weights.as_slice() {
        [_] => Ok((found.run, found.overrides, found.weights.swap_remove(0))),
        [] => Err(Failure::usage(format!("no draw of seed {seed} is finished; name a --recipe"))),
        _ => Err(Failure::usage("several draws match; choose one with --draw")),
    }
}

fn masks(target: &Target) -> Option<Vec<u8>> {
    std::fs::read(target.mask.as_ref()?).ok()
}

fn base(args: &ConnectArgs, one: &Target, second: u64) -> PathBuf {
    match &args.output {
        Some(output) => {
            let name = output.display().to_string();
            let plain = [".csv", ".svg"].iter().find_map(|ending| name.strip_suffix(ending));
            PathBuf::from(plain.unwrap_or(&name))
        }
        None => PathBuf::from(format!("connect-{}-{second}", one.name.replace(' ', "-"))),
    }
}

fn percent(accuracy: f64) -> f64 {
    100.0 * (1.0 - accuracy)
}

/// A row per network: errors in %, losses in nats.
fn csv(path: &[OnPath]) -> String {
    let mut text = "alpha,error_raw,error_reestimated,loss_raw,loss_reestimated\n".to_owned();
    for OnPath { alpha, raw, estimated } in path {
        text += &format!(
            "{alpha},{:.4},{:.4},{:.6},{:.6}\n",
            percent(raw.accuracy),
            percent(estimated.accuracy),
            raw.loss,
            estimated.loss
        );
    }
    text
}

fn text(path: &[OnPath], title: &str, width: usize) -> String {
    let head =
        ["alpha", "test error", "with its own statistics", "loss", "with its own statistics"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for OnPath { alpha, raw, estimated } in path {
        rows.push(vec![
            format!("{alpha:.2}"),
            format!("{:.2} %", percent(raw.accuracy)),
            format!("{:.2} %", percent(estimated.accuracy)),
            format!("{:.4}", raw.loss),
            format!("{:.4}", estimated.loss),
        ]);
    }
    let points = |of: fn(&OnPath) -> crate::train::Evaluation| 100.0 * barrier(path, of);
    format!(
        "{title}\n{}barrier: {:.2} points; with its own statistics {:.2}\n",
        columns(&rows, 0, width),
        points(|point| point.raw),
        points(|point| point.estimated)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Evaluation;

    #[test]
    fn a_row_per_network_and_the_barrier() {
        let point = |alpha, raw, estimated| OnPath {
            alpha,
            raw: Evaluation { accuracy: raw, loss: 2.0, calibration_error: 0.0 },
            estimated: Evaluation { accuracy: estimated, loss: 1.0, calibration_error: 0.0 },
        };
        let path = [point(0.0, 0.8, 0.8), point(0.5, 0.2, 0.7), point(1.0, 0.6, 0.6)];
        let csv = csv(&path);
        assert_eq!(csv.lines().nth(2), Some("0.5,80.0000,30.0000,2.000000,1.000000"));
        let text = text(&path, "one to two", 100);
        assert!(text.ends_with("barrier: 50.00 points; with its own statistics 0.00\n"), "{text}");
        let svg = plot::svg(&path, "one < two");
        assert!(svg.contains("one &lt; two") && svg.matches("<polyline").count() == 2, "{svg}");
    }
}
