//! The book: every page is in `docs/SUMMARY.md`, every link leads somewhere, and every block of Rust
//! is compiled as a stranger would; what is a whole plugin is built and found.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jackpot_tests::Sandbox;
use jackpot_tests::install::install;
use jackpot_tests::stranger::{self, ROOT};

fn root() -> PathBuf {
    Path::new(ROOT).canonicalize().unwrap()
}

/// Every page below `docs`, by its path there.
fn pages() -> Vec<(String, String)> {
    fn walk(folder: &Path, above: &str, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{above}{}", path.file_name().unwrap().to_str().unwrap());
            if path.is_dir() {
                walk(&path, &format!("{name}/"), found);
            } else if name.ends_with(".md") {
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join("docs"), "", &mut found);
    found.sort();
    found
}

/// The text without blocks of code, in which brackets are no links.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

/// The targets of links.
fn links(text: &str) -> Vec<String> {
    let parts = prose(text);
    let parts = parts.split("](").skip(1);
    parts.map(|part| part.split(')').next().unwrap().to_owned()).collect()
}

/// A heading's anchor, as GitHub and mdBook make it.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| -> String {
        let words = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        words.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn the_summary_has_every_page_once() {
    let summary = fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    let listed = links(&summary);
    let there: BTreeSet<_> =
        pages().into_iter().map(|(name, _)| name).filter(|name| name != "SUMMARY.md").collect();
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), there);
    assert_eq!(listed.len(), there.len(), "a page stands in it twice");
}

#[test]
fn every_link_leads_somewhere() {
    let mut all: Vec<(PathBuf, String)> =
        pages().into_iter().map(|(name, text)| (root().join("docs").join(name), text)).collect();
    for page in ["README.md", "CONTRIBUTING.md", "examples/README.md"] {
        let path = root().join(page);
        let text = fs::read_to_string(&path).unwrap();
        all.push((path, text));
    }
    let mut checked = 0;
    for (page, text) in &all {
        for link in links(text) {
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.parent().unwrap().join(file),
            };
            assert!(target.exists(), "{}: {link}", page.display());
            if !anchor.is_empty() {
                let text = fs::read_to_string(&target).unwrap();
                let known = anchors(&text);
                assert!(known.iter().any(|known| known == anchor), "{link}: {known:?}");
            }
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked} links");
}

/// The blocks of Rust of the author's pages, with the name of a crate for each.
fn blocks() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let authors = pages().into_iter().filter(|(name, _)| name.starts_with("plugins"));
    for (page, text) in authors.chain([("readme".to_owned(), readme)]) {
        let blocks = text.split("```rust\n").skip(1).map(|part| part.split("```").next().unwrap());
        let stem = page.trim_end_matches(".md").replace('/', "-");
        found.extend(blocks.enumerate().map(|(i, code)| (format!("{stem}-{i}"), code.to_owned())));
    }
    found
}

const PROFILE: &str = "[profile.release]\nopt-level = \"s\"\ncodegen-units = 1\nstrip = true\n";

#[test]
fn every_block_of_rust_compiles_and_whole_plugins_are_found() {
    let blocks = blocks();
    let (whole, parts): (Vec<_>, Vec<_>) =
        blocks.iter().partition(|(_, code)| code.contains("export_plugin!("));
    assert!(whole.len() >= 10 && parts.len() >= 5, "{blocks:#?}");
    let outside = tempfile::tempdir().unwrap();
    let write = |path: String, text: &str| {
        let path = outside.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let api = root().join("plugin-api");
    let make = |name: &str, code: &str| {
        let manifest = format!(
            "[package]\nname = \"book-{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[lib]\n\
             crate-type = [\"cdylib\"]\n[dependencies]\njackpot-plugin-api = {{ path = {api:?} }}\n\
             [dev-dependencies]\n\
             jackpot-plugin-api = {{ path = {api:?}, features = [\"testing\"] }}\n"
        );
        write(format!("{name}/Cargo.toml"), &manifest);
        write(format!("{name}/src/lib.rs"), code);
    };
    for (name, code) in &whole {
        make(name, code);
    }
    // Parts stand beside each other in one crate, where nobody calls them.
    let module = |(name, code): &&(String, String)| {
        format!("mod {} {{\n{code}\n}}\n", name.replace('-', "_"))
    };
    let modules: String = parts.iter().map(module).collect();
    make("parts", &format!("#![allow(dead_code)]\n{modules}"));
    let workspace = format!("[workspace]\nresolver = \"3\"\nmembers = [\"[a-z]*\"]\n{PROFILE}");
    write("Cargo.toml".to_owned(), &workspace);
    fs::copy(root().join("Cargo.lock"), outside.path().join("Cargo.lock")).unwrap();
    let built = stranger::cargo(outside.path(), "build", &[]);
    let said = String::from_utf8_lossy(&built.stderr).into_owned();
    assert!(!said.contains("warning"), "{said}");
    let program = install().binary.to_str().unwrap();
    write(".cargo/config.toml".to_owned(), &format!("[env]\nJACKPOT = {program:?}\n"));
    let tested = stranger::cargo(outside.path(), "test", &[]);
    let said = String::from_utf8_lossy(&tested.stdout).into_owned();
    let tests: usize = blocks.iter().map(|(_, code)| code.matches("#[test]").count()).sum();
    assert!(tests >= 2 && said.matches(" ... ok\n").count() >= tests, "{tests} tests\n{said}");

    let sandbox = Sandbox::new();
    let list = sandbox.jackpot(&["plugin", "list", "--json", "--plugin-dir"]);
    let list = list.arg(stranger::target().join("release")).run().expect(0);
    let list: serde_json::Value = serde_json::from_str(&list.stdout).unwrap();
    for (name, code) in whole {
        let file = format!("/libbook_{}.so", name.replace('-', "_"));
        let item = code.split("const NAME: &str = \"").nth(1).unwrap().split('"').next().unwrap();
        let found = list["plugins"].as_array().unwrap().iter().any(|plugin| {
            plugin["name"] == item && plugin["file"].as_str().unwrap().ends_with(&file)
        });
        assert!(found, "{item} in {file}: {list:#}");
    }
}
