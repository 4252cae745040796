//! Whether the ticket matters: recipes with a shuffled mask or fresh weights, each against the
//! recipe that is the same but for that.

use super::difference::{Difference, correct};
use super::run::Run;
use super::stats::paired;
use super::summary::{Block, Summary};

/// One control in one draw.
#[derive(Debug)]
pub struct Checked<'a> {
    /// Its place in [`Summary::recipes`].
    pub recipe: usize,
    pub name: &'a str,
    /// What it does otherwise.
    pub what: &'a str,
    /// The recipe with the ticket as it is.
    pub ticket: &'a str,
    /// By level of the block: the accuracy with the ticket less that of the control. Above zero:
    /// the ticket matters.
    pub loss: Vec<Option<Difference>>,
}

/// What is compared.
pub const CAPTION: &str = "accuracy with the ticket as it is less that of the control, in points, \
    paired by seed: mean ± half width of its 95 % t interval; corrected among themselves by Holm's \
    method. Above zero, the mask or the weights that were drawn matter";

/// All controls of a draw that have a recipe to be held against.
pub fn controls<'a>(run: &'a Run, summary: &Summary<'a>, block: &Block<'a>) -> Vec<Checked<'a>> {
    let baseline = || summary.recipes.get(summary.baseline).copied();
    let mut found: Vec<Checked<'a>> = block
        .lines
        .iter()
        .filter_map(|line| {
            let control = run.about.controls.get(line.name)?;
            let ticket = control.of.as_deref().or_else(baseline)?;
            let own = block.lines.iter().find(|other| other.name == ticket)?;
            let pair = |(ticket, control): (&super::Cell<'_>, &super::Cell<'_>)| {
                Difference::of(paired(&control.by_seed(), &ticket.by_seed()))
            };
            let loss = own.cells.iter().zip(&line.cells).map(pair).collect();
            (ticket != line.name).then_some(Checked {
                recipe: line.recipe,
                name: line.name,
                what: &control.what,
                ticket,
                loss,
            })
        })
        .collect();
    correct(found.iter_mut().flat_map(|one| &mut one.loss).flatten());
    found.retain(|one| one.loss.iter().any(Option::is_some));
    found
}

#[cfg(test)]
mod tests {
    use super::super::difference::Verdict;
    use super::super::run::Control;
    use super::super::sample::row;
    use super::*;

    #[test]
    fn the_ticket_less_its_control() {
        let accuracies = [(1, 0.600, 0.571), (2, 0.610, 0.580), (3, 0.620, 0.589)];
        let rows = accuracies.into_iter().flat_map(|(seed, own, shuffled)| {
            [row(Some("vanilla"), seed, 1, own), row(Some("shuffled"), seed, 1, shuffled)]
        });
        let mut run = Run { rows: rows.collect(), ..Run::default() };
        let control = Control { what: "mask shuffled-global".into(), of: Some("vanilla".into()) };
        run.about.controls.insert("shuffled".into(), control);
        let summary = Summary::of(&run);
        let found = controls(&run, &summary, &summary.blocks[0]);
        let [checked] = &found[..] else { panic!("one control") };
        assert_eq!((checked.name, checked.ticket), ("shuffled", "vanilla"));
        // 0.029, 0.030 and 0.031.
        let loss = checked.loss[0].as_ref().unwrap();
        assert!((loss.estimate.mean - 0.03).abs() < 1e-12);
        assert_eq!(loss.verdict(), Verdict::Above);
    }
}
