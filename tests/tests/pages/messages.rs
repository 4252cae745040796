//! The messages of docs/troubleshooting.md are those of the program.

use std::fs;
use std::path::Path;

use jackpot_tests::stranger::ROOT;

/// All sources under a folder, the texts that go over several lines made one.
fn sources(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let mut parts = text.split("\\\n");
            all.push_str(parts.next().unwrap());
            parts.for_each(|part| all.push_str(part.trim_start()));
        }
    }
}

/// Whether the parts of a message stand in a line, one behind the other.
fn stands_in(line: &str, parts: &[&str]) -> bool {
    let after = |rest: Option<usize>, part: &&str| {
        let from = rest?;
        line[from..].find(*part).map(|at| from + at + part.len())
    };
    parts.iter().fold(Some(0), after).is_some()
}

/// The messages of the page: the first cells of its tables.
fn messages(page: &str) -> Vec<&str> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split("` |").next().unwrap()).collect()
}

/// Not ours.
const OTHERS: [&str; 1] = ["error while loading shared libraries: libtorch_cpu.so"];

#[test]
fn the_program_says_what_the_page_explains() {
    let root = Path::new(ROOT);
    let mut text = String::new();
    for folder in ["host/src", "plugin-api/src", "xtask/src"] {
        sources(&root.join(folder), &mut text);
    }
    let page = fs::read_to_string(root.join("docs/troubleshooting.md")).unwrap();
    let messages = messages(&page);
    assert!(messages.len() > 20, "{messages:?}");
    for message in messages.into_iter().filter(|message| !OTHERS.contains(message)) {
        let parts: Vec<&str> = message.split('…').map(str::trim).collect();
        let length: usize = parts.iter().map(|part| part.len()).sum();
        assert!(length >= 7, "{message} could be anything");
        assert!(text.lines().any(|line| stands_in(line, &parts)), "nothing says `{message}`");
    }
}

#[test]
fn parts_are_found_in_order_alone() {
    assert!(stands_in("no {kind} plugin `{name}` was found", &["no", "plugin", "was found"]));
    assert!(!stands_in("was found: no plugin", &["no", "plugin", "was found"]));
}
