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
    use jackpot_plugin_api::testing::*;

    use super::*;

    #[test]
    fn alpha_falls_to_exactly_zero() -> TestResult {
        let skip: TemplateItem = item(json!({ "fade": "2ep" }))?; // parameters as in a config
        assert_eq!(knob_values(&skip, "alpha", 2, 6)?, [1.0, 0.75, 0.5, 0.25, 0.0, 0.0, 0.0]);
        Ok(())
    }

    // Tensors are those of the program `jackpot`, which the test starts.
    #[test]
    fn the_edge_changes_the_network_until_it_is_gone() -> TestResult {
        let skip: TemplateItem = item(json!({ "fade": "2ep" }))?;
        let host = Host::start()?;
        let graph = equal_sites();
        let (plain, network) = (host.network(&graph)?, host.skip(&skip).rewrite(&graph)?);
        assert_eq!(network.shape("template-item.relu2.sum"), [4, 6, 6]);
        let x = host.batch(2, [4, 6, 6], 3).images;
        let logits = |network: &Network<'_>| -> TestResult<Vec<f64>> {
            Ok(network.evaluate(&x)?.expect("logits").to_vec())
        };
        let without = logits(&plain)?;
        assert_ne!(logits(&network)?, without);
        assert_eq!(logits(&network.at(200))?, without); // 2 epochs of 100 steps later
        Ok(())
    }

    /// Two activations of the same shape in a row.
    fn equal_sites() -> Graph {
        let (name, dtype) = ("x".to_owned(), "f32".to_owned());
        let mut graph = GraphBuilder::new(vec![TensorSpec { name, shape: vec![4, 6, 6], dtype }]);
        let x = graph.input();
        let x = graph.activation("relu1", &x);
        let x = graph.conv2d("conv", &x, Conv2d::new(4, 4, 3));
        let x = graph.activation("relu2", &x);
        let x = graph.global_avg_pool("pool", &x);
        let x = graph.linear("linear", &x, 4, 3);
        graph.output("logits", &x);
        graph.finish()
    }
}
