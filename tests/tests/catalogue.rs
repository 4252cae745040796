//! docs/catalogue.md: every item that comes with the program has a row, and every row names tests
//! that exist.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jackpot_tests::Sandbox;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The cells of the rows of a table, and what stands in backticks in each.
fn rows() -> Vec<Vec<Vec<String>>> {
    let text = fs::read_to_string(Path::new(ROOT).join("docs/catalogue.md")).unwrap();
    let code = |cell: &str| -> Vec<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let cells = |line: &str| -> Vec<Vec<String>> {
        let line = line.trim_matches('|').replace("\\|", "");
        line.split('|').map(code).collect()
    };
    text.lines().filter(|line| line.starts_with("| `")).map(cells).collect()
}

/// The items that `plugin list` shows with the plugins that come with the program.
fn items() -> BTreeSet<String> {
    let sandbox = Sandbox::new();
    let ran = sandbox.jackpot(&["plugin", "list", "--json"]).run().expect(0);
    let list: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let items = list["plugins"].as_array().unwrap();
    items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_item_has_a_row() {
    let listed: Vec<String> = rows().into_iter().flat_map(|row| row[0].clone()).collect();
    let unique: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(unique.len(), listed.len(), "no item has two rows: {listed:?}");
    assert_eq!(unique, items());
}

#[test]
fn every_row_names_tests_that_exist() {
    for row in rows() {
        let tests = row.last().unwrap();
        assert!(!tests.is_empty(), "{:?} has no test", row[0]);
        for test in tests {
            let parts: Vec<&str> = test.split("::").collect();
            let [binary, module, function] = parts.as_slice() else { panic!("{test}") };
            let path = Path::new(ROOT).join(format!("tests/tests/{binary}/{module}.rs"));
            let source =
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("{test}: {error}"));
            let found = source.find(&format!("fn {function}()"));
            let before = &source[..found.unwrap_or_else(|| panic!("{test} is not there"))];
            let attribute = before.rfind("#[test]").unwrap_or_else(|| panic!("{test} is no test"));
            assert!(!before[attribute..].contains('}'), "{test} is no test");
        }
    }
}
