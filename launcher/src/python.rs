//! Where a Python has its torch.

use std::path::{Path, PathBuf};

use jackpot_libtorch::python::ask;

/// Asks without importing torch, which would take seconds.
const QUESTION: &str = "
from importlib.util import find_spec
torch = find_spec('torch')
if torch and torch.submodule_search_locations:
    print(list(torch.submodule_search_locations)[0])
";

/// The folder of that Python's `torch` package, if it has one; `None` if this is no Python.
pub fn torch_of(python: &Path) -> Option<Option<PathBuf>> {
    let answer = ask(python, QUESTION)?;
    let folder = answer.trim();
    Some((!folder.is_empty()).then(|| PathBuf::from(folder)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_python_gives_no_answer() {
        assert_eq!(torch_of(Path::new("no-such-python")), None);
        assert_eq!(torch_of(Path::new("false")), None);
        // It does as it is told, and says nothing.
        assert_eq!(torch_of(Path::new("true")), Some(None));
    }
}
