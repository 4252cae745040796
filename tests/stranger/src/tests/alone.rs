//! Without any host.

use jackpot_plugin_api::prelude::*;
use jackpot_plugin_api::testing::*;

use crate::{ByGradient, Fading, Flat, Shortcut, Swish, WarmUp};

#[test]
fn parameters_have_defaults_and_ranges() -> TestResult {
    assert_eq!(item::<Swish>(json!({}))?.beta, 1.0);
    assert_eq!(item::<Swish>(json!({ "beta": 2 }))?.beta, 2.0);
    let say = |params| item::<Swish>(params).err().unwrap().to_string();
    let range = say(json!({ "beta": 101 }));
    assert_eq!(range, "parameter `beta`: 101 is out of range: from 0 to 100");
    assert_eq!(say(json!({ "bet": 1 })), "no parameter `bet`; known: beta");
    assert_eq!(say(json!({ "beta": "2" })), "parameter `beta`: \"2\" is not a number");
    Ok(())
}

#[test]
fn a_schedule_and_a_knob_over_time() -> TestResult {
    let warm: WarmUp = item(json!({}))?;
    let rates = learning_rates(&warm, 0.4, 4, 6)?;
    assert_close(&rates, &[0.0, 0.1, 0.2, 0.3, 0.4, 0.4], 1e-12);
    let error = learning_rates(&warm, -0.4, 4, 6).unwrap_err().to_string();
    assert_eq!(error, "the learning rate is -0.1 at step 1");
    assert_eq!(knob_values(&Fading, "k", 2, 4)?, [1.0, 0.75, 0.5, 0.25, 0.0]);
    let shortcut: Shortcut = item(json!({}))?;
    assert_eq!(knob_values(&shortcut, "alpha", 2, 2)?, [1.0, 0.5, 0.0]);
    let error = knob_values(&Fading, "j", 2, 4).unwrap_err().to_string();
    assert_eq!(error, "there is no knob `j`; there are: k");
    assert_eq!(due_steps(&ByGradient, 10, 6)?, [1, 3, 5]);
    Ok(())
}

#[test]
fn an_architecture_builds_its_graph() -> TestResult {
    let graph = graph_of(&Flat, [3, 4, 4], 10)?;
    let names: Vec<_> = graph.nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(names, ["flat", "fc"]);
    assert_eq!(graph.parameters[0].shape, [10, 48]);
    let error = graph_of(&Flat, [3, 0, 4], 10).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    Ok(())
}
