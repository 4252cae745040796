//! `jackpot config`.

mod explain;

use std::path::Path;

use crate::cli::args::{Overriding, PluginFolders};
use crate::cli::failure::Failure;
use crate::cli::progress::Stages;
use crate::cli::terminal::Terminal;
use crate::cli::words::plural;
use crate::config::{Overrides, schema_with};
use crate::engine::{Session, plugin_folders};
use crate::experiment::jobs;
use crate::plugin::Registry;

/// The experiment to begin with, which the release has as a file, too.
const EXAMPLE: &str = include_str!("../../../../../configs/quickstart.toml");

/// What a check prints beside its verdict.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The config with every default.
    pub print: bool,
    /// Time and disk.
    pub measure: bool,
}

/// Checks a config and its plugins, and says in words what it asks for.
pub fn check(
    path: &Path,
    overriding: &Overriding,
    wanted: Wanted,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let mut session = Session::open(path, &Overrides::from(overriding))?;
    let jobs = jobs(&session.config)?;
    let draws = jobs.iter().filter(|job| job.key.is_draw()).count();
    if wanted.print {
        terminal.print(&session.config_text)?;
    }
    terminal.say(&format!(
        "{} is right: `{}`, {} to draw and {} to spend",
        path.display(),
        session.config.name,
        plural(draws, "job"),
        plural(jobs.len() - draws, "job")
    ));
    let mut rows = explain::rows(&session.config, &jobs);
    if wanted.measure {
        let busy = terminal.busy("reading the data and trying every recipe once");
        session.prepare(&Stages::new(terminal))?;
        drop(busy);
        let busy = terminal.busy("measuring a few steps of every kind of training");
        let estimate = session.estimate()?;
        drop(busy);
        rows.extend(explain::costs(&estimate, session.threads));
    }
    if !wanted.print {
        terminal.print(&explain::table(&rows, terminal.width()))?;
    }
    Ok(())
}

/// Prints the experiment to begin with.
pub fn example(terminal: &Terminal) -> Result<(), Failure> {
    terminal.print(EXAMPLE)
}

/// Prints the JSON schema.
pub fn schema(folders: &PluginFolders, terminal: &Terminal) -> Result<(), Failure> {
    let registry = Registry::discover(&plugin_folders(&folders.plugin_dir));
    let mut known = registry.known_items();
    // A schema is for editors on any machine: items go by their names.
    known.retain(|(_, name), _| crate::plugin::registry::split_reference(name).is_none());
    terminal.print(&format!("{:#}\n", schema_with(&known)))
}
