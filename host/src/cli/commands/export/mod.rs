//! `jackpot export`.

mod level;
mod words;

use std::path::{Path, PathBuf};

use serde_json::{Map, json};

use super::stored::{Network, Target, targets};
use crate::cli::args::{ExportArgs, ExportFormat, LevelChoice};
use crate::cli::failure::Failure;
use crate::cli::progress::Stages;
use crate::cli::terminal::Terminal;
use crate::cli::words::plural;
use crate::engine::Session;
use crate::engine::evaluate::{Evaluator, Weights};
use crate::engine::exported::{Format, Wanted};
use crate::torch::settings::waiting::settle;
use crate::train::checkpoint::write;

/// Exports the weights of one job or file.
pub fn run(args: &ExportArgs, terminal: &Terminal) -> Result<(), Failure> {
    settle();
    let level = match args.level {
        Some(LevelChoice::One(level)) => Some(level),
        Some(LevelChoice::Auto(points)) => Some(level::choose(&args.stored, points, terminal)?),
        None => None,
    };
    let found = targets(&args.stored, level)?;
    let [target] = found.weights.as_slice() else { return Err(several(&found.weights)) };
    let mask = args.mask.clone().or_else(|| target.mask.clone());
    let base = base(args, target);
    let session = match &found.run {
        Some(run) => Session::open_run(&run.config(), &found.overrides)?,
        None => Session::open(&found.config, &found.overrides)?,
    };
    let busy = terminal.busy("reading the data and the weights");
    let config = session.config.clone();
    let (model, train) = target.network(&config)?;
    let Target { path, at, plugins, graph, .. } = target;
    let weights = Weights { path, model, train, at: *at, plugins, graph_sha256: graph.as_deref() };
    let format = match args.format {
        ExportFormat::Safetensors => Format::Safetensors,
        ExportFormat::Onnx => Format::Onnx,
    };
    let (mask, shrink) = (mask.as_deref(), args.shrink);
    let about = about(&config.name, target);
    let mut evaluator = Evaluator::new(session, found.run.clone(), &Stages::new(terminal))?;
    let wanted = Wanted { format, mask, shrink, about };
    let exported = evaluator.export(&weights, &wanted)?;
    drop(busy);
    let mut written = Vec::new();
    for (ending, bytes) in &exported.files {
        let file = PathBuf::from(format!("{}{ending}", base.display()));
        if same_file(&file, &target.path) {
            let message = format!("{} is what is exported; choose another -o", file.display());
            return Err(Failure::usage(message));
        }
        write(&file, bytes).map_err(Failure::other)?;
        written.push((file, bytes.len()));
    }
    terminal.print(&words::text(&target.name, &written, &exported))?;
    terminal.say(&format!(
        "In Python: `from load_export import load; net = load(\"{}\")` (docs/python/load_export.py)",
        written[0].0.display()
    ));
    Ok(())
}

/// What the files say of where they are from.
fn about(experiment: &str, target: &Target) -> Map<String, serde_json::Value> {
    let mut about = Map::new();
    about.insert("version".to_owned(), json!(env!("CARGO_PKG_VERSION")));
    about.insert("experiment".to_owned(), json!(experiment));
    if let Network::Of(key) = &target.network {
        about.insert("job".to_owned(), json!(key.path()));
    }
    if let Some(accuracy) = target.stored {
        about.insert("test_accuracy".to_owned(), json!(accuracy));
    }
    about
}

/// The files' path without its ending.
fn base(args: &ExportArgs, target: &Target) -> PathBuf {
    let name = match &args.output {
        Some(output) => output.display().to_string(),
        None => {
            let stem =
                |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
            let run = stem(&args.stored.target).unwrap_or_default();
            match &target.network {
                Network::Of(key) if args.stored.target.is_dir() => {
                    let job = key.path();
                    let job = job.trim_start_matches("spend/").replace('/', "-");
                    format!("{run}-{job}")
                }
                _ => format!("{run}-export"),
            }
        }
    };
    let plain = [".safetensors", ".onnx"].iter().find_map(|ending| name.strip_suffix(ending));
    PathBuf::from(plain.unwrap_or(&name))
}

fn same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// An export is of one network.
fn several(found: &[Target]) -> Failure {
    let names = found.iter().take(6).map(|target| format!("  {}", target.name));
    let names = names.collect::<Vec<_>>().join("\n");
    let more = match found.len() {
        0..=6 => String::new(),
        count => format!("\n  and {} more", count - 6),
    };
    Failure::usage(format!(
        "an export is of one network, but {} match; choose one with --recipe, --draw, --level and \
         --seed:\n{names}{more}",
        plural(found.len(), "job")
    ))
}
