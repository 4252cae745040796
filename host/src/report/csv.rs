//! `results.csv`: one row per job, for other tools. The columns are a contract.

use std::fmt::Write as _;

use super::run::Run;

/// The first line.
pub const HEADER: &str = "recipe,draw,seed,level,sparsity,status,test_accuracy,\
    test_accuracy_last,validation_accuracy,test_loss,best_epoch,weights_kept,weights_total,\
    weights_training,flops,precision,test_calibration_error,weights_exported,training_flops";

/// How many columns stand before those that only a finished job has; `status` is the last of them.
const RESULT_COLUMNS: usize = 13;

/// The whole file. A draw's own training has an empty `recipe`; a job without results has empty
/// cells. Accuracies and sparsity are shares in [0, 1], written so that reading them gives the
/// same f64 again. Lines end with `\n`, as every reader of CSV accepts.
pub fn csv(run: &Run) -> String {
    let mut out = format!("{HEADER}\n");
    for row in &run.rows {
        let recipe = quoted(row.recipe.as_deref().unwrap_or_default());
        let (draw, status) = (quoted(&row.draw), row.word());
        // Writing to a String cannot fail.
        let _ = write!(out, "{recipe},{draw},{},{},", row.seed, row.level);
        match &row.results {
            Some(r) => {
                let validation = r.validation_accuracy.map(|v| v.to_string()).unwrap_or_default();
                let _ = write!(out, "{},{status}", r.sparsity());
                let _ = write!(out, ",{},{}", r.test_accuracy, r.test_accuracy_last);
                let _ = write!(out, ",{validation},{},{}", r.test_loss, r.best_epoch);
                let _ = write!(out, ",{},{}", r.weights_kept, r.weights_total);
                let _ = write!(out, ",{},{}", r.weights_training, r.flops);
                let _ = write!(out, ",{}", quoted(&r.precision));
                let count = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
                let calibration = r.test_calibration_error.map(|e| e.to_string());
                let _ = write!(out, ",{}", calibration.unwrap_or_default());
                let _ = write!(out, ",{},{}", count(r.weights_exported), count(r.training_flops));
            }
            None => {
                let _ = write!(out, ",{status}{}", ",".repeat(RESULT_COLUMNS));
            }
        }
        out.push('\n');
    }
    out
}

/// RFC 4180: quotes around a cell with a comma, a quote or a line break; quotes inside doubled.
fn quoted(cell: &str) -> String {
    match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}

/// Splits RFC 4180 text into rows of cells. Lenient: a quote in the middle of a bare cell stands
/// for itself, and an unclosed one ends with the text.
pub fn parse(text: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let (mut row, mut cell) = (Vec::new(), String::new());
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' if quoted => quoted = false,
            '"' if cell.is_empty() => quoted = true,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted && chars.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::super::run::Status;
    use super::super::sample;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_small_run_to_the_byte() {
        let text = csv(&sample::tiny());
        let expected = "\
recipe,draw,seed,level,sparsity,status,test_accuracy,test_accuracy_last,validation_accuracy,test_loss,best_epoch,weights_kept,weights_total,weights_training,flops,precision,test_calibration_error,weights_exported,training_flops
,imp,1,0,0,done,0.6,0.59,0.61,1.25,2,1000,1000,1100,4000,f32,0.125,1100,24000
,imp,2,0,0,done,0.62,0.61,0.63,1.25,2,1000,1000,1100,4000,f32,0.125,1100,24000
vanilla,imp,1,0,0,linked,0.6,0.59,0.61,1.25,2,1000,1000,1100,4000,f32,0.125,1100,24000
vanilla,imp,1,1,0.19999999999999996,done,0.58,0.57,0.59,1.25,2,800,1000,900,3200,f32,0.125,900,19200
vanilla,imp,2,0,0,linked,0.62,0.61,0.63,1.25,2,1000,1000,1100,4000,f32,0.125,1100,24000
vanilla,imp,2,1,0.19999999999999996,done,0.59,0.58,0.6,1.25,2,800,1000,900,3200,f32,0.125,900,19200
\"mish, \"\"<ghost>\"\" & co\",imp,1,0,0,done,0.61,0.6,0.62,1.25,2,1000,1000,1150,4100,f32,0.125,1100,24000
\"mish, \"\"<ghost>\"\" & co\",imp,1,1,0.19999999999999996,done,0.6,0.59,0.61,1.25,2,800,1000,950,3300,f32,0.125,900,19200
\"mish, \"\"<ghost>\"\" & co\",imp,2,0,0,done,0.63,0.62,0.64,1.25,2,1000,1000,1150,4100,f32,0.125,1100,24000
\"mish, \"\"<ghost>\"\" & co\",imp,2,1,,failed,,,,,,,,,,,,,
";
        assert_eq!(text, expected);
    }

    #[test]
    fn every_row_has_as_many_cells_as_the_header() {
        let mut run = sample::tiny();
        run.rows[0].results.as_mut().unwrap().validation_accuracy = None;
        run.rows[1].results = None;
        run.rows[1].status = Status::Missing;
        let rows = parse(&csv(&run));
        assert_eq!(rows.len(), 1 + run.rows.len());
        assert!(rows.iter().all(|row| row.len() == 19), "{rows:?}");
        assert_eq!((rows[1][8].as_str(), rows[2][5].as_str()), ("", "missing"));
    }

    proptest! {
        #[test]
        fn names_and_floats_come_back(name in "[ -~\r\n]{1,20}", x in proptest::num::f64::NORMAL) {
            let mut run = sample::tiny();
            run.rows[0].recipe = Some(name.clone());
            run.rows[0].results.as_mut().unwrap().test_loss = x;
            let rows = parse(&csv(&run));
            prop_assert_eq!(&rows[1][0], &name);
            prop_assert_eq!(rows[1][9].parse::<f64>().unwrap(), x);
            prop_assert_eq!(rows.len(), 11);
        }
    }
}
