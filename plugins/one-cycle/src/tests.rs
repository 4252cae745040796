use super::*;

fn linear(pct_start: f64, three_phase: bool) -> OneCycle {
    OneCycle {
        pct_start,
        div_factor: 4.0,
        final_div_factor: 2.0,
        anneal_strategy: "linear".to_owned(),
        three_phase,
        warmup: None,
    }
}

fn curve(schedule: &OneCycle, total_steps: u64) -> Vec<f64> {
    let at = |step| Progress { step, steps_per_epoch: 3, total_steps };
    (0..total_steps).map(|step| schedule.rate(8.0, at(step))).collect()
}

#[test]
fn rises_to_the_base_and_falls_to_the_end() {
    // Of 10 steps the top is 0.5·10 − 1 = 4: from 2 in steps of 1.5; then to 1 in steps of 1.4.
    let expected = [2.0, 3.5, 5.0, 6.5, 8.0, 6.6, 5.2, 3.8, 2.4, 1.0];
    for (found, expected) in curve(&linear(0.5, false), 10).into_iter().zip(expected) {
        assert!((found - expected).abs() < 1e-14, "{found} is not {expected}");
    }
}

#[test]
fn three_phases_come_back_to_the_first_rate() {
    // Of 8 steps the top is 0.5·8 − 1 = 3 and the way back ends at 6.
    assert_eq!(curve(&linear(0.5, true), 8), [2.0, 4.0, 6.0, 8.0, 6.0, 4.0, 2.0, 1.0]);
}

#[test]
fn cosines_pass_the_middle_half_way() {
    let cos = OneCycle { anneal_strategy: "cos".to_owned(), ..linear(0.5, false) };
    let rates = curve(&cos, 10);
    assert_eq!((rates[0], rates[4], rates[9]), (2.0, 8.0, 1.0));
    assert!((rates[2] - 5.0).abs() < 1e-14);
    // A quarter of the way up: 8 − 3·(1 + cos 45°).
    assert!((rates[1] - (8.0 - 3.0 * (1.0 + 0.5_f64.sqrt()))).abs() < 1e-14);
}

#[test]
fn the_warm_up_holds_the_cycle_down() {
    let warm = OneCycle { warmup: Some(Duration::Epochs(1)), ..linear(0.5, true) };
    assert_eq!(curve(&warm, 8)[..4], [2.0 / 3.0, 8.0 / 3.0, 6.0, 8.0]);
}

#[test]
fn a_phase_of_no_length_and_a_step_past_the_end_are_finite() {
    // The top is step 0 and the end step 1.
    assert_eq!(curve(&linear(0.5, false), 2), [8.0, 1.0]);
    assert_eq!(curve(&linear(1.0, false), 1), [8.0]);
    assert_eq!(curve(&linear(0.0, false), 1), [1.0]);
    let past = Progress { step: 5, steps_per_epoch: 1, total_steps: 2 };
    assert_eq!(linear(0.5, false).rate(8.0, past), 1.0);
}

#[test]
fn defaults_are_pytorchs() {
    let defaults: Vec<_> = OneCycle::specs().into_iter().map(|spec| spec.default).collect();
    let expected = [json!(0.3), json!(25.0), json!(1e4), json!("cos"), json!(false)];
    assert_eq!(defaults[..5], expected.map(Some));
    assert_eq!(defaults[5], None);
}
