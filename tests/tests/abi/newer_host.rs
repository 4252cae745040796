//! Today's plugins on a host of a later version: the program built with the feature `next`, whose
//! function tables are longer, and which asks files and items what they do not know.

use std::path::PathBuf;
use std::sync::OnceLock;

use jackpot_tests::config::Config;
use jackpot_tests::install::{install, kept};
use jackpot_tests::{Program, Sandbox, data};

use crate::{everything, run};

/// The later host. Built beside today's, with which it shares all but its own two crates.
fn host() -> Program {
    static HOST: OnceLock<PathBuf> = OnceLock::new();
    Program::of(HOST.get_or_init(|| install().example("next-host", "jackpot", &["next"])))
        .env("JACKPOT_PLUGIN_PATH", install().plugins())
}

#[test]
fn the_reference_plugin_of_abi_1_does_the_same_there() {
    let (ran, later) = run(host(), &kept("1"), &everything());
    let (_, today) = run(Program::new(), &kept("1"), &everything());
    assert!(later == today, "something that was trained differs");
    // It was asked, and the host did without.
    ran.says(&[
        "activation reference-slope: file this plugin does not know the question `next`: rebuild \
         the plugin; hook activation items of this plugin have no hook `about`: rebuild the plugin",
        "update reference-turn: file this plugin does not know the question `next`",
    ]);
}

#[test]
fn a_plugin_of_that_version_has_all_that_is_new() {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    let newer = |uses: &str| {
        format!("activation = {{ plugin = \"next-newer\", params = {{ uses = \"{uses}\" }} }}")
    };
    let config = Config::default()
        .model("architecture = \"next-staged\"")
        .draw("levels = 0")
        .spend("host", &newer("host"))
        .spend("context", &newer("context"))
        .spend("question", &newer("question"))
        .spend("typed", "activation = { plugin = \"next-typed\", params = { text = \"plain\" } }");
    sandbox.config(&config);
    let program = host().args(["run", "tiny.toml", "--plugin-dir"]).arg(kept("next"));
    let ran = program.current_dir(sandbox.path()).run().expect(0);
    ran.says(&["activation next-newer: file an answer; hook an answer"]);
    let info = host().args(["plugin", "info", "next-kind", "--plugin-dir"]).arg(kept("next"));
    let info = info.run().expect(0);
    assert!(info.stdout.contains("next next-kind"), "{info}");
}
