//! A plugin of a later version (`tests/abi/next`) on today's host: what needs nothing new works;
//! what does is refused in one sentence that says what to do.

use std::fs;

use jackpot_tests::config::Config;
use jackpot_tests::install::kept;
use jackpot_tests::messages::tells;
use jackpot_tests::tensors::read;
use jackpot_tests::{Ran, Sandbox, data};

fn run(config: &Config) -> (Sandbox, Ran) {
    let sandbox = Sandbox::new();
    data::tensors(&sandbox);
    sandbox.config(config);
    let program = sandbox.jackpot(&["run", "tiny.toml", "--plugin-dir"]).arg(kept("next"));
    let ran = program.run();
    (sandbox, ran)
}

#[test]
fn what_needs_nothing_new_works() {
    // A parameter of a type that this host does not know is the plugin's own matter.
    let config = Config::default()
        .draw("levels = 0")
        .spend("plain", "activation = \"next-plain\"")
        .spend("typed", "activation = { plugin = \"next-typed\", params = { text = \"plain\" } }")
        .spend("own", "activation = \"swish\"");
    let (sandbox, ran) = run(&config);
    ran.expect(0);
    let state = |recipe: &str| {
        read(
            &sandbox.at(&format!("runs/tiny/spend/{recipe}/imp/seed-1/level-00/model.safetensors")),
        )
    };
    assert_eq!(state("plain"), state("own"));
    assert_eq!(state("typed"), state("own"));
    let staged = "architecture = { plugin = \"next-staged\", params = { staged = false } }";
    run(&Config::default().model(staged).draw("levels = 0")).1.expect(0);
}

#[test]
fn what_is_new_is_refused_in_a_sentence() {
    let told = |name: &str, config: Config| {
        let (sandbox, ran) = run(&config);
        let ran = ran.fits_on_a_screen();
        assert!(!sandbox.at("runs").exists(), "something was written: {ran}");
        tells("newer-plugin", name, &ran, &sandbox.relative(&ran.stderr));
    };
    for uses in ["host", "context", "question", "error"] {
        let item = format!("{{ plugin = \"next-newer\", params = {{ uses = \"{uses}\" }} }}");
        told(uses, Config::default().train(&format!("activation = {item}")));
    }
    told("graph", Config::default().model("architecture = \"next-staged\""));
    let typed = "activation = { plugin = \"next-typed\", params = { text = \"fancy\" } }";
    told("parameter", Config::default().train(typed));
    let (_, ran) = run(&Config::default().train("activation = \"next-kind\""));
    ran.expect(2).says(&["`next-kind` is no activation", "its kind is next"]);
}

#[test]
fn the_commands_about_plugins_know_what_they_do_not_know() {
    let sandbox = Sandbox::new();
    let plugin = |args: &[&str]| {
        sandbox.jackpot(&["plugin"]).args(args).arg("--plugin-dir").arg(kept("next")).run()
    };
    let list = plugin(&["list"]).expect(0);
    for name in ["next-plain", "next-newer", "next-typed", "next-staged", "next-kind"] {
        assert!(list.stdout.contains(name), "{list}");
    }
    plugin(&["info", "next-typed"]).expect(0);
    let ran = plugin(&["info", "next-kind"]);
    tells("newer-plugin", "info of a kind", &ran, &ran.stderr);
}

#[test]
fn the_kept_file_is_of_this_abi_and_a_later_version() {
    let bytes = fs::read(kept("next/libnext.so")).unwrap();
    let stamp = b"jackpot-plugin abi=1 api=1000.0.0\0";
    assert!(bytes.windows(stamp.len()).any(|window| window == stamp));
}
