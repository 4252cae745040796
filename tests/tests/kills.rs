//! Whatever kills a run, nothing is lost and nothing is wrong: gone on with, it ends with the bytes
//! of a run that nobody disturbed.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::time::Instant;

use jackpot_tests::kills::{Tally, campaign, config, of_run};
use jackpot_tests::shared::shared;
use jackpot_tests::{Sandbox, data, files, results};

/// Of a run without a kill and without a state on the way.
fn undisturbed() -> BTreeMap<String, Vec<u8>> {
    let folder = shared("kills-undisturbed", |sandbox| {
        data::tensors(sandbox);
        sandbox.config(&config());
        sandbox.jackpot(&["run", "tiny.toml"]).run().expect(0);
    });
    of_run(&folder.join("runs/tiny"))
}

#[test]
fn the_undisturbed_run_has_everything_on() {
    undisturbed();
    let folder = shared("kills-undisturbed", |_| unreachable!("it was just made"));
    let rows = results(&folder.join("runs/tiny"));
    let recipes: Vec<&str> = rows.iter().map(|row| row.get("recipe")).collect();
    assert_eq!(recipes, ["", "", "all", "kd", "rigl"]);
    assert!(rows.iter().all(|row| row.get("status") == "done"));
}

/// A training whose knobs move, killed after each of its states, the one after its last step too:
/// from there on only the knobs' places are left to be found again.
#[test]
fn after_every_state_of_a_training() {
    let undisturbed = undisturbed();
    for state in 1..=6 {
        let sandbox = Sandbox::new();
        data::tensors(&sandbox);
        sandbox.config(&config());
        sandbox.jackpot(&["draw", "tiny.toml", "-q"]).run().expect(0);
        let run = ["run", "tiny.toml", "-q", "--checkpoint", "1it"];
        let killed = format!("checkpoint-renamed:{state}");
        sandbox.jackpot(&run).env("JACKPOT_FAILPOINT", killed).run().expect(137);
        sandbox.jackpot(&run).run().expect(0);
        files::assert_same(&of_run(&sandbox.at("runs/tiny")), &undisturbed);
    }
}

/// Sixty kills; `JACKPOT_KILLS` and `JACKPOT_KILLS_SEED` say otherwise (`cargo xtask kill-test`).
#[test]
fn a_run_that_is_killed_again_and_again_ends_with_the_same_bytes() {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let kills = number("JACKPOT_KILLS").unwrap_or(60);
    let seed = number("JACKPOT_KILLS_SEED").unwrap_or(1);
    let undisturbed = undisturbed();
    let begun = Instant::now();
    let tally = campaign(kills, seed, &undisturbed);
    let Tally { kills: killed, at, beside_another, runs } = &tally;
    println!(
        "{killed} kills in {runs} runs, {beside_another} of them beside another process, \
         {} at places of the program: {at:?}; {:.0} s",
        at.values().sum::<u64>(),
        begun.elapsed().as_secs_f64()
    );
    assert!(*killed >= kills);
    assert!(tally.spared().is_empty(), "nothing died at {:?}", tally.spared());
}
