//! A small network as a program, as an ONNX file, as a graph file.

use jackpot_plugin_api::ctx::Progress;
use jackpot_plugin_api::graph::Graph;
use jackpot_plugin_api::model::Mode;
use prost::Message;
use serde_json::json;
use tch::Device;

use super::graph;
use super::onnx::encode;
use super::onnx::proto::ModelProto;
use super::program::Reference;
use super::trace::{agree, images, trace};
use crate::model::graph::check::tests::small;
use crate::model::{BuildOptions, Network};
use crate::torch::Value;
use crate::torch::op::record::record;

fn built(graph: &Graph) -> Network {
    let start = Progress { step: 0, steps_per_epoch: 1, total_steps: 1 };
    let (seed, device) = (1, Device::Cpu);
    let options =
        BuildOptions { activation: None, skip: None, registry: None, seed, device, start };
    Network::build(graph, options).unwrap()
}

#[test]
fn a_network_is_its_operators_and_the_batch_is_open() {
    let network = built(&small());
    let program = trace(&network).unwrap();
    let calls: Vec<_> = program.calls.iter().map(|call| (&*call.name, call.operator())).collect();
    let expected = [
        ("conv1", "aten::conv2d"),
        ("bn1", "aten::batch_norm"),
        ("relu1", "aten::relu"),
        ("pool", "aten::mean.dim"),
        ("linear", "aten::linear"),
    ];
    assert_eq!(calls, expected.map(|(name, op)| (name, op.to_owned())));
    assert_eq!(program.calls[0].shapes, [[None, Some(3), Some(4), Some(4)]]);
    assert_eq!(program.calls[4].shapes, [[None, Some(5)]]);
    assert_eq!(program.outputs, [("logits".to_owned(), Reference::Result(4, 0))]);
    // Without the counter of batches, which nothing reads.
    assert_eq!(program.tensors.len(), 7);
    let images = images(&[7, 2, 4, 4]).unwrap();
    // While it is recorded a network computes with its graph's operators alone.
    let own = record(|| network.forward(&images, Mode::Eval).unwrap().swap_remove(0).1).0;
    assert_eq!(program.run(&images).unwrap()[0], own);
}

#[test]
fn a_shape_that_names_the_batch_is_generalised_and_another_number_refused() {
    let mut graph = small();
    let flat = json!({ "shape": [-1, 48] });
    graph.nodes[3].op = "aten::reshape".to_owned();
    graph.nodes[3].attrs = [("shape".to_owned(), flat["shape"].clone())].into();
    graph.parameters.iter_mut().filter(|p| p.name == "linear.weight").for_each(|p| {
        p.shape = vec![5, 48];
    });
    let program = trace(&built(&graph)).unwrap();
    assert_eq!(program.calls[3].shapes, [[None, Some(48)]]);
    let list = |list: &[i64]| Value::IntList(list.to_vec());
    let batch = agree(&list(&[2, 48]), &list(&[3, 48]));
    assert!(matches!(batch, Some(Value::IntList(shape)) if shape == [-1, 48]));
    assert!(agree(&list(&[2, 48]), &list(&[4, 48])).is_none());
    assert!(agree(&list(&[2, -1]), &list(&[3, -1])).is_none());
    assert!(agree(&Value::Float(1.0), &Value::Float(2.0)).is_none());
    assert!(agree(&Value::Float(f64::NAN), &Value::Float(f64::NAN)).is_some());
}

#[test]
fn in_an_onnx_file_parameters_have_their_names() {
    let program = trace(&built(&small())).unwrap();
    let about = [("jackpot.job".to_owned(), "one".to_owned())];
    let bytes = encode(&program, &about).unwrap();
    let model = ModelProto::decode(bytes.as_slice()).unwrap();
    assert_eq!(model.opset_import[0].version, Some(17));
    let graph = model.graph.unwrap();
    let operators: Vec<_> = graph.node.iter().filter_map(|node| node.op_type.clone()).collect();
    assert_eq!(operators, ["Conv", "BatchNormalization", "Relu", "ReduceMean", "Gemm"]);
    assert_eq!(graph.node[0].input, ["x", "conv1.weight"]);
    assert_eq!(graph.node[4].output, ["logits"]);
    let names: Vec<_> = graph.initializer.iter().filter_map(|one| one.name.clone()).collect();
    for name in ["bn1.weight", "bn1.running_var", "linear.bias"] {
        assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
    }
    assert_eq!(names[0], "conv1.weight");
    assert_eq!(graph.initializer[0].dims, [3, 2, 3, 3]);
    assert_eq!(graph.initializer[0].raw_data.as_ref().map(Vec::len), Some(4 * 54));
}

#[test]
fn an_operator_without_a_form_is_named_with_its_node() {
    let mut graph = small();
    graph.nodes[2].op = "aten::lgamma".to_owned();
    let program = trace(&built(&graph)).unwrap();
    let text = encode(&program, &[]).unwrap_err().to_string();
    let expected = "node `relu1`: the operator `aten::lgamma` has no ONNX form here";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn a_graph_file_is_the_network_again() {
    let network = built(&small());
    let program = trace(&network).unwrap();
    let made = graph::graph(&program, &network).unwrap();
    let weights = graph::weights(&program, &network, &made);
    assert_eq!(made.parameters, small().parameters);
    assert_eq!(made.nodes[2].site, small().nodes[2].site);
    let mut again = built(&made);
    again.load(&weights, "x".as_ref(), crate::model::state::Extra::Refused).unwrap();
    let images = images(&[3, 2, 4, 4]).unwrap();
    let [own, made] =
        [&network, &again].map(|one| one.forward(&images, Mode::Eval).unwrap().swap_remove(0).1);
    assert_eq!(own, made);
}
