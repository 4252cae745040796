//! Puts nodes into an order in which each comes after those it reads.

use std::collections::HashMap;

use jackpot_plugin_api::graph::Node;

use super::check::base_name;

/// The nodes in order, as far as possible in the order given; the names of a cycle otherwise.
pub fn sorted(nodes: Vec<Node>) -> Result<Vec<Node>, Vec<String>> {
    let place: HashMap<String, usize> =
        nodes.iter().enumerate().map(|(index, node)| (node.id.clone(), index)).collect();
    let needs: Vec<Vec<usize>> = nodes
        .iter()
        .map(|node| {
            let names = node.inputs.iter().flat_map(|input| input.names());
            names.filter_map(|name| place.get(base_name(name)).copied()).collect()
        })
        .collect();
    let mut done = vec![false; nodes.len()];
    let mut order = Vec::with_capacity(nodes.len());
    while order.len() < nodes.len() {
        let before = order.len();
        for index in 0..nodes.len() {
            if !done[index] && needs[index].iter().all(|&need| done[need]) {
                done[index] = true;
                order.push(index);
            }
        }
        if order.len() == before {
            let left = nodes.iter().zip(&done).filter(|(_, done)| !**done);
            return Err(left.map(|(node, _)| node.id.clone()).collect());
        }
    }
    let mut nodes: Vec<Option<Node>> = nodes.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|index| nodes[index].take()).collect())
}
