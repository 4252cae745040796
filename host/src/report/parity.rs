//! Recipes that train a larger network than the baseline does, held against the baseline at as
//! many weights: a permanent skip on a sparse ticket may be most of the network.

use super::format;
use super::summary::{Block, Cell, Level, Line, Summary};
use crate::train::results::Results;

/// By how much a network has to be larger to be called so.
const LARGER: f64 = 1.1;

/// A sentence for each line of a block that trains at least a tenth more weights than the baseline
/// does, at the sparsest level where it does.
pub fn larger(summary: &Summary<'_>) -> Vec<String> {
    summary.blocks.iter().flat_map(|block| in_block(block, summary.baseline)).collect()
}

fn in_block(block: &Block<'_>, baseline: usize) -> Vec<String> {
    let Some(base) = block.line(baseline) else { return Vec::new() };
    let others = block.lines.iter().filter(|line| line.recipe != baseline);
    let sentence = |line: &Line<'_>| {
        let cells = line.cells.iter().zip(&base.cells).zip(&block.levels);
        let ((cell, plain), level) = cells.rev().find(|((cell, plain), _)| {
            let sizes = trained(cell).zip(trained(plain));
            sizes.is_some_and(|(own, plain)| own as f64 >= LARGER * plain as f64)
        })?;
        let (own, plain) = (trained(cell)?, trained(plain)?);
        let (size, peer, number) = nearest(own, base.cells.iter().zip(&block.levels))?;
        Some(format!(
            "{name} on draw {draw} trains {own} weights at level {level}, {base} trains {plain}. \
             With about as many ({size}, level {number}) {base} has {theirs} %, {name} {ours} %.",
            name = line.name,
            draw = block.draw,
            own = format::count(own),
            level = level.number,
            base = base.name,
            plain = format::count(plain),
            size = format::count(size),
            theirs = format::accuracy(peer),
            ours = format::accuracy(cell.accuracy.as_ref()?.mean),
        ))
    };
    others.filter_map(sentence).collect()
}

/// The baseline's size, accuracy and level that are nearest in weights, by ratio.
fn nearest<'c>(
    own: u64,
    cells: impl Iterator<Item = (&'c Cell<'c>, &'c Level)>,
) -> Option<(u64, f64, usize)> {
    let sized = cells.filter_map(|(cell, level)| {
        Some((trained(cell)?, cell.accuracy.as_ref()?.mean, level.number))
    });
    let ratio = |size: u64| (size.max(1) as f64 / own.max(1) as f64).ln().abs();
    sized.min_by(|a, b| ratio(a.0).total_cmp(&ratio(b.0)))
}

fn trained(cell: &Cell<'_>) -> Option<u64> {
    cell.mean(|results: &Results| results.weights_training)
}

#[cfg(test)]
mod tests {
    use super::super::run::Run;
    use super::super::sample::row;
    use super::*;

    /// Vanilla trains 1,100 weights at level 0 and 900 at level 1; the other recipe as many as given.
    fn notes(weights: u64) -> Vec<String> {
        let mut rows = vec![
            row(Some("vanilla"), 1, 0, 0.60),
            row(Some("vanilla"), 1, 1, 0.58),
            row(Some("skip"), 1, 1, 0.59),
        ];
        rows[2].results.as_mut().unwrap().weights_training = weights;
        let run = Run { rows, ..Run::default() };
        larger(&Summary::of(&run))
    }

    #[test]
    fn a_larger_network_is_held_against_one_of_its_size() {
        assert_eq!(
            notes(1050),
            [
                "skip on draw imp trains 1\u{202f}050 weights at level 1, vanilla trains 900. With about as \
              many (1\u{202f}100, level 0) vanilla has 60.00 %, skip 59.00 %."
            ]
        );
    }

    #[test]
    fn a_few_weights_more_are_not_worth_a_word() {
        assert!(notes(950).is_empty());
    }
}
