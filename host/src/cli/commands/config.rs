//! `jackpot config`.

use std::path::Path;

use crate::cli::args::{Overriding, PluginFolders};
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::cli::words::plural;
use crate::config::schema_with;
use crate::engine::{Session, plugin_folders};
use crate::experiment::jobs;
use crate::plugin::Registry;

/// Checks a config and its plugins.
pub fn check(
    path: &Path,
    overriding: &Overriding,
    print: bool,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let session = Session::open(path, &overriding.overrides())?;
    let jobs = jobs(&session.config)?;
    let draws = jobs.iter().filter(|job| job.key.is_draw()).count();
    if print {
        terminal.print(&session.config_text)?;
    }
    terminal.say(&format!(
        "{} is right: `{}`, {} to draw and {} to spend",
        path.display(),
        session.config.name,
        plural(draws, "job"),
        plural(jobs.len() - draws, "job")
    ));
    Ok(())
}

/// Prints the JSON schema.
pub fn schema(folders: &PluginFolders, terminal: &Terminal) -> Result<(), Failure> {
    let registry = Registry::discover(&plugin_folders(&folders.plugin_dir));
    let mut known = registry.known_items();
    // A schema is for editors on any machine: items go by their names.
    known.retain(|(_, name), _| crate::plugin::registry::split_reference(name).is_none());
    terminal.print(&format!("{:#}\n", schema_with(&known)))
}
