//! `results.csv`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The columns, in their order: a contract.
pub const HEADER: &str = "recipe,draw,seed,level,sparsity,status,test_accuracy,\
    test_accuracy_last,validation_accuracy,test_loss,best_epoch,weights_kept,weights_total,\
    weights_training,flops,precision,test_calibration_error,weights_exported,training_flops";

/// A row: cells by column.
#[derive(Debug, Clone)]
pub struct Row(BTreeMap<&'static str, String>);

impl Row {
    /// A cell.
    #[track_caller]
    pub fn get(&self, column: &str) -> &str {
        self.0.get(column).unwrap_or_else(|| panic!("there is no column {column}"))
    }

    /// A cell that is a number.
    #[track_caller]
    pub fn number(&self, column: &str) -> f64 {
        let cell = self.get(column);
        cell.parse().unwrap_or_else(|_| panic!("{column} is {cell:?}"))
    }

    /// The folder of the row's job in the run.
    pub fn folder(&self) -> String {
        let [recipe, draw, seed] = ["recipe", "draw", "seed"].map(|column| self.get(column));
        let level = self.number("level");
        match recipe {
            "" => format!("draw/{draw}/seed-{seed}/level-{level:02}"),
            recipe => format!("spend/{recipe}/{draw}/seed-{seed}/level-{level:02}"),
        }
    }
}

/// The rows of a run's `results.csv`. No cell of these tests' runs has a comma or a quote.
#[track_caller]
pub fn results(run: &Path) -> Vec<Row> {
    let text = fs::read_to_string(run.join("results.csv")).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(HEADER));
    let columns = || HEADER.split(',');
    let row = |line: &str| {
        let cells: Vec<_> = line.split(',').map(str::to_owned).collect();
        assert_eq!(cells.len(), columns().count(), "{line}");
        Row(columns().zip(cells).collect())
    };
    lines.map(row).collect()
}
