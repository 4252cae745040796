//! Python interpreters on this machine: their pip, and torch if they have it.

use std::env;
use std::path::{Path, PathBuf};

use jackpot_libtorch::python::ask;

/// One working interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Python {
    /// What to start.
    pub command: PathBuf,
    pub version: (u32, u32),
    /// `None`: it has no pip.
    pub pip: Option<(u32, u32)>,
    /// The folder of its `torch` package.
    pub torch: Option<PathBuf>,
}

/// Asks without importing torch, which would take seconds. Runs on any Python from 3.4 on.
const QUESTION: &str = "
import sys
from importlib.util import find_spec
print('python %d.%d' % sys.version_info[:2])
if find_spec('pip'):
    import pip
    print('pip ' + pip.__version__)
torch = find_spec('torch')
if torch and torch.submodule_search_locations:
    print('torch ' + list(torch.submodule_search_locations)[0])
";

/// The working ones among an active virtual environment, the repository's `.venv`, `python3`
/// and `python`, in this order.
pub fn find(root: &Path) -> Vec<Python> {
    let mut commands: Vec<PathBuf> = Vec::new();
    if let Some(environment) = env::var_os("VIRTUAL_ENV").filter(|v| !v.is_empty()) {
        commands.push(Path::new(&environment).join("bin/python"));
    }
    commands.push(root.join(".venv/bin/python"));
    commands.push("python3".into());
    commands.push("python".into());
    let mut found: Vec<Python> = Vec::new();
    for python in commands.into_iter().filter_map(known) {
        let same = |other: &Python| {
            (other.version, other.pip, &other.torch) == (python.version, python.pip, &python.torch)
        };
        if !found.iter().any(same) {
            found.push(python);
        }
    }
    found
}

fn known(command: PathBuf) -> Option<Python> {
    let answer = ask(&command, QUESTION)?;
    parse(command, &answer)
}

fn parse(command: PathBuf, answer: &str) -> Option<Python> {
    let value = |name: &str| {
        answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::trim))
    };
    Some(Python {
        command,
        version: two_numbers(value("python")?)?,
        pip: value("pip").and_then(two_numbers),
        torch: value("torch").map(PathBuf::from),
    })
}

/// `23.2.1` → (23, 2); `23` → (23, 0).
fn two_numbers(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.').map(|part| {
        let digits = part.find(|c: char| !c.is_ascii_digit()).map_or(part, |end| &part[..end]);
        digits.parse().ok()
    });
    Some((parts.next()??, parts.next().flatten().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(answer: &str) -> Option<Python> {
        parse("python3".into(), answer)
    }

    #[test]
    fn an_answer_is_read() {
        let full = parsed("python 3.12\npip 24.0\ntorch /a b/site-packages/torch\n").unwrap();
        assert_eq!((full.version, full.pip), ((3, 12), Some((24, 0))));
        assert_eq!(full.torch, Some("/a b/site-packages/torch".into()));

        let bare = parsed("python 3.9\n").unwrap();
        assert_eq!((bare.version, bare.pip, bare.torch), ((3, 9), None, None));
        assert_eq!(parsed("pip 24.0\n"), None);
        assert_eq!(parsed(""), None);
    }

    #[test]
    fn versions_of_pip_are_read() {
        assert_eq!(two_numbers("20.0.2"), Some((20, 0)));
        assert_eq!(two_numbers("25.1b1"), Some((25, 1)));
        assert_eq!(two_numbers("26"), Some((26, 0)));
        assert_eq!(two_numbers("pip"), None);
    }

    #[test]
    fn what_is_no_python_is_passed_over() {
        assert_eq!(known("no-such-python".into()), None);
        assert_eq!(known("false".into()), None);
        assert_eq!(known("echo".into()), None);
    }
}
