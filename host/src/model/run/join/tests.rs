//! What is joined, in small graphs.

use jackpot_plugin_api::graph::{Conv2d, Graph, GraphBuilder, TensorSpec};

use super::super::plan::Plan;
use super::{Turn, Work};

fn begin() -> GraphBuilder {
    let shape = vec![4, 8, 8];
    let input = TensorSpec { name: "x".to_owned(), shape, dtype: "f32".to_owned() };
    GraphBuilder::new(vec![input])
}

/// The nodes of each turn, and those whose values go behind it.
fn turns(graph: &Graph, is_site: &dyn Fn(&str) -> bool) -> Vec<(String, String)> {
    let plan = Plan::compile(graph, &mut |node| Ok(is_site(&node.id).then_some(0))).unwrap();
    let of_step = |step: &usize| plan.steps[*step].node.clone();
    let of_place = |place: &usize| match place.checked_sub(plan.inputs) {
        Some(step) => of_step(&step),
        None => "x".to_owned(),
    };
    let turn = |turn: &Turn| {
        let steps = match &turn.work {
            Work::Step(step) => vec![of_step(step)],
            Work::Join(join) => join.steps.iter().map(of_step).collect(),
        };
        let gone: Vec<_> = turn.last_use.iter().map(of_place).collect();
        (steps.join("+"), gone.join(" "))
    };
    plan.turns.iter().map(turn).collect()
}

fn known(turns: &[(String, String)]) -> Vec<&str> {
    turns.iter().map(|(steps, _)| steps.as_str()).collect()
}

#[test]
fn a_norm_takes_up_what_follows_it() {
    let mut graph = begin();
    let x = graph.input();
    let y = graph.conv2d("conv1", &x, Conv2d::new(4, 4, 3));
    let y = graph.batch_norm2d("bn1", &y, 4);
    let y = graph.activation("relu1", &y);
    let y = graph.conv2d("conv2", &y, Conv2d::new(4, 4, 3));
    let y = graph.batch_norm2d("bn2", &y, 4);
    let z = graph.conv2d("short", &x, Conv2d::new(4, 4, 1));
    let z = graph.batch_norm2d("bn3", &z, 4);
    let y = graph.add("add", &y, &z);
    let y = graph.activation("relu2", &y);
    graph.output("logits", &y);
    let graph = graph.finish();
    let all = turns(&graph, &|_| false);
    assert_eq!(known(&all), ["conv1", "bn1+relu1", "conv2", "short", "bn3", "bn2+add+relu2"]);
    // What is inside goes with its turn; what a norm reads stays until then.
    let gone: Vec<&str> = all.iter().map(|(_, gone)| gone.as_str()).collect();
    assert_eq!(gone, ["", "conv1 bn1", "relu1", "x", "short", "conv2 bn2 bn3 add"]);
    // So is a plugin in place of an activation, which may turn out to be a function of one number.
    let all = turns(&graph, &|node| node.starts_with("relu"));
    assert_eq!(known(&all), ["conv1", "bn1+relu1", "conv2", "short", "bn3", "bn2+add+relu2"]);
}

#[test]
fn a_value_that_others_read_is_made() {
    let mut graph = begin();
    let x = graph.input();
    let y = graph.batch_norm2d("bn1", &x, 4);
    let z = graph.activation("relu1", &y);
    let z = graph.add("add1", &z, &y);
    let z = graph.batch_norm2d("bn2", &z, 4);
    let twice = graph.add("add2", &z, &z);
    let w = graph.batch_norm2d("bn3", &twice, 4);
    graph.output("logits", &w);
    let all = turns(&graph.finish(), &|_| false);
    assert_eq!(known(&all), ["bn1", "relu1", "add1", "bn2", "add2", "bn3"]);
}

#[test]
fn a_norm_that_stands_twice_moves_its_statistics_in_order() {
    let mut graph = begin();
    let x = graph.input();
    let y = graph.conv2d("conv1", &x, Conv2d::new(4, 4, 3));
    let y = graph.batch_norm2d("bn1", &y, 4);
    let z = graph.conv2d("conv2", &x, Conv2d::new(4, 4, 3));
    let z = graph.batch_norm2d("bn2", &z, 4);
    let y = graph.add("add", &y, &z);
    graph.output("logits", &y);
    let mut graph = graph.finish();
    let shared = graph.nodes.iter().find(|node| node.id == "bn1").unwrap().params.clone();
    graph
        .nodes
        .iter_mut()
        .filter(|node| node.id == "bn2")
        .for_each(|node| node.params = shared.clone());
    let all = turns(&graph, &|_| false);
    assert_eq!(known(&all), ["conv1", "conv2", "bn1", "bn2+add"]);
}

#[test]
fn what_is_changed_in_place_is_read_before() {
    let mut graph = begin();
    let x = graph.input();
    let y = graph.batch_norm2d("bn1", &x, 4);
    let z = graph.node("changed", "aten::relu_", &[&x], &[], serde_json::Value::Null);
    let y = graph.activation("relu1", &y);
    let y = graph.add("add", &y, &z);
    graph.output("logits", &y);
    let all = turns(&graph.finish(), &|_| false);
    assert_eq!(known(&all), ["bn1", "changed", "relu1", "add"]);
}

#[test]
fn only_one_branch_is_added() {
    let mut graph = begin();
    let x = graph.input();
    let y = graph.batch_norm2d("bn1", &x, 4);
    let y = graph.add("add1", &x, &y);
    let y = graph.add("add2", &y, &x);
    let y = graph.activation("relu1", &y);
    graph.output("logits", &y);
    let all = turns(&graph.finish(), &|_| false);
    assert_eq!(known(&all), ["bn1+add1", "add2", "relu1"]);
}

#[test]
fn a_convolution_of_each_channel_by_itself_is_taken_up() {
    let own = || Conv2d { groups: 4, ..Conv2d::new(4, 4, 3) };
    let mut graph = begin();
    let x = graph.input();
    let y = graph.batch_norm2d("bn1", &x, 4);
    let y = graph.activation("relu1", &y);
    let y = graph.conv2d("conv1", &y, own());
    let y = graph.batch_norm2d("bn2", &y, 4);
    // Two read it.
    let y = graph.activation("relu2", &y);
    let z = graph.conv2d("conv2", &y, own());
    let z = graph.add("add", &z, &y);
    let z = graph.batch_norm2d("bn3", &z, 4);
    let z = graph.activation("relu3", &z);
    let z = graph.conv2d("conv3", &z, Conv2d { bias: true, ..own() });
    graph.output("logits", &z);
    let all = turns(&graph.finish(), &|_| false);
    let want = ["bn1+relu1+conv1", "bn2+relu2", "conv2", "add", "bn3+relu3", "conv3"];
    assert_eq!(known(&all), want);
}
