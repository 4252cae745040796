//! The networks' parameters: names, shapes, order, number.

use jackpot::model::Owner;
use jackpot_plugin_api::graph::Role;
use serde_json::Value;

use crate::data::case;
use crate::setup::Parts;

fn lines<'a>(tensors: impl Iterator<Item = (&'a String, &'a tch::Tensor)>) -> Vec<String> {
    let line = |(name, tensor): (&String, &tch::Tensor)| {
        let sizes = tensor.size().into_iter().map(|size| size.to_string());
        std::iter::once(name.clone()).chain(sizes).collect::<Vec<_>>().join(" ")
    };
    tensors.map(line).collect()
}

fn texts(list: &Value) -> Vec<String> {
    let text = |line: &Value| line.as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(text).collect()
}

#[test]
fn parameters_and_buffers_are_those_of_the_state_dict() {
    let golden = case("state-dicts");
    let networks = golden.about["networks"].as_array().unwrap();
    assert_eq!(networks.len(), 4);
    let known = [75_290, 269_722, 464_154, 11_173_962];
    for ((about, count), known) in networks.iter().zip(golden.values("counts")).zip(known) {
        let name = about["architecture"].as_str().unwrap();
        let parts = Parts::new(name, about["width"].as_i64().unwrap(), 32, 10);
        let network = parts.training().network;
        let parameters = network.parameters();
        assert_eq!(
            lines(parameters.iter().map(|p| (&p.name, &p.tensor))),
            texts(&about["parameters"])
        );
        let buffers = network.buffers().iter();
        assert_eq!(lines(buffers.map(|b| (&b.name, &b.tensor))), texts(&about["buffers"]));
        let numbers: usize = parameters.iter().map(|p| p.tensor.numel()).sum();
        assert_eq!((numbers, count as usize), (known, known), "{name}");
    }
}

#[test]
fn roles_follow_from_names() {
    for name in ["resnet8", "resnet18"] {
        let parts = Parts::new(name, 4, 32, 10);
        for p in parts.training().network.parameters() {
            let expected = match (p.name.as_str(), p.tensor.dim()) {
                ("linear.weight", _) => Role::Linear,
                (_, 4) => Role::Conv,
                ("linear.bias", _) => Role::Bias,
                _ => Role::Norm,
            };
            assert_eq!((p.role, p.owner, p.decay), (expected, Owner::Graph, true), "{}", p.name);
            assert_eq!(p.prunable, matches!(p.role, Role::Conv | Role::Linear), "{}", p.name);
            assert!(p.tensor.requires_grad());
        }
    }
}
