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

const HEADER: &str = "layer,weights,kept,dead_output_channels,dead_input_channels";

/// As `layers.csv`.
pub fn csv(layers: &[Layer]) -> String {
    let mut text = format!("{HEADER}\n");
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

/// Reads what [`csv`] writes; `None` if it is something else.
pub fn read_csv(text: &str) -> Option<Vec<Layer>> {
    let mut lines = text.lines();
    (lines.next()? == HEADER).then_some(())?;
    let layer = |line: &str| {
        let mut cells = line.rsplitn(5, ',');
        let mut count = || cells.next()?.parse::<u64>().ok();
        let (dead_inputs, dead_outputs, kept, weights) = (count()?, count()?, count()?, count()?);
        let name = cells.next()?;
        let quoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
        let name = quoted.map_or_else(|| name.to_owned(), |name| name.replace("\"\"", "\""));
        Some(Layer { name, weights, kept, dead_outputs, dead_inputs })
    };
    lines.map(layer).collect()
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
        assert_eq!(read_csv(&csv(&found)).unwrap(), found);
        let odd = Layer { name: "a,\"b\"".into(), ..found[0].clone() };
        assert_eq!(read_csv(&csv(std::slice::from_ref(&odd))).unwrap(), [odd]);
        assert_eq!(read_csv("w,9,3,1,1\n"), None);
        assert_eq!(read_csv(&format!("{HEADER}\nw,9,3,-1,1\n")), None);
    }
}
