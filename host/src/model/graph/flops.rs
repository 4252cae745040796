//! The cost of a forward pass.

use std::collections::BTreeMap;

use jackpot_plugin_api::graph::{GraphView, Role};

/// Multiply-adds × 2 of one image through the convolution and linear layers, counting only kept
/// weights. `kept` has the number of kept weights of each masked parameter; others count whole.
pub fn forward(view: &GraphView, kept: &BTreeMap<String, u64>) -> u64 {
    let mut total = 0;
    for node in &view.graph.nodes {
        for name in node.params.values() {
            let Some(parameter) = view.parameter(name) else { continue };
            if !matches!(parameter.role, Role::Conv | Role::Linear) {
                continue;
            }
            let all: i64 = parameter.shape.iter().product();
            let weights = kept.get(name).copied().unwrap_or(all.unsigned_abs());
            total += 2 * weights * uses(view.shape(&node.id).unwrap_or_default(), parameter.role);
        }
    }
    total
}

/// How often each weight is used for one image: once per output pixel of its channel.
fn uses(output: &[i64], role: Role) -> u64 {
    let places: i64 = match role {
        Role::Conv => output.iter().skip(1).product(),
        // [tokens, features] has one use per token.
        _ => output.iter().rev().skip(1).product(),
    };
    places.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::super::check::tests::small;
    use super::super::shapes::infer;
    use super::*;

    #[test]
    fn counts_kept_weights_times_output_pixels() {
        let view = infer(&small()).unwrap();
        // conv1: 3·2·9 weights on 4·4 pixels; linear: 3·5 weights once.
        assert_eq!(forward(&view, &BTreeMap::new()), 2 * (54 * 16 + 15));
        let kept = BTreeMap::from([("conv1.weight".to_owned(), 10)]);
        assert_eq!(forward(&view, &kept), 2 * (10 * 16 + 15));
    }
}
