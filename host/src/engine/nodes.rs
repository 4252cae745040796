//! The plugins that a network's own nodes name: in a graph file, in what an architecture builds,
//! or in what a skip adds. The config does not name them, but the results depend on them.

use std::collections::BTreeSet;

use jackpot_plugin_api::graph::{Graph, Node};
use jackpot_plugin_api::manifest::Kind;

use super::error::OpenError;
use super::graphs::Graphs;
use crate::config::{Config, PluginRef};
use crate::experiment::{NetworkPlugins, PluginUse};
use crate::model::ModelError;
use crate::model::graph::shapes;
use crate::plugin::Registry;
use crate::plugin::kinds::Skip;

const PREFIX: &str = "plugin:";

/// What the networks of a config name; networks that name nothing are left out.
pub fn of_config(
    config: &Config,
    graphs: &Graphs,
    registry: &Registry,
) -> Result<Vec<NetworkPlugins>, OpenError> {
    let seed = config.seeds.first().copied().unwrap_or_default();
    let mut networks: Vec<NetworkPlugins> = Vec::new();
    let own = std::iter::once((&config.model, &config.train));
    for (model, train) in own.chain(config.spends.iter().map(|s| (&s.model, &s.train))) {
        let is_known = |known: &NetworkPlugins| known.model == *model && known.skip == train.skip;
        let Some(graph) = graphs.get(model) else { continue };
        if networks.iter().any(is_known) {
            continue;
        }
        let mut names = named(&graph.nodes);
        if let Some(skip) = &train.skip {
            names.extend(named(&added(graph, skip, registry, seed)?));
        }
        let mut plugins = Vec::new();
        for (kind, name) in names {
            let found = registry.find(kind, &name)?;
            plugins.push(PluginUse {
                kind: kind.as_str().to_owned(),
                name: found.manifest().name.clone(),
                version: found.file.manifest.version.clone(),
                sha256: found.file.sha256.clone(),
            });
        }
        networks.push(NetworkPlugins { model: model.clone(), skip: train.skip.clone(), plugins });
    }
    networks.retain(|network| !network.plugins.is_empty());
    Ok(networks)
}

/// The nodes that a skip adds to a graph.
fn added(
    graph: &Graph,
    skip: &PluginRef,
    registry: &Registry,
    seed: u64,
) -> Result<Vec<Node>, ModelError> {
    let skip = Skip::new(registry.create(Kind::Skip, &skip.plugin, &skip.params)?);
    Ok(skip.rewrite(&shapes::infer(graph)?, seed)?.nodes)
}

/// The items that nodes name. What is no kind is the network builder's to refuse.
fn named(nodes: &[Node]) -> BTreeSet<(Kind, String)> {
    let name = |node: &Node| {
        let (kind, name) = node.op.strip_prefix(PREFIX)?.split_once(':')?;
        Some((Kind::from_name(kind)?, name.to_owned()))
    };
    nodes.iter().filter_map(name).collect()
}

/// Makes the nodes that name an item name what `file` gives for it instead.
pub fn rename(graph: &mut Graph, file: &dyn Fn(Kind, &str) -> Option<String>) {
    for node in &mut graph.nodes {
        let named = node.op.strip_prefix(PREFIX).and_then(|rest| rest.split_once(':'));
        let renamed = named.and_then(|(kind, name)| {
            let to = file(Kind::from_name(kind)?, name)?;
            Some(format!("{PREFIX}{kind}:{to}"))
        });
        if let Some(op) = renamed {
            node.op = op;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(ops: &[&str]) -> Graph {
        let node = |(index, op): (usize, &&str)| serde_json::json!({ "id": format!("n{index}"), "op": op, "inputs": ["x"] });
        let nodes: Vec<_> = ops.iter().enumerate().map(node).collect();
        let graph = serde_json::json!({
            "schema": 1,
            "inputs": [{ "name": "x", "shape": [3, 4, 4], "dtype": "f32" }],
            "parameters": [],
            "buffers": [],
            "nodes": nodes,
            "outputs": [{ "name": "logits", "from": "n0" }],
        });
        serde_json::from_value(graph).unwrap()
    }

    #[test]
    fn plugins_of_nodes_are_found_once_each() {
        let ops = [
            "plugin:activation:swish",
            "aten::relu",
            "plugin:activation:own/a.so:mish",
            "plugin:nonsense:swish",
            "plugin:activation:swish",
        ];
        let found: Vec<_> = named(&graph(&ops).nodes).into_iter().collect();
        let activation = |name: &str| (Kind::Activation, name.to_owned());
        assert_eq!(found, [activation("own/a.so:mish"), activation("swish")]);
    }

    #[test]
    fn nodes_are_led_to_a_file() {
        let mut graph = graph(&["plugin:activation:swish", "plugin:activation:mish", "aten::relu"]);
        rename(&mut graph, &|kind, name| {
            (kind == Kind::Activation && name == "swish").then(|| "/run/ab.so:swish".to_owned())
        });
        let ops: Vec<_> = graph.nodes.iter().map(|node| node.op.as_str()).collect();
        assert_eq!(
            ops,
            ["plugin:activation:/run/ab.so:swish", "plugin:activation:mish", "aten::relu"]
        );
    }
}
