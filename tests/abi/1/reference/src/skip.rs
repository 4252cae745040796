//! Edges with a trained weight, a kept buffer and a knob that reaches 0.

use std::collections::BTreeMap;

use jackpot_plugin_api::prelude::*;

/// y + α·s·y after every activation site that the item has seen the shape of.
#[derive(Params)]
pub struct Echo {
    /// When α is 0.
    #[param(default = "1ep")]
    fade: Duration,
    /// The first s.
    #[param(default = 0.1)]
    scale: f64,
}

impl Skip for Echo {
    const NAME: &str = "reference-echo";
    const KNOBS: &[&str] = &["alpha"];

    fn knob(&self, _: &str, progress: Progress) -> f64 {
        let steps = self.fade.steps(progress.steps_per_epoch).max(1);
        (1.0 - progress.step as f64 / steps as f64).max(0.0)
    }

    fn rewrite(&self, view: &GraphView, _: &Ctx<'_>) -> Result<Edits, Error> {
        let mut edits = Edits::default();
        for site in view.graph.nodes.iter().filter(|node| node.site.is_some()) {
            if view.shape(&site.id).is_none() || view.consumers(&site.id).next().is_none() {
                return Err(Error::new(format!("`{}` leads nowhere", site.id)));
            }
            let id = |part: &str| format!("echo.{}.{part}", site.id);
            edits.parameters.push(Parameter {
                name: id("scale"),
                shape: vec![],
                dtype: "f32".to_owned(),
                role: Role::Other,
                decay: false,
                prunable: false,
                init: Initial::constant(self.scale),
            });
            let scaled = node(id("scaled"), "aten::mul.Tensor", &[&site.id]);
            let params = BTreeMap::from([("other".to_owned(), id("scale"))]);
            edits.nodes.push(Node { params, ..scaled });
            edits.nodes.push(node(id("faded"), "aten::mul.Tensor", &[&id("scaled"), "knob:alpha"]));
            edits.nodes.push(node(id("sum"), "aten::add.Tensor", &[&site.id, &id("faded")]));
            edits.rewires.push(Rewire { from: site.id.clone(), to: id("sum") });
        }
        Ok(edits)
    }
}

fn node(id: String, op: &str, inputs: &[&str]) -> Node {
    Node {
        id,
        op: op.to_owned(),
        inputs: inputs.iter().map(|&name| Input::One(name.to_owned())).collect(),
        params: BTreeMap::new(),
        attrs: BTreeMap::new(),
        site: None,
    }
}
