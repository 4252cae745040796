//! Merges a skip's additions into a graph.

use std::collections::HashSet;

use jackpot_plugin_api::graph::{Edits, Graph, GraphView, Rewire};

use super::order::sorted;
use crate::model::error::ModelError;

/// The graph with the additions. Only the base graph's own nodes are rewired, so a new node may
/// read the old value.
///
/// # Errors
///
/// Additions that replace something, rewire what does not exist, or make a cycle. Shapes are
/// checked by [`same_shapes`].
pub fn merge(base: &Graph, edits: Edits, item: &str) -> Result<Graph, ModelError> {
    let fail = |message: String| refused(item, message);
    if let Some(parameter) = edits.parameters.iter().find(|parameter| parameter.prunable) {
        let message = format!("the added parameter `{}` must not be prunable", parameter.name);
        return Err(fail(message));
    }
    let old: HashSet<&str> = base.nodes.iter().map(|node| node.id.as_str()).collect();
    let new: HashSet<&str> = edits.nodes.iter().map(|node| node.id.as_str()).collect();
    if let Some(name) = new.intersection(&old).next() {
        return Err(fail(format!("it adds a node `{name}`, which exists already")));
    }
    let mut sources = HashSet::new();
    for Rewire { from, to } in &edits.rewires {
        if !old.contains(from.as_str()) || !new.contains(to.as_str()) {
            let message = format!(
                "it rewires `{from}` to `{to}`: the first must be an old node, the second a new one"
            );
            return Err(fail(message));
        }
        if !sources.insert(from) {
            return Err(fail(format!("it rewires `{from}` twice")));
        }
    }
    let target = |name: &str| edits.rewires.iter().find(|r| r.from == name).map(|r| r.to.clone());
    let mut merged = base.clone();
    for node in &mut merged.nodes {
        for name in node.inputs.iter_mut().flat_map(|input| input.names_mut()) {
            if let Some(to) = target(name) {
                *name = to;
            }
        }
    }
    for output in &mut merged.outputs {
        if let Some(to) = target(&output.from) {
            output.from = to;
        }
    }
    merged.parameters.extend(edits.parameters);
    merged.buffers.extend(edits.buffers);
    merged.nodes.extend(edits.nodes);
    merged.nodes = sorted(std::mem::take(&mut merged.nodes))
        .map_err(|names| fail(format!("these nodes read each other: {}", names.join(", "))))?;
    super::check(&merged).map_err(|error| fail(error.to_string()))?;
    Ok(merged)
}

/// The error of additions that do not fit.
pub fn refused(item: &str, message: String) -> ModelError {
    ModelError::Edits { item: item.to_owned(), message }
}

/// Refuses additions that change the shape of what they replace.
///
/// # Errors
///
/// The first pair that differs.
pub fn same_shapes(
    rewires: &[Rewire],
    before: &GraphView,
    after: &GraphView,
    item: &str,
) -> Result<(), ModelError> {
    for Rewire { from, to } in rewires {
        let (old, new) = (before.shape(from), after.shape(to));
        if old != new {
            let message = format!(
                "`{to}` has shape {:?} where `{from}` has {:?}",
                new.unwrap_or_default(),
                old.unwrap_or_default()
            );
            return Err(refused(item, message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jackpot_plugin_api::graph::{Input, Node};

    use super::super::check::tests::small;
    use super::*;

    fn node(id: &str, inputs: &[&str]) -> Node {
        Node {
            id: id.to_owned(),
            op: "aten::add.Tensor".to_owned(),
            inputs: inputs.iter().map(|&name| Input::One(name.to_owned())).collect(),
            params: Default::default(),
            attrs: Default::default(),
            site: None,
        }
    }

    fn rewire(from: &str, to: &str) -> Rewire {
        Rewire { from: from.to_owned(), to: to.to_owned() }
    }

    #[test]
    fn readers_of_the_old_node_read_the_new_one() {
        let edits = Edits {
            nodes: vec![node("sum", &["bn1", "conv1"])],
            rewires: vec![rewire("bn1", "sum")],
            ..Edits::default()
        };
        let merged = merge(&small(), edits, "test").unwrap();
        let names: Vec<_> = merged.nodes.iter().map(|node| node.id.as_str()).collect();
        assert_eq!(names, ["conv1", "bn1", "sum", "relu1", "pool", "linear"]);
        assert_eq!(merged.nodes[3].inputs, [Input::One("sum".to_owned())]);
        assert_eq!(merged.nodes[2].inputs[0], Input::One("bn1".to_owned()));
    }

    #[test]
    fn additions_that_do_not_fit_are_refused() {
        let say = |edits| merge(&small(), edits, "test").unwrap_err().to_string();
        let text = say(Edits { nodes: vec![node("bn1", &["x", "x"])], ..Edits::default() });
        assert!(text.contains("adds a node `bn1`, which exists already"), "{text}");
        let text = say(Edits { rewires: vec![rewire("bn1", "relu1")], ..Edits::default() });
        assert!(text.contains("the second a new one"), "{text}");
        let text = say(Edits {
            nodes: vec![node("sum", &["relu1", "bn1"])],
            rewires: vec![rewire("bn1", "sum")],
            ..Edits::default()
        });
        assert!(text.contains("read each other"), "{text}");
        let text = say(Edits { nodes: vec![node("sum", &["gone", "bn1"])], ..Edits::default() });
        assert!(text.contains("reads `gone`"), "{text}");
    }
}
