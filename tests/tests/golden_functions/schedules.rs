//! Learning-rate schedules, whole curves.

use jackpot::plugin::kinds::LrSchedule;
use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::manifest::Kind;

use crate::data::case_of;
use crate::setup::instance;

#[test]
fn curves_follow_pytorchs_schedulers() {
    let golden = case_of("functions.json", "schedules");
    let whole = |key: &str| golden.about[key].as_u64().unwrap();
    let (base, steps_per_epoch) = (golden.number("base"), whole("steps_per_epoch"));
    let total_steps = whole("epochs") * steps_per_epoch;
    let curves = golden.about["curves"].as_array().unwrap();
    assert_eq!(curves.len(), 11);
    for (index, curve) in curves.iter().enumerate() {
        let plugin = curve["plugin"].as_str().unwrap();
        let schedule = LrSchedule::new(instance(Kind::LrSchedule, plugin, &curve["params"]));
        let rates = golden.values(&index.to_string());
        assert_eq!(rates.len() as u64, total_steps);
        for (step, expected) in (0..).zip(rates) {
            let progress = Progress { step, steps_per_epoch, total_steps };
            let rate = schedule.learning_rate(base, progress).unwrap();
            let close = (rate - expected).abs() <= 1e-12 * expected;
            assert!(close, "{curve} at step {step}: {rate}, not {expected}");
        }
    }
}
