//! What a mask leaves of each layer.

use tch::{Kind, Tensor};

use super::masks::Masks;

/// One masked layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    pub name: String,
    pub weights: u64,
    pub kept: u64,
    /// Output channels (rows) without a kept weight.
    pub dead_outputs: u64,
    /// Input channels (columns) without a kept weight.
    pub dead_inputs: u64,
}

/// All masked layers, in state-dict order as far as `order` names them.
pub fn layers(masks: &Masks, order: &[String]) -> Vec<Layer> {
    let layer = |name: &String| {
        let mask = masks.get(name)?;
        let kept = mask.sum(Kind::Int64).int64_value(&[]).unsigned_abs();
        Some(Layer {
            name: name.clone(),
            weights: mask.numel() as u64,
            kept,
            dead_outputs: dead(mask, 0),
            dead_inputs: dead(mask, 1),
        })
    };
    order.iter().filter_map(layer).collect()
}

/// Slices along a dimension in which nothing is kept.
fn dead(mask: &Tensor, dim: i64) -> u64 {
    let size = mask.size();
    let Some(&count) = size.get(dim.unsigned_abs() as usize) else { return 0 };
    let others: Vec<i64> = (0..size.len() as i64).filter(|&other| other != dim).collect();
    let alive = if others.is_empty() {
        mask.to_kind(Kind::Int64)
    } else {
        mask.to_kind(Kind::Int64).sum_dim_intlist(&others[..], false, Kind::Int64)
    };
    let alive = alive.not_equal(0).sum(Kind::Int64).int64_value(&[]);
    (count - alive).unsigned_abs()
}

/// As `layers.csv`.
pub fn csv(layers: &[Layer]) -> String {
    let mut text = "layer,weights,kept,dead_output_channels,dead_input_channels\n".to_owned();
    for layer in layers {
        let Layer { name, weights, kept, dead_outputs, dead_inputs } = layer;
        let quoted = if name.contains([',', '"']) {
            format!("\"{}\"", name.replace('"', "\"\""))
        } else {
            name.clone()
        };
        text += &format!("{quoted},{weights},{kept},{dead_outputs},{dead_inputs}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_rows_and_columns_are_counted() {
        // Rows: outputs. Row 1 and column 2 are dead.
        let mask =
            Tensor::from_slice(&[true, false, false, false, false, false, true, true, false])
                .reshape([3, 3, 1, 1]);
        let masks = Masks::from_tensors([("w".to_owned(), mask)]);
        let found = layers(&masks, &["w".to_owned(), "x".to_owned()]);
        let expected =
            Layer { name: "w".into(), weights: 9, kept: 3, dead_outputs: 1, dead_inputs: 1 };
        assert_eq!(found, [expected]);
        assert!(csv(&found).ends_with("\nw,9,3,1,1\n"));
    }
}
