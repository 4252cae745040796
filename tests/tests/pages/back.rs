//! What docs/export.md says of taking an export back is done with the files that its commands made.

use jackpot_tests::Sandbox;
use jackpot_tests::config::Config;

use crate::blocks::blocks;

/// Draws with the page's block of TOML, in a folder in which the page was followed.
#[track_caller]
pub fn take(page: &str, sandbox: &Sandbox) {
    let mut toml = blocks(page);
    toml.retain(|block| block.language == "toml");
    let [block] = toml.try_into().unwrap();
    let (model, draws) = block.text.split_once("[[draw]]").unwrap();
    // What stands behind a section's name is a comment.
    let below = |part: &str| part.trim_start_matches(|c| c != '\n').to_owned();
    let draws = draws.split("[[draw]]").map(below).collect();
    let model = model.trim_start_matches("[model]").trim();
    let back = Config { draws, ..Config::default() }.model(model);
    sandbox.write("back.toml", back.text());
    sandbox.jackpot(&["draw", "back.toml", "--out", "runs/back"]).run().expect(0);
}
