//! `[report]`: the primary comparison.

use super::*;

fn declared(primary: &str) -> String {
    plus(&format!("[[spend]]\nrecipe = \"a\"\nlevels = [1, 2]\n[report]\nprimary = {primary}\n"))
}

#[test]
fn one_comparison_is_declared() {
    let config = read(&declared("{ recipe = \"a\", level = 2 }"));
    let expected = Primary { recipe: "a".into(), draw: None, level: 2 };
    assert_eq!(config.primary, Some(expected));
    assert_eq!(read(&declared("{ recipe = \"a\", level = 1, draw = \"imp\" }")).primary, {
        Some(Primary { recipe: "a".into(), draw: Some("imp".into()), level: 1 })
    });
    assert_eq!(read(&declared("\"none\"")).primary, None);
    assert_eq!(read(MINIMAL).primary, None);
}

#[test]
fn it_must_be_one_that_is_made() {
    for (primary, expected) in [
        ("{ recipe = \"b\", level = 1 }", "there is no recipe named `b`"),
        ("{ recipe = \"a\", level = 1, draw = \"inp\" }", "did you mean `imp`"),
        ("{ recipe = \"a\", level = 0 }", "`a` does not spend level 0 of the draw `imp`"),
        ("{ recipe = \"a\", level = 4 }", "`a` does not spend level 4"),
        ("{ level = 1 }", "recipe"),
    ] {
        let found = refused(&declared(primary), &Overrides::default());
        assert!(found.contains(expected), "{primary}\n{found}");
    }
}
