//! Parameters that make no sense are refused before anything runs, with the parameter's name.

use jackpot_plugin_api::manifest::Kind::{Activation, Loss, LrSchedule};
use serde_json::{Map, json};

use crate::setup::registry;

#[test]
fn values_out_of_range_are_refused_by_name() {
    let cases = [
        (Activation, "pswish", "beta", json!(0.0)),
        (Activation, "pswish", "beta", json!("inf")),
        (Activation, "pswish", "fade", json!("60")),
        (Activation, "gelu", "approximate", json!("erf")),
        (Activation, "elu", "alpha", json!(-1.0)),
        (Activation, "softplus", "beta", json!(0.0)),
        (Activation, "softplus", "threshold", json!(100.0)),
        (Loss, "kd", "temperature", json!(0.0)),
        (Loss, "kd", "alpha", json!(1.5)),
        (Loss, "kd", "reduction", json!("sum")),
        (LrSchedule, "constant", "warmup", json!(5)),
        (LrSchedule, "one-cycle", "pct_start", json!(1.5)),
        (LrSchedule, "one-cycle", "div_factor", json!(0.0)),
        (LrSchedule, "one-cycle", "final_div_factor", json!(-1.0)),
        (LrSchedule, "one-cycle", "anneal_strategy", json!("exp")),
    ];
    for (kind, plugin, name, value) in cases {
        let params = Map::from_iter([(name.to_owned(), value.clone())]);
        let error = registry().create(kind, plugin, &params).unwrap_err().to_string();
        assert!(error.contains(name), "{plugin} {name} = {value}: {error}");
    }
}
