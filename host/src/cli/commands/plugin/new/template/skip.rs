//! The skip `template-item`.

use jackpot_plugin_api::prelude::*;

// Comments with three slashes are the item's manual: `jackpot plugin info template-item` prints them.

/// Adds α times the previous activation of the same shape to each activation: say here what your
/// edges do, and where they come from.
#[derive(Params)]
struct TemplateItem {
    /// When the edges are gone, such as "60ep"; without it they stay.
    fade: Option<Duration>,
}

impl Skip for TemplateItem {
    const NAME: &str = "template-item";

    // A number that follows the training; the host keeps it as a tensor. When all knobs are exactly
    // 0, the network runs and is stored without the edges.
    const KNOBS: &[&str] = &["alpha"];

    fn knob(&self, _: &str, at: Progress) -> f64 {
        let Some(fade) = self.fade else { return 1.0 };
        let gone = fade.steps(at.steps_per_epoch);
        if at.step >= gone { 0.0 } else { 1.0 - at.step as f64 / gone as f64 }
    }

    // Called once a network, with any architecture's graph and its shapes. Edits only add: new
    // nodes, and who reads them.
    fn rewrite(&self, view: &GraphView, _: &Ctx<'_>) -> Result<Edits, Error> {
        let mut edits = Edits::default();
        let sites: Vec<_> = view.graph.nodes.iter().filter(|node| node.site.is_some()).collect();
        for pair in sites.windows(2) {
            let (before, site) = (pair[0].id.as_str(), pair[1].id.as_str());
            if view.shape(before) != view.shape(site) {
                continue;
            }
            let id = |part: &str| format!("template-item.{site}.{part}");
            let (scaled, sum) = (id("scaled"), id("sum"));
            edits.nodes.push(Node::new(&scaled, "aten::mul.Tensor", &[before, "knob:alpha"]));
            edits.nodes.push(Node::new(&sum, "aten::add.Tensor", &[site, &scaled]));
            edits.rewires.push(Rewire { from: site.to_owned(), to: sum });
        }
        if edits.nodes.is_empty() {
            return Err(Error::new("no two activations in a row have the same shape"));
        }
        Ok(edits)
    }
}

export_plugin!(skips: [TemplateItem]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_falls_to_exactly_zero() {
        let skip = TemplateItem { fade: Some(Duration::Epochs(2)) };
        let alpha =
            |step| skip.knob("alpha", Progress { step, steps_per_epoch: 2, total_steps: 10 });
        assert_eq!([0, 1, 3, 4, 9].map(alpha), [1.0, 0.75, 0.25, 0.0, 0.0]);
    }
}
