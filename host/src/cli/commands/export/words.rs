//! What an export tells.

use std::path::PathBuf;

use crate::cli::words::{columns, plural};
use crate::engine::exported::{Exported, Shrunk};

/// What is called faster: less than this share of the time before.
const FASTER: f64 = 0.95;

/// The files, how near their outputs are, and what shrinking has brought.
pub fn text(name: &str, written: &[(PathBuf, usize)], exported: &Exported) -> String {
    let rows: Vec<Vec<String>> = written
        .iter()
        .map(|(file, size)| vec![file.display().to_string(), bytes(*size as u64)])
        .collect();
    let mut text = format!("{name}\n{}", columns(&rows, 0, usize::MAX));
    text += &format!(
        "largest difference of a logit to the network's own, on {}: {:.1e}\n",
        plural(exported.images, "image"),
        exported.deviation
    );
    if let Some(shrunk) = &exported.shrunk {
        text += &format!("\n{}", shrinking(shrunk));
    }
    text
}

fn shrinking(shrunk: &Shrunk) -> String {
    let channels: usize = shrunk.removed.values().sum();
    if channels == 0 {
        return "no channel is dead: nothing was removed, and nothing got smaller or faster\n"
            .to_owned();
    }
    let layers = shrunk.removed.len();
    let mut text =
        format!("{} removed in {}\n", plural(channels, "dead channel"), plural(layers, "layer"));
    let row = |what: &str, before: String, after: String, share: f64| {
        vec![what.to_owned(), before, after, format!("{share:+.1} %")]
    };
    let share = |before: f64, after: f64| 100.0 * (after / before - 1.0);
    let (before, after) = (&shrunk.before, &shrunk.after);
    let whole = |before: u64, after: u64| share(before as f64, after as f64);
    let million = |flops: u64| format!("{:.2} M", flops as f64 / 1e6);
    let mut rows = vec![
        ["", "before", "after", ""].map(str::to_owned).to_vec(),
        row("size", bytes(before.bytes), bytes(after.bytes), whole(before.bytes, after.bytes)),
        row(
            "FLOPs of an image",
            million(before.flops),
            million(after.flops),
            whole(before.flops, after.flops),
        ),
    ];
    for timed in &shrunk.times {
        let name = format!("time, {}", plural(timed.batch.unsigned_abs() as usize, "image"));
        let milli = |seconds: f64| format!("{:.3} ms", 1e3 * seconds);
        let change = share(timed.before, timed.after);
        rows.push(row(&name, milli(timed.before), milli(timed.after), change));
    }
    text += &columns(&rows, 0, usize::MAX);
    if shrunk.times.iter().all(|timed| timed.after > FASTER * timed.before) {
        text += "nothing got faster: what is left of the channels costs as much as before\n";
    }
    text
}

/// `1.5 MB`.
fn bytes(count: u64) -> String {
    match count {
        0..10_000 => format!("{count} bytes"),
        10_000..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        _ => format!("{:.2} MB", count as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::exported::Timed;
    use crate::export::cost::Cost;

    fn shrunk(after: f64, channels: usize) -> Shrunk {
        let cost = |bytes, flops| Cost { bytes, flops, weights: 1 };
        Shrunk {
            removed: [("conv1".to_owned(), channels)].into_iter().filter(|one| one.1 > 0).collect(),
            before: cost(2_000_000, 10_000_000),
            after: cost(500_000, 5_000_000),
            times: vec![Timed { batch: 1, before: 0.002, after }],
        }
    }

    #[test]
    fn what_shrank_is_told_and_what_did_not_get_faster_too() {
        let text = shrinking(&shrunk(0.001, 3));
        assert!(text.starts_with("3 dead channels removed in 1 layer\n"), "{text}");
        for part in ["2.00 MB", "500.0 kB", "-75.0 %", "10.00 M", "2.000 ms", "-50.0 %"] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!text.contains("nothing got faster"), "{text}");
        assert!(shrinking(&shrunk(0.00195, 3)).contains("nothing got faster"));
        assert!(shrinking(&shrunk(0.002, 0)).contains("no channel is dead"));
    }
}
