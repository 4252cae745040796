//! `jackpot plugin new`: a crate that builds, passes its test and can be trained with as it stands.

mod api;
mod folder;
mod template;

use std::path::{Path, PathBuf};

use jackpot_plugin_api::manifest::Kind;

use crate::cli::args::NewName;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::plugin::Registry;

/// Makes the crate.
pub fn new(
    name: &NewName,
    kind: Kind,
    path: Option<&Path>,
    api: Option<&Path>,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let place = path.map_or_else(|| PathBuf::from(name.as_str()), Path::to_owned);
    not_taken(name, kind)?;
    let api = match api {
        Some(folder) => api::Api::at(folder).map_err(Failure::usage)?,
        None => api::Api::found(),
    };
    folder::write(&place, &template::files(name, kind, &api, &program()?))?;
    terminal.say(&format!("made {}: the {kind} `{name}`", place.display()));
    if let api::Api::Version(version) = &api {
        terminal.say(&format!(
            "its Cargo.toml asks for jackpot-plugin-api {version}: the source is not beside this \
             program. Where cargo does not find that version, make it a path, or say --api"
        ));
    }
    terminal.print(&format!(
        "cd {}\ncargo test\ncargo build --release\njackpot run experiment.toml\n",
        quoted(&place)
    ))
}

/// This program.
fn program() -> Result<PathBuf, Failure> {
    let found = std::env::current_exe().and_then(|program| program.canonicalize());
    found.map_err(|error| Failure::other(format!("this program does not find itself: {error}")))
}

/// A config that says the name could mean either of two files.
fn not_taken(name: &NewName, kind: Kind) -> Result<(), Failure> {
    let registry = Registry::discover(&crate::engine::plugin_folders(&[]));
    let found = registry.items().find(|found| {
        found.manifest().kind == kind.as_str() && found.manifest().name == name.as_str()
    });
    match found {
        Some(found) => Err(Failure::usage(format!(
            "there is a plugin of that kind and name already, in {}; choose another name",
            found.file.path.display()
        ))),
        None => Ok(()),
    }
}

/// The path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    match text.chars().all(plain) && !text.starts_with('-') {
        true => text,
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}
