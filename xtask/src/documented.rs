//! What documents tell to type is understood.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::parse;

/// The README and every page below `docs`.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    for folder in ["docs", "docs/plugins"] {
        let entries = fs::read_dir(root.join(folder)).unwrap();
        found.extend(entries.map(|entry| entry.unwrap().path()));
    }
    found.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
    found
}

/// The tasks of a page with their arguments, from its blocks and its sentences.
fn tasks(text: &str) -> Vec<String> {
    let blocks = text.split("```").skip(1).step_by(2).flat_map(str::lines);
    let prose: String = text.split("```").step_by(2).collect();
    let spans = prose.split('`').skip(1).step_by(2).map(str::to_owned);
    let lines = blocks.map(str::to_owned).chain(spans);
    let after = |line: String| Some(line.split_once("cargo xtask ")?.1.to_owned());
    let said = |rest: String| rest.split(" #").next().unwrap_or_default().trim().to_owned();
    lines.filter_map(after).map(said).collect()
}

#[test]
fn every_task_in_the_documents_is_known() {
    let mut checked = 0;
    for page in pages() {
        for line in tasks(&fs::read_to_string(&page).unwrap()) {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            if let Err(error) = parse(&words) {
                panic!("{}: cargo xtask {line}: {error}", page.display());
            }
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked} tasks");
}
