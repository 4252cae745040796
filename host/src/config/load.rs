//! From a file to the typed config, in two steps.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jackpot_plugin_api::manifest::Kind;

use super::check::check_root;
use super::context::Context;
use super::error::{ConfigErrors, Fault};
use super::experiment;
use super::nearest::nearest;
use super::overrides::{self, Overrides};
use super::read_toml::read_toml;
use super::sweep;
use super::tree::{Pos, Source, Table};
use super::types::{Config, KnownItems};
use super::words::split_item;

/// A config in which everything but the plugins is checked.
#[derive(Debug, Clone)]
pub struct Loaded {
    sources: Vec<Source>,
    root: Table,
    base: PathBuf,
    plugin_dirs: Vec<PathBuf>,
    draft: Config,
    plugins: Vec<(Kind, String)>,
}

impl Loaded {
    /// The experiment's name.
    pub fn name(&self) -> &str {
        &self.draft.name
    }

    /// The config with the plugins' parameters as they are written: enough to look at a run where
    /// its plugins are not. For everything else [`check_plugins`] gives the config.
    pub fn unchecked(&self) -> &Config {
        &self.draft
    }

    /// The folders to search for plugins, absolute: `--plugin-dir`, then `[plugins] path`.
    pub fn plugin_path(&self) -> &[PathBuf] {
        &self.draft.plugin_path
    }

    /// The plugin files that the config names by path, absolute. An item of one of them stands in
    /// [`KnownItems`] under this path, a colon and its name.
    pub fn plugin_files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = Vec::new();
        for file in self.plugins.iter().filter_map(|(_, plugin)| split_item(plugin).0) {
            if !files.iter().any(|known| known == Path::new(file)) {
                files.push(PathBuf::from(file));
            }
        }
        files
    }

    /// Every item that the config uses, as in [`KnownItems`].
    pub fn plugins(&self) -> &[(Kind, String)] {
        &self.plugins
    }
}

/// Reads and checks a config file, all but its plugins.
///
/// # Errors
/// All mistakes that were found, in the order of the file.
pub fn load(path: &Path, overrides: &Overrides) -> Result<Loaded, ConfigErrors> {
    let name = path.display().to_string();
    let absolute = std::path::absolute(path);
    let Ok(Some(folder)) = absolute.as_deref().map(Path::parent) else {
        return Err(about_file(format!("`{name}` is no file"), None));
    };
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return Err(unreadable(path, folder, &error)),
    };
    match String::from_utf8(bytes) {
        Ok(text) => parse(&name, &text, folder, overrides),
        Err(error) => Err(not_text(&name, &error)),
    }
}

/// Checks the text of a config, all but its plugins. Relative paths in it start at `base`.
///
/// # Errors
/// All mistakes that were found, in the order of the text.
pub fn parse(
    source_name: &str,
    text: &str,
    base: &Path,
    overrides: &Overrides,
) -> Result<Loaded, ConfigErrors> {
    let mut sources = vec![Source { name: source_name.to_owned(), text: Arc::from(text) }];
    let mut root = match read_toml(0, text) {
        Ok(root) => root,
        Err(faults) => return Err(ConfigErrors::new(faults, &sources)),
    };
    if root.entries.is_empty() {
        let message = format!("`{source_name}` is empty");
        let help = "a config needs `name`, [data], [model], [train] and [[draw]]; \
                    docs/config.md describes them, configs/quickstart.toml is an example";
        return Err(about_file(message, Some(help.to_owned())));
    }
    let (base, plugin_dirs) = match folders(base, overrides) {
        Ok(folders) => folders,
        Err(message) => return Err(about_file(message, None)),
    };
    let mut faults = Vec::new();
    overrides::apply(overrides, &mut root, &mut sources, &mut faults);
    sweep::expand(&mut root, &mut faults);
    let root = check_root(root, Pos { source: 0, start: 0, end: 0 }, &mut faults);
    let (draft, found, plugins) = typed(&base, &plugin_dirs, &root, None);
    faults.extend(found);
    match draft {
        Some(draft) if faults.is_empty() => {
            Ok(Loaded { sources, root, base, plugin_dirs, draft, plugins })
        }
        _ => Err(ConfigErrors::new(faults, &sources)),
    }
}

