//! Edges added to whatever network the experiment has, and a knob that fades them.

use jackpot_plugin_api::prelude::*;

/// Adds α times the previous activation of the same shape to each activation: a shortcut that
/// helps early in a training and is gone at its `fade`.
#[derive(Params)]
struct FadingShortcut {
    /// When the shortcuts are gone, such as "60ep".
    fade: Duration,
}

impl Skip for FadingShortcut {
    const NAME: &str = "fading-shortcut";

    // A knob is a number that follows the training. The host asks for its value before every step,
    // keeps it as a tensor on the device, and notes it in `metrics.jsonl`.
    const KNOBS: &[&str] = &["alpha"];

    fn knob(&self, _: &str, at: Progress) -> f64 {
        let gone = self.fade.steps(at.steps_per_epoch);
        // Exactly 0 at the end: the host then runs and stores the network without the edges.
        if at.step >= gone { 0.0 } else { 1.0 - at.step as f64 / gone as f64 }
    }

    // Called once a network. It sees any architecture's graph, with the shapes worked out, and may
    // only add: new nodes, and who reads them.
    fn rewrite(&self, view: &GraphView, _: &Ctx<'_>) -> Result<Edits, Error> {
        let mut edits = Edits::default();
        let sites: Vec<_> = view.graph.nodes.iter().filter(|node| node.site.is_some()).collect();
        for pair in sites.windows(2) {
            let (before, site) = (pair[0].id.as_str(), pair[1].id.as_str());
            if view.shape(before) != view.shape(site) {
                continue;
            }
            let id = |part: &str| format!("shortcut.{site}.{part}");
            let (scaled, sum) = (id("scaled"), id("sum"));
            edits.nodes.push(Node::new(&scaled, "aten::mul.Tensor", &[before, "knob:alpha"]));
            edits.nodes.push(Node::new(&sum, "aten::add.Tensor", &[site, &scaled]));
            // Whoever read the activation reads the sum from now on.
            edits.rewires.push(Rewire { from: site.to_owned(), to: sum });
        }
        // Doing nothing silently would look like a tweak that does not help.
        if edits.nodes.is_empty() {
            return Err(Error::new("no two activations in a row have the same shape"));
        }
        Ok(edits)
    }
}

export_plugin!(skips: [FadingShortcut]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_falls_in_a_straight_line_to_exactly_zero() {
        let skip = FadingShortcut { fade: Duration::Epochs(2) };
        let alpha =
            |step| skip.knob("alpha", Progress { step, steps_per_epoch: 2, total_steps: 10 });
        assert_eq!([0, 1, 2, 3, 4, 9].map(alpha), [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]);
    }
}
