//! `jackpot import`.

use std::path::PathBuf;

use crate::cli::args::ImportArgs;
use crate::cli::failure::Failure;
use crate::cli::progress::Stages;
use crate::cli::terminal::Terminal;
use crate::config::Overrides;
use crate::engine::Session;
use crate::train::checkpoint::write;

/// Checks weights and masks against a network, writes them under its names, and prints the draw
/// that begins with them.
pub fn run(args: &ImportArgs, terminal: &Terminal) -> Result<(), Failure> {
    let mut session = Session::open(&args.config, &Overrides::from(&args.overriding))?;
    let busy = terminal.busy("reading the data and the weights");
    session.prepare(&Stages::new(terminal))?;
    let start = session.import(&args.weights, args.mask.as_deref())?;
    drop(busy);
    let base = match &args.output {
        Some(output) => {
            let name = output.display().to_string();
            PathBuf::from(name.strip_suffix(".safetensors").unwrap_or(&name))
        }
        None => {
            let stem = args.weights.file_stem().unwrap_or_default().to_string_lossy();
            PathBuf::from(format!("{stem}-start"))
        }
    };
    let file = |ending: &str| PathBuf::from(format!("{}{ending}", base.display()));
    let name = base.file_name().unwrap_or_default().to_string_lossy();
    let (weights, mask) = (file(".safetensors"), file(".mask.safetensors"));
    write(&weights, &start.weights).map_err(Failure::other)?;
    let from = match (&start.mask, start.kept) {
        (Some(bytes), Some((kept, total))) => {
            write(&mask, bytes).map_err(Failure::other)?;
            terminal.say(&format!(
                "wrote {} and {}: {} parameters, a ticket that keeps {kept} of {total} weights",
                weights.display(),
                mask.display(),
                start.parameters
            ));
            format!("{{ weights = {}, mask = {} }}", quoted(&weights), quoted(&mask))
        }
        _ => {
            terminal.say(&format!(
                "wrote {}: {} parameters, a dense start",
                weights.display(),
                start.parameters
            ));
            format!("{{ weights = {} }}", quoted(&weights))
        }
    };
    let more = match (&start.mask, start.linear) {
        (None, _) => "levels = 16\n",
        (Some(_), true) => "prunable = [\"conv\", \"linear\"]\n",
        (Some(_), false) => "",
    };
    // A config takes paths from its own folder, so these are whole ones.
    let draw = format!("[[draw]]\nname = {}\nfrom = {from}\n{more}", quoted_text(&name));
    terminal.print(&draw)
}

/// A path as a TOML text, from the folder of this process.
fn quoted(path: &std::path::Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    quoted_text(&path.display().to_string())
}

fn quoted_text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
