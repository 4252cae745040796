//! `jackpot bench`.

use std::io::BufRead;

use serde_json::json;

use crate::cli::args::BenchArgs;
use crate::cli::failure::Failure;
use crate::cli::progress::Stages;
use crate::cli::terminal::Terminal;
use crate::cli::words::columns;
use crate::config::Overrides;
use crate::engine::Session;
use crate::engine::bench::{Bench, Measured, Pruned, Setting};
use crate::torch::settings::waiting::settle;

/// Measures how fast a recipe trains, and prints it.
pub fn run(args: &BenchArgs, terminal: &Terminal) -> Result<(), Failure> {
    settle();
    let mut session = Session::open(&args.config, &Overrides::from(&args.overriding))?;
    let busy = terminal.busy("reading the data");
    session.prepare(&Stages::new(terminal))?;
    drop(busy);
    let bench = Bench {
        recipe: args.recipe.clone(),
        pruned: match &args.masks {
            Some(file) => Pruned::As(file.clone()),
            None => Pruned::Evenly(args.sparsity / 100.0),
        },
        warmup: args.warmup,
        steps: args.steps,
    };
    let busy = terminal.busy("measuring");
    let mut turns = Turns { left: args.rounds, begun: false, failed: None };
    let next = |latest: f64, setting: &Setting| match args.by_turns {
        true => turns.asked(latest, setting, terminal),
        false => turns.counted(),
    };
    let measured = match args.inference {
        Some(batch) => bench.infer(&session, batch, next),
        None => bench.train(&session, next),
    }?;
    drop(busy);
    if let Some(failure) = turns.failed {
        return Err(failure);
    }
    if args.by_turns || args.json {
        let text = if args.by_turns {
            json!({ "measured": measured }).to_string()
        } else {
            serde_json::to_string_pretty(&measured).unwrap_or_default()
        };
        return terminal.print(&(text + "\n"));
    }
    terminal.print(&text(&measured, terminal))
}

/// When there is another round.
struct Turns {
    left: u64,
    begun: bool,
    failed: Option<Failure>,
}

impl Turns {
    fn counted(&mut self) -> bool {
        let more = self.left > 0;
        self.left = self.left.saturating_sub(1);
        more
    }

    /// Tells the round before, and waits for a line.
    fn asked(&mut self, latest: f64, setting: &Setting, terminal: &Terminal) -> bool {
        let line = match self.begun {
            false => json!({ "ready": setting }),
            true => json!({ "images_per_second": latest }),
        };
        self.begun = true;
        if let Err(failure) = terminal.print(&format!("{line}\n")) {
            self.failed = Some(failure);
            return false;
        }
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).is_ok_and(|read| read > 0)
    }
}

/// As people read it.
fn text(measured: &Measured, terminal: &Terminal) -> String {
    let Setting { recipe, device, precision, threads, batch_size, kept, prunable, parameters } =
        &measured.setting;
    let speed = measured.images_per_second;
    let density = match prunable {
        0 => String::new(),
        _ => format!(", {:.2} % of {prunable} prunable ones kept", percent(*kept, *prunable)),
    };
    let mut lines = vec![
        format!("{recipe} on {device}, {precision}, threads: {threads}, batches of {batch_size}"),
        format!("{parameters} weights{density}"),
        format!(
            "{:.1} images/s (median of {}; {:.1} to {:.1})",
            speed.median,
            measured.rounds.len(),
            speed.least,
            speed.most
        ),
    ];
    if let Some(bytes) = measured.peak_bytes {
        lines.push(format!("{:.0} MB of memory at the highest", bytes as f64 / 1e6));
    }
    let whole: f64 = measured.step.iter().map(|(_, seconds)| seconds).sum();
    let mut rows = vec![["of a step", "ms", "share"].map(str::to_owned).to_vec()];
    for (name, seconds) in &measured.step {
        let share = 100.0 * seconds / whole.max(1e-12);
        rows.push(vec![
            (*name).to_owned(),
            format!("{:.3}", 1e3 * seconds),
            format!("{share:.1} %"),
        ]);
    }
    format!("{}\n\n{}", lines.join("\n"), columns(&rows, 0, terminal.table_width()))
}

fn percent(part: u64, whole: u64) -> f64 {
    100.0 * part as f64 / whole as f64
}
