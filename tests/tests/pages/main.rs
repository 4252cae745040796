//! Every command of the README and the book is run: a page from top to bottom, in a folder of its
//! own, with the real program.
//!
//! - A block that begins with a comment of a file's name, `# experiment.toml`, is written to that
//!   file. Every block of TOML is a valid config, or a valid part of one; a recipe that
//!   `experiment.toml` has, too, takes the place of that.
//! - A block marked `sh` is typed into a shell where the one before ended; each command has to end
//!   with exit code 0.
//! - [`before`] makes what a page takes for granted, such as a run, and has the `--set` that make its
//!   trainings short. [`left_out`] lists what is not run, and why.
//! - `python` needs `JACKPOT_TEST_PYTHON` (torch, safetensors, onnx, onnxruntime); without it such
//!   commands do nothing.

#![allow(clippy::unwrap_used, reason = "tests")]

mod back;
mod before;
mod blocks;
mod fragment;
mod left_out;
mod messages;
mod reader;

use std::fs;
use std::path::Path;

use before::{PAGES, Page, nothing};
use jackpot_tests::stranger::ROOT;
use left_out::{LEFT_OUT, reason};
use reader::{Reader, follow};

/// The README and all pages of the summary.
fn all() -> Vec<String> {
    let summary = fs::read_to_string(Path::new(ROOT).join("docs/SUMMARY.md")).unwrap();
    let links = summary.split("](").skip(1).map(|part| part.split(')').next().unwrap());
    let pages: Vec<String> = links.map(|link| format!("docs/{link}")).collect();
    assert!(pages.len() > 20, "{pages:?}");
    [vec!["README.md".to_owned()], pages].concat()
}

fn read(page: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(page)).unwrap()
}

fn commands(page: &str) -> Vec<String> {
    let shell = blocks::blocks(&read(page)).into_iter().filter(|block| block.language == "sh");
    shell.flat_map(|block| block.commands()).collect()
}

/// Follows a page of [`PAGES`], which has to have commands that are run.
#[track_caller]
fn page(path: &str) -> Reader<'static> {
    let page = PAGES.iter().find(|page| page.path == path).unwrap();
    let (commands, reader) = follow(page);
    assert!(commands > 0, "{path} has no command that is run");
    reader
}

#[test]
fn readme_and_installing() {
    page("README.md");
    page("docs/install.md");
}

#[test]
fn the_config() {
    page("docs/config.md");
}

#[test]
fn common_tasks() {
    page("docs/howto.md");
}

#[test]
fn connect_and_data() {
    page("docs/connect.md");
    page("docs/data.md");
}

#[test]
fn export() {
    let reader = page("docs/export.md");
    back::take(&read("docs/export.md"), &reader.sandbox);
}

#[test]
fn own_network() {
    page("docs/own-network.md");
}

#[test]
fn an_own_plugin() {
    page("docs/plugins.md");
    page("docs/plugins/checking.md");
}

#[test]
fn the_tutorial() {
    page("docs/plugins/tutorial.md");
}

#[test]
fn resuming_verification_and_json() {
    page("docs/json.md");
    page("docs/resuming.md");
    page("docs/verification.md");
}

#[test]
fn all_other_pages() {
    let known = |page: &String| PAGES.iter().any(|known| known.path == page);
    for path in all().into_iter().filter(|page| !known(page)) {
        let path: &'static str = path.leak();
        follow(&Page { path, before: nothing, set: &[] });
    }
}

#[test]
fn every_page_that_needs_something_is_followed() {
    let own = include_str!("main.rs");
    for page in PAGES {
        assert!(own.contains(&format!("page(\"{}\")", page.path)), "{}", page.path);
        assert!(all().iter().any(|known| known == page.path), "{}", page.path);
    }
}

#[test]
fn what_is_left_out_is_there_and_has_a_reason() {
    let lines: Vec<(String, String)> = all()
        .into_iter()
        .flat_map(|page| commands(&page).into_iter().map(move |line| (page.clone(), line)))
        .collect();
    for entry in LEFT_OUT {
        assert!(entry.why.len() > 10, "{entry:?}");
        assert!(lines.iter().any(|(page, line)| entry.holds(page, line)), "no page has {entry:?}");
    }
    let run = lines.iter().filter(|(page, line)| reason(page, line).is_none()).count();
    assert!(2 * run > lines.len(), "{run} of {} commands are run", lines.len());
}

/// A block in another language may not hide a command.
#[test]
fn commands_stand_in_blocks_for_a_shell() {
    for page in all() {
        for block in blocks::blocks(&read(&page)) {
            let mut lines = block.text.lines();
            let command =
                lines.find(|line| ["jackpot ", "cargo "].iter().any(|c| line.starts_with(c)));
            assert!(
                block.language == "sh" || command.is_none(),
                "{page}:{}: {command:?}",
                block.line
            );
        }
    }
}
