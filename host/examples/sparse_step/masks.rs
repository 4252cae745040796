//! Random masks over a network's convolutions, or those of a ticket.

use jackpot::model::Network;
use jackpot::prune::Masks;
use jackpot::random::Stream;
use jackpot_plugin_api::graph::Role;
use std::error::Error;
use std::path::Path;
use tch::Tensor;

/// Masks with that percentage of zeros: in every layer (`uniform`), or overall, with each layer's
/// density in proportion to the sum of its sizes by their product (`erk`, Evci et al. 2020).
/// Any other `kind` is a file of masks, as a run keeps them.
pub fn make(network: &Network, kind: &str, sparsity: f64) -> Result<Masks, Box<dyn Error>> {
    let layers: Vec<_> =
        network.parameters().iter().filter(|parameter| parameter.role == Role::Conv).collect();
    let sizes: Vec<Vec<i64>> = layers.iter().map(|layer| layer.tensor.size()).collect();
    let keep = 1.0 - sparsity / 100.0;
    let densities = match kind {
        "uniform" => vec![keep; layers.len()],
        "erk" => erk(&sizes, keep),
        file => return Ok(Masks::read(Path::new(file), network)?),
    };
    let stream = Stream::new(1, "sparse_step", 0, 0);
    let mut masks = Masks::none();
    for (number, (layer, density)) in layers.iter().zip(densities).enumerate() {
        let numbers = stream.sub(number as u64).uniform(layer.tensor.numel());
        let kept: Vec<bool> = numbers.into_iter().map(|one| f64::from(one) < density).collect();
        masks.insert(
            layer.name.clone(),
            Tensor::from_slice(&kept).f_view(sizes[number].as_slice())?,
        );
    }
    Ok(masks)
}

/// No layer has more than all of its weights; the others share the rest.
fn erk(sizes: &[Vec<i64>], keep: f64) -> Vec<f64> {
    let count = |size: &[i64]| size.iter().product::<i64>() as f64;
    let raw = |size: &[i64]| size.iter().sum::<i64>() as f64 / count(size);
    let mut whole = vec![false; sizes.len()];
    loop {
        let wanted = keep * sizes.iter().map(|size| count(size)).sum::<f64>();
        let sum = |is_whole: bool, of: &dyn Fn(&[i64]) -> f64| -> f64 {
            let chosen = sizes.iter().zip(&whole).filter(|(_, whole)| **whole == is_whole);
            chosen.map(|(size, _)| of(size)).sum()
        };
        let rest = wanted - sum(true, &count);
        let scale = rest / sum(false, &|size| raw(size) * count(size));
        let density = |(size, whole): (&Vec<i64>, &bool)| {
            if *whole { 1.0 } else { scale * raw(size) }
        };
        let found: Vec<f64> = sizes.iter().zip(&whole).map(density).collect();
        if found.iter().all(|density| *density <= 1.0) {
            return found;
        }
        for (whole, density) in whole.iter_mut().zip(found) {
            *whole |= density > 1.0;
        }
    }
}
