//! Dense and sparse in turns, and what comes out of it.

use crate::dense::{Dense, FORMATS};
use crate::layer::{Sparse, Times};
use jackpot::kernels::{Isa, Threads};
use serde_json::{Value, json};
use std::error::Error;

/// Sparse passes for each dense one, of which the median counts as one time.
const REPEATS: usize = 5;

/// Milliseconds of one layer at one sparsity: one entry for each turn.
pub struct Row {
    layer: String,
    sparsity: f64,
    operations: f64,
    /// Forward and backward, by layout.
    dense: [Vec<f64>; 2],
    /// Forward, input gradient, weight gradient, both gradients at once.
    sparse: [Vec<f64>; 4],
}

pub fn measure(
    layer: &str,
    sparsity: f64,
    dense: &Dense,
    sparse: &mut Sparse,
    turns: usize,
    threads: &Threads,
) -> Result<Row, Box<dyn Error>> {
    let mut row = Row {
        layer: layer.to_owned(),
        sparsity,
        operations: sparse.operations(),
        dense: Default::default(),
        sparse: Default::default(),
    };
    // The first turn warms up.
    for turn in 0..=turns {
        let mut times = [0.0; 2];
        for (format, time) in times.iter_mut().enumerate() {
            *time = dense.time(format)?;
        }
        let mut repeats = Vec::new();
        for _ in 0..REPEATS {
            let Times { forward, input, weight, backward } = sparse.time(threads)?;
            repeats.push([forward, input, weight, backward]);
        }
        if turn == 0 {
            continue;
        }
        for (times, time) in row.dense.iter_mut().zip(times) {
            times.push(time);
        }
        for (pass, times) in row.sparse.iter_mut().enumerate() {
            times.push(median(repeats.iter().map(|repeat| repeat[pass])));
        }
    }
    Ok(row)
}

impl Row {
    /// The layout in which dense is faster.
    fn better(&self) -> usize {
        let [plain, last] = &self.dense;
        usize::from(median(last.iter().copied()) < median(plain.iter().copied()))
    }

    /// Dense by sparse, for each turn.
    fn speedups(&self) -> Vec<f64> {
        let [forward, _, _, backward] = &self.sparse;
        let sparse = |turn: usize| forward[turn] + backward[turn];
        let dense = &self.dense[self.better()];
        dense.iter().enumerate().map(|(turn, dense)| dense / sparse(turn)).collect()
    }

    fn speedup(&self) -> f64 {
        median(self.speedups())
    }

    /// From the fastest of all turns.
    fn speedup_of_least(&self) -> f64 {
        let sparse = least(&self.sparse[0]) + least(&self.sparse[3]);
        let dense = self.dense.iter().map(|times| least(times)).fold(f64::INFINITY, f64::min);
        dense / sparse
    }

    fn medians(&self) -> [f64; 4] {
        [0, 1, 2, 3].map(|pass| median(self.sparse[pass].iter().copied()))
    }
}

pub fn print(row: &Row, peak: f64) {
    let [forward, input, weight, backward] = row.medians();
    let share = |time: f64| 100.0 * row.operations / (time / 1e3) / peak;
    let better = row.better();
    println!(
        "{:8} {:5} %  forward {forward:7.3} ms {:3.0} %  input {input:7.3} ms {:3.0} %  weight \
         {weight:7.3} ms {:3.0} %  both {backward:7.3} ms  sum {:7.3} ms  dense {:6.1} ms ({})  {:5.1} ×  (least {:5.1} ×)",
        row.layer,
        row.sparsity,
        share(forward),
        share(input),
        share(weight),
        forward + backward,
        median(row.dense[better].iter().copied()),
        FORMATS[better].name(),
        row.speedup(),
        row.speedup_of_least(),
    );
}

/// The geometric mean over the layers, for each sparsity.
pub fn print_means(rows: &[Row]) {
    let mut sparsities: Vec<f64> = rows.iter().map(|row| row.sparsity).collect();
    sparsities.sort_by(f64::total_cmp);
    sparsities.dedup();
    for sparsity in sparsities {
        let of = |value: fn(&Row) -> f64| {
            let same = rows.iter().filter(|row| row.sparsity == sparsity);
            let logs: Vec<f64> = same.map(|row| value(row).ln()).collect();
            (logs.iter().sum::<f64>() / logs.len() as f64).exp()
        };
        println!(
            "geometric mean at {sparsity} %: {:.1} × (least {:.1} ×)",
            of(Row::speedup),
            of(Row::speedup_of_least)
        );
    }
}

pub fn json(rows: &[Row], isa: Isa, threads: usize, peak: f64) -> Value {
    let row = |row: &Row| {
        json!({
            "layer": row.layer,
            "sparsity": row.sparsity,
            "operations_per_pass": row.operations,
            "dense_ms": { "contiguous": row.dense[0], "channels_last": row.dense[1] },
            "forward_ms": row.sparse[0],
            "input_gradient_ms": row.sparse[1],
            "weight_gradient_ms": row.sparse[2],
            "both_gradients_ms": row.sparse[3],
            "speedups": row.speedups(),
            "speedup": row.speedup(),
        })
    };
    json!({
        "instructions": format!("{isa:?}"),
        "threads": threads,
        "peak": peak,
        "rows": rows.iter().map(row).collect::<Vec<_>>(),
    })
}

/// NaN of nothing.
pub fn median(numbers: impl IntoIterator<Item = f64>) -> f64 {
    jackpot::median::median(numbers).unwrap_or(f64::NAN)
}

fn least(numbers: &[f64]) -> f64 {
    numbers.iter().copied().fold(f64::INFINITY, f64::min)
}
