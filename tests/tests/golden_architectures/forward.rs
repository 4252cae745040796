//! Logits in eval and train mode and running statistics, for each of the three shapes of images.

use jackpot::model::Network;
use jackpot_plugin_api::model::Mode;
use tch::{Kind, Tensor};

use crate::data::numbers;
use crate::net::{Net, Setting, all, joined_within};
use crate::state;

/// Logits, and their distance from the stored ones by the norm of these.
fn off(network: &Network, inputs: &Tensor, mode: Mode, stored: &[f64]) -> f64 {
    let outputs = tch::no_grad(|| network.forward(inputs, mode).unwrap());
    let norm = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>().sqrt();
    let logits = numbers(&outputs[0].1);
    assert_eq!(logits.len(), stored.len());
    norm(&mut logits.iter().zip(stored).map(|(a, b)| a - b)) / norm(&mut stored.iter().copied())
}

fn check(name: &'static str, kind: Kind, tolerance: f64) {
    let net = Net::of(name);
    let cases = net.golden.about["forward"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for about in cases {
        let (label, case) = (about["label"].as_str().unwrap(), about["name"].as_str().unwrap());
        let setting = Setting::of(about);
        let parts = net.parts(&setting);
        let mut network = parts.training().network;
        state::load(&mut network, label, kind);
        let inputs = net.batch(label, &setting, kind).inputs;
        let stored = |what: &str| net.golden.values(&format!("forward/{case}/{what}"));
        let what = format!("{name} {case} {kind:?}");
        for (mode, name) in [(Mode::Eval, "eval"), (Mode::Train, "train")] {
            let off = off(&network, &inputs, mode, &stored(name));
            println!("{what}: {name} {off:.1e}");
            assert!(off <= tolerance, "{what}: logits in {name} mode are {off:e} off");
        }
        joined_within(tolerance, &state::statistics(&network), &stored("statistics"), &what);
    }
}

#[test]
fn f32_logits_and_statistics() {
    all().for_each(|name| check(name, Kind::Float, 1e-4));
}

#[test]
fn f64_logits_and_statistics() {
    all().for_each(|name| check(name, Kind::Double, 1e-10));
}
