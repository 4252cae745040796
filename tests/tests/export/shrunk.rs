//! Dead channels are removed, those and no others, and the network computes the same.

use jackpot::export::cost::Cost;
use jackpot::export::shrink::shrink;
use jackpot::export::{Program, trace};
use jackpot::model::Network;
use jackpot::prune::Masks;
use jackpot_tests::python;
use tch::{Kind, Tensor};

use crate::formula::{mask, seed};
use crate::made::{images, logits, network, small, write};

fn set(network: &Network, name: &str, index: &[i64], value: f64) {
    let of_parameter = network.parameters().iter().find(|p| p.name == name).map(|p| &p.tensor);
    let of_buffer = || network.buffers().iter().find(|b| b.name == name).map(|b| &b.tensor);
    let tensor = of_parameter.or_else(of_buffer).unwrap();
    tch::no_grad(|| {
        let mut part = tensor.shallow_clone();
        for &place in index {
            part = part.get(place);
        }
        let _ = part.fill_(value);
    });
}

/// All weights that read a channel.
fn unread(network: &Network, name: &str, channel: i64) {
    let tensor = &network.parameter(name).unwrap().tensor;
    tch::no_grad(|| {
        let _ = tensor.narrow(1, channel, 1).fill_(0.0);
    });
}

#[track_caller]
fn same(program: &Program, network: &Network, shape: [usize; 3]) {
    let inputs = images(4, shape);
    let (own, made) = (logits(network, &inputs), &program.run(&inputs).unwrap()[0]);
    let off = (own - made).abs().max().double_value(&[]);
    assert!(off < 1e-5, "{off:e}");
}

fn shape_of(program: &Program, name: &str) -> Vec<i64> {
    program.tensors.iter().find(|stored| stored.name == name).unwrap().tensor.size()
}

#[test]
fn a_residual_networks_inner_channels_go_if_they_are_zero_or_unread() {
    let shape = [3, 32, 32];
    let network = network("resnet8", (8, shape), None, None);
    // Without weights, and below 0 after its normalisation: 0 after ReLU.
    set(&network, "layer1.0.conv1.weight", &[1], 0.0);
    set(&network, "layer1.0.bn1.bias", &[1], -0.5);
    set(&network, "layer1.0.bn1.running_mean", &[1], 0.0);
    // The same above 0: a convolution with padding sees where the image ends.
    set(&network, "layer1.0.conv1.weight", &[2], 0.0);
    set(&network, "layer1.0.bn1.bias", &[2], 0.5);
    set(&network, "layer1.0.bn1.running_mean", &[2], 0.0);
    // Whatever it is, nobody reads it.
    unread(&network, "layer1.0.conv2.weight", 5);
    // A channel that is added to others stays.
    set(&network, "layer1.0.conv2.weight", &[3], 0.0);
    let before = Cost::of(&trace(&network).unwrap());
    let (program, removed) = shrink(trace(&network).unwrap()).unwrap();
    let removed: Vec<_> = removed.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(removed, [("layer1.0.conv1", 2)]);
    assert_eq!(shape_of(&program, "layer1.0.conv1.weight"), [6, 8, 3, 3]);
    assert_eq!(shape_of(&program, "layer1.0.bn1.running_var"), [6]);
    assert_eq!(shape_of(&program, "layer1.0.conv2.weight"), [8, 6, 3, 3]);
    same(&program, &network, shape);
    let after = Cost::of(&program);
    // Two rows and two columns of 8 · 9 weights, four numbers of each row's normalisation; the
    // images have 32 × 32 pixels.
    assert_eq!(before.weights - after.weights, 4 * 72);
    assert_eq!(before.bytes - after.bytes, 4 * (4 * 72 + 2 * 4));
    assert_eq!(before.flops - after.flops, 2 * 4 * 72 * 1024);
}

