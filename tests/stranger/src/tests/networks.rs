//! Whole networks.

use jackpot_plugin_api::prelude::*;
use jackpot_plugin_api::testing::*;

use crate::{ByGradient, Fading, Flat, FromGradient, Magnitude, Shortcut, Slope};

#[test]
fn an_architecture_is_built_and_run() -> TestResult {
    let host = Host::start()?;
    let network = host.architecture(&Flat).network([2, 2, 2], 3)?;
    assert_eq!((network.shape("flat"), network.shape("fc")), (&[8][..], &[3][..]));
    network.set("fc.weight", &host.tensor(&[0.5; 24], &[3, 8]))?;
    network.set("fc.bias", &host.tensor(&[1.0, 2.0, 3.0], &[3]))?;
    let outputs = network.evaluate(&host.tensor(&[1.0; 8], &[1, 2, 2, 2]))?;
    assert_close(outputs.expect("logits"), &[5.0, 6.0, 7.0], 1e-6);
    let error = network.parameter("fc.wieght").map(|_| ()).unwrap_err().to_string();
    assert_eq!(error, "the network has no parameter `fc.wieght`; there are: fc.weight, fc.bias");
    Ok(())
}

#[test]
fn a_skip_is_merged_and_fades() -> TestResult {
    let host = Host::start()?;
    let shortcut: Shortcut = item(json!({}))?;
    let graph = small_network();
    let (plain, network) = (host.network(&graph)?, host.skip(&shortcut).rewrite(&graph)?);
    assert_eq!(network.shape("sum"), [4, 3, 3]);
    let readers: Vec<_> = network.view().consumers("sum").map(|node| node.id.as_str()).collect();
    assert_eq!(readers, ["bn2"]);
    assert_close(&network.parameter("shortcut.weight")?, &[0.5; 16], 0.0);
    // Random, but the same for both: first weights follow from names and the seed.
    assert_close(&network.parameter("conv1.weight")?, &plain.parameter("conv1.weight")?, 0.0);
    let x = &host.batch(2, [2, 6, 6], 3).images;
    let logits = |network: &Network<'_>| -> TestResult<Vec<f64>> {
        Ok(network.evaluate(x)?.expect("logits").to_vec())
    };
    let without = logits(&plain)?;
    assert_ne!(logits(&network)?, without);
    let network = network.at(1000);
    assert_eq!(logits(&network)?, without, "the knob is 0, and the edge is gone");
    Ok(())
}

#[test]
fn an_activation_stands_at_every_site() -> TestResult {
    let host = Host::start()?;
    let network = host.activation(&Slope).network(&small_network());
    // Per channel along the last dimension: 4 is not 6.
    let error = network?.forward(&host.batch(2, [2, 6, 6], 3).images).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("hook `forward`: `aten::mul.Tensor` failed: "), "{error}");
    let network = host.activation(&Fading).network(&small_network())?;
    let x = host.batch(2, [2, 6, 6], 3).images;
    let logits = |network: &Network<'_>| -> TestResult<Vec<f64>> {
        Ok(network.forward(&x)?.expect("logits").to_vec())
    };
    let first = logits(&network)?;
    let network = network.at(500);
    assert_ne!(logits(&network)?, first);
    // tanh(0) everywhere: the bias alone is left.
    let network = network.at(1000);
    let bias: Vec<f64> = network.parameter("linear.bias")?.to_vec();
    assert_close(&logits(&network)?, &[bias.clone(), bias].concat(), 1e-6);
    Ok(())
}

#[test]
fn an_init_differentiates_a_network_with_the_item_in_it() -> TestResult {
    let host = Host::start()?;
    let network = host.architecture(&Flat).network([1, 2, 2], 2)?;
    let mask = host.tensor(&[1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0], &[2, 4]);
    network.set_mask("fc.weight", &mask)?;
    host.init(&item::<FromGradient>(json!({ "value": 0.0 }))?).initialize(&network)?;
    // All ones, and what is pruned stays 0.
    assert_close(&network.parameter("fc.weight")?, &[1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0], 0.0);
    host.init(&item::<FromGradient>(json!({}))?).initialize(&network)?;
    let weight: Vec<f64> = network.parameter("fc.weight")?.to_vec();
    // d mean / d w[k, p] = mean over images of x[p] / 2, the same for both classes.
    assert_close(&weight[..3], &weight[4..7], 1e-6);
    assert!(weight.iter().enumerate().all(|(i, w)| (*w != 1.0) && ((i == 3) == (*w == 0.0))));
    // A hook inside a hook: the network's activation is called while the init runs.
    let inner = host.activation(&Fading).network(&small_network())?;
    host.init(&item::<FromGradient>(json!({}))?).initialize(&inner)?;
    let first = host.activation(&Fading).network(&small_network())?;
    let (a, b) = (inner.parameter("conv1.weight")?, first.parameter("conv1.weight")?);
    assert!((a - b).abs().sum().item() > 1.0);
    Ok(())
}

#[test]
fn scores_and_updates() -> TestResult {
    let host = Host::start()?;
    let network = host.network(&small_network())?;
    let magnitude: Magnitude = item(json!({}))?;
    let scores = host.score(&magnitude).score(&network)?;
    let weight = network.parameter("conv2.weight")?;
    assert_close(scores.expect("conv2.weight"), &weight.abs(), 0.0);
    let missing: Magnitude = item(json!({ "without": "linear.weight" }))?;
    let error = host.score(&missing).score(&network).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("`linear.weight`") && error.contains("got no score"), "{error}");
    let masks = host.update(&ByGradient).at(1).update(&network)?;
    for (name, mask) in masks.iter() {
        let mask: Vec<f64> = mask.to_vec();
        assert_eq!(mask.iter().sum::<f64>(), (mask.len() / 2) as f64, "{name}");
        let pruned: Vec<f64> = network.parameter(name)?.to_vec();
        let zeros = pruned.iter().zip(&mask).filter(|(w, kept)| **w == 0.0 && **kept == 0.0);
        assert_eq!(zeros.count(), mask.len() - mask.len() / 2, "{name}");
    }
    assert_eq!(masks.len(), network.masks()?.len());
    Ok(())
}
