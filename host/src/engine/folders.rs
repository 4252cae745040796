//! Where plugins are searched.

use std::path::{Path, PathBuf};

/// The folders, in order: those given (`--plugin-dir`, then `[plugins] path`),
/// `JACKPOT_PLUGIN_PATH`, `plugins/` beside the executable, the executable's own folder (so that
/// a plain `cargo build` works).
pub fn plugin_folders(given: &[PathBuf]) -> Vec<PathBuf> {
    let environment = std::env::var_os("JACKPOT_PLUGIN_PATH").unwrap_or_default();
    let executable = std::env::current_exe().ok();
    folders(given, &environment, executable.as_deref().and_then(Path::parent))
}

fn folders(
    given: &[PathBuf],
    environment: &std::ffi::OsStr,
    beside: Option<&Path>,
) -> Vec<PathBuf> {
    let from_environment =
        std::env::split_paths(environment).filter(|path| !path.as_os_str().is_empty());
    let own = beside.into_iter().flat_map(|folder| [folder.join("plugins"), folder.to_owned()]);
    let mut all = Vec::new();
    for folder in given.iter().cloned().chain(from_environment).chain(own) {
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        if !all.contains(&folder) {
            all.push(folder);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_the_contract() {
        let found = folders(&["/a".into()], "/b::/a".as_ref(), Some(Path::new("/bin")));
        let expected: Vec<PathBuf> =
            ["/a", "/b", "/bin/plugins", "/bin"].map(PathBuf::from).to_vec();
        assert_eq!(found, expected);
    }
}