/// Checks the plugins of a config: that each is there, of the right kind, and with the right
/// parameters. Their defaults are filled in.
///
/// # Errors
/// All mistakes that were found, in the order of the file.
pub fn check_plugins(loaded: &Loaded, known: &KnownItems) -> Result<Config, ConfigErrors> {
    let (config, faults, _) = typed(&loaded.base, &loaded.plugin_dirs, &loaded.root, Some(known));
    match config {
        Some(config) if faults.is_empty() => Ok(config),
        _ => Err(ConfigErrors::new(faults, &loaded.sources)),
    }
}

type Typed = (Option<Config>, Vec<Fault>, Vec<(Kind, String)>);

fn typed(base: &Path, plugin_dirs: &[PathBuf], root: &Table, known: Option<&KnownItems>) -> Typed {
    let cx = Context::new(base, known);
    let mut config = experiment::read(&cx, root);
    if let Some(config) = &mut config {
        let mut path = plugin_dirs.to_vec();
        path.append(&mut config.plugin_path);
        for folder in path {
            if !config.plugin_path.contains(&folder) {
                config.plugin_path.push(folder);
            }
        }
    }
    let (faults, plugins) = cx.finish();
    (config, faults, plugins)
}

/// The folder of the config and those of `--plugin-dir`, absolute. TOML is UTF-8, so paths that
/// are written into the run's own config must be, too.
fn folders(base: &Path, overrides: &Overrides) -> Result<(PathBuf, Vec<PathBuf>), String> {
    let absolute = |path: &Path| {
        let absolute: PathBuf = std::path::absolute(path)
            .map_err(|error| format!("`{}` is no usable folder: {error}", path.display()))?
            .components()
            .collect();
        match absolute.to_str() {
            Some(_) => Ok(absolute),
            None => Err(format!("the path `{}` is not UTF-8", absolute.display())),
        }
    };
    let dirs: Result<_, _> = overrides.plugin_dirs.iter().map(|path| absolute(path)).collect();
    Ok((absolute(base)?, dirs?))
}

fn about_file(message: String, help: Option<String>) -> ConfigErrors {
    ConfigErrors::new(vec![Fault { help, ..Fault::nowhere(message) }], &[])
}

fn unreadable(path: &Path, folder: &Path, error: &std::io::Error) -> ConfigErrors {
    let name = path.display();
    if path.is_dir() {
        let help = "name the TOML file in it".to_owned();
        return about_file(format!("`{name}` is a folder, not a config file"), Some(help));
    }
    if error.kind() != std::io::ErrorKind::NotFound {
        return about_file(format!("cannot read `{name}`: {error}"), None);
    }
    let message = format!("there is no file `{name}`");
    let Ok(entries) = std::fs::read_dir(folder) else {
        return about_file(message, Some(format!("nor is there a folder `{}`", folder.display())));
    };
    let mut files: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    files.sort();
    let wanted = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let near = nearest(&wanted.unwrap_or_default(), files.iter().map(String::as_str));
    let help = match near {
        Some(near) => format!("did you mean `{}`?", path.with_file_name(near).display()),
        None if files.is_empty() => format!("`{}` holds no .toml file", folder.display()),
        None => format!("`{}` holds: {}", folder.display(), files.join(", ")),
    };
    about_file(message, Some(help))
}

fn not_text(name: &str, error: &std::string::FromUtf8Error) -> ConfigErrors {
    let start = error.utf8_error().valid_up_to();
    let text = String::from_utf8_lossy(error.as_bytes());
    // What is no UTF-8 shows as U+FFFD, of three bytes.
    let pos = Pos { source: 0, start, end: start + '\u{fffd}'.len_utf8() };
    let source = Source { name: name.to_owned(), text: Arc::from(&*text) };
    let fault = Fault::new(pos, "this file is not UTF-8 text")
        .label("these bytes are no character")
        .help("save it as UTF-8");
    ConfigErrors::new(vec![fault], &[source])
}