#[test]
fn a_constant_goes_into_the_bias_of_a_linear_layer_and_dead_channels_kill_others() {
    let shape = [1, 28, 28];
    let network = network("lenet-300-100", (30, shape), None, None);
    let names: Vec<_> = network.parameters().iter().map(|p| p.name.clone()).collect();
    let weight = |place: usize| names.iter().filter(|n| n.ends_with("weight")).nth(place).unwrap();
    let bias = |place: usize| names.iter().filter(|n| n.ends_with("bias")).nth(place).unwrap();
    // A feature of the first layer that is 0.7 for every image.
    set(&network, weight(0), &[3], 0.0);
    set(&network, bias(0), &[3], 0.7);
    // One of the second layer that reads nothing else is a constant as well.
    set(&network, weight(1), &[2], 0.0);
    set(&network, weight(1), &[2, 3], 2.0);
    set(&network, bias(1), &[2], 0.1);
    let (program, removed) = shrink(trace(&network).unwrap()).unwrap();
    assert_eq!(removed.values().collect::<Vec<_>>(), [&1, &1], "{removed:?}");
    let size = |name: &str| network.parameter(name).unwrap().tensor.size();
    assert_eq!(shape_of(&program, weight(0))[0], size(weight(0))[0] - 1);
    assert_eq!(shape_of(&program, weight(1))[0], size(weight(1))[0] - 1);
    assert_eq!(shape_of(&program, weight(2))[1], size(weight(2))[1] - 1);
    same(&program, &network, shape);
    // The last layer's bias has relu(0.1 + 2 · 0.7) times what it read of the feature.
    let reads = network.parameter(weight(2)).unwrap().tensor.get(4).get(2).double_value(&[]);
    let own = network.parameter(bias(2)).unwrap().tensor.get(4).double_value(&[]);
    let made = program.tensors.iter().find(|stored| stored.name == *bias(2)).unwrap();
    assert!((made.tensor.get(4).double_value(&[]) - (own + 1.5 * reads)).abs() < 1e-6);
}

/// So few weights that many channels are dead.
fn sparse(network: &Network) -> Masks {
    let weights = network.parameters().iter().filter(|p| p.prunable);
    let masks = Masks::from_tensors(weights.map(|p| {
        let seed = seed(&format!("shrink/{}", p.name));
        // All of the last layer's, or nothing would depend on the image.
        let keep = if p.tensor.dim() == 2 { 0.5 } else { 0.02 };
        let kept = mask(p.tensor.numel(), seed, keep);
        (p.name.clone(), Tensor::from_slice(&kept).reshape(p.tensor.size()))
    }));
    masks.apply(network).unwrap();
    masks
}

#[test]
fn every_family_computes_the_same_without_its_dead_channels() {
    let python = python::with("torch, safetensors, onnx, onnxruntime");
    let sandbox = jackpot_tests::Sandbox::new();
    let families = ["resnet8", "resnet18", "resnet50", "vgg16", "mobilenet", "mobilenet-v2"];
    for architecture in families.into_iter().chain(["lenet-5", "lenet-300-100"]) {
        for activation in ["relu", "swish", "softplus"] {
            let (width, shape) = small(architecture);
            let chosen = Some((activation, serde_json::json!({})));
            let network = network(architecture, (width, shape), chosen, None);
            let masks = sparse(&network);
            let program = trace(&network).unwrap().masked(masks.iter()).unwrap();
            let before = Cost::of(&program);
            let (program, removed) = shrink(program).unwrap();
            println!("{architecture} {activation}: {:?}", removed.values().sum::<usize>());
            same(&program, &network, shape);
            if activation == "relu" && architecture != "lenet-300-100" {
                assert!(Cost::of(&program).bytes < before.bytes, "{architecture}");
            }
            // Masks are cut with their weights, and still say which are 0.
            for stored in &program.tensors {
                if let Some(mask) = &stored.mask {
                    assert_eq!(mask.size(), stored.tensor.size(), "{}", stored.name);
                    let outside = stored.tensor.masked_select(&mask.logical_not());
                    assert_eq!(outside.ne(0.0).sum(Kind::Int64).int64_value(&[]), 0);
                }
            }
            let inputs = images(3, shape);
            let own = logits(&network, &inputs);
            let name = format!("{architecture}-{activation}");
            write(sandbox.path(), &name, &program, &network, (&inputs, &own));
        }
    }
    if let Some(python) = python {
        let folder = sandbox.path().to_str().unwrap();
        let script = "tests/python/check_exports.py";
        println!("{}", python::script(&python, script, &[folder], sandbox.path()));
    }
}
