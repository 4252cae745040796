//! Every architecture and activation in onnxruntime and in PyTorch: logits equal to 1e-4, times the
//! largest logit where that is above 1.

use jackpot::export::trace;
use jackpot::model::Network;
use jackpot::torch::op::record::record;
use jackpot_tests::{Sandbox, python};
use serde_json::{Value, json};

use crate::made::{images, logits, network, pruned, small, write};

const ARCHITECTURES: [&str; 14] = [
    "resnet8",
    "resnet20",
    "resnet32",
    "resnet44",
    "resnet56",
    "resnet110",
    "resnet18",
    "resnet34",
    "resnet50",
    "vgg16",
    "mobilenet",
    "mobilenet-v2",
    "lenet-300-100",
    "lenet-5",
];

/// All activations, those with parameters also with others than their own.
fn activations() -> Vec<(&'static str, Value)> {
    vec![
        ("relu", json!({})),
        ("swish", json!({ "beta": 1.5 })),
        ("pswish", json!({})),
        // After the fade it is ReLU; at the end of a training that is shorter, soft.
        ("pswish", json!({ "fade": "1ep" })),
        ("pswish", json!({ "fade": "150ep" })),
        ("mish", json!({})),
        ("gelu", json!({})),
        ("gelu", json!({ "approximate": "tanh" })),
        ("elu", json!({ "alpha": 0.7 })),
        // It jumps at the threshold, here by 3e-6: a rounding error decides on which side.
        ("softplus", json!({ "beta": 2.0, "threshold": 12.0 })),
        ("softplus", json!({})),
        ("lisht", json!({})),
    ]
}

/// Exports networks into a folder and has Python compare all of them.
fn compared(networks: impl IntoIterator<Item = (String, Network, [usize; 3])>) {
    let Some(python) = python::with("torch, safetensors, onnx, onnxruntime") else { return };
    let sandbox = Sandbox::new();
    for (name, network, shape) in networks {
        let masks = pruned(&network);
        let program = trace(&network).unwrap().masked(masks.iter()).unwrap();
        let inputs = images(5, shape);
        // While it is recorded a network computes with its graph's operators alone: the same to
        // the bit.
        let own = record(|| logits(&network, &inputs)).0;
        assert_eq!(program.run(&inputs).unwrap()[0], own, "{name}");
        write(sandbox.path(), &name, &program, &network, (&inputs, &own));
    }
    let folder = sandbox.path().to_str().unwrap();
    println!(
        "{}",
        python::script(&python, "tests/python/check_exports.py", &[folder], sandbox.path())
    );
}

#[test]
fn every_architecture_with_every_activation() {
    let pairs = ARCHITECTURES.iter().flat_map(|one| {
        activations()
            .into_iter()
            .enumerate()
            .map(move |(number, activation)| (one, number, activation))
    });
    compared(pairs.map(|(architecture, number, (activation, params))| {
        let (width, shape) = small(architecture);
        let name = format!("{architecture}-{activation}-{number}");
        (name, network(architecture, (width, shape), Some((activation, params)), None), shape)
    }));
}

#[test]
fn the_architectures_own_activation_and_permanent_or_faded_skips() {
    let skips = [json!({}), json!({ "fade": "1ep" }), json!({ "fade": "150ep" })];
    let plain = ARCHITECTURES.iter().map(|architecture| {
        let (width, shape) = small(architecture);
        (format!("{architecture}-own"), network(architecture, (width, shape), None, None), shape)
    });
    let skipped = ["resnet8", "resnet50", "vgg16", "mobilenet", "lenet-5"].iter();
    let skipped = skipped.flat_map(|architecture| {
        let (width, shape) = small(architecture);
        skips.iter().enumerate().map(move |(number, skip)| {
            let made = network(architecture, (width, shape), None, Some(skip.clone()));
            (format!("{architecture}-skip-{number}"), made, shape)
        })
    });
    compared(plain.chain(skipped));
}

/// Minutes, and a gigabyte of files: `cargo nextest run -E 'test(of_full_width)' --run-ignored all`.
#[test]
#[ignore = "minutes, and a gigabyte of files"]
fn every_architecture_of_full_width() {
    compared(ARCHITECTURES.iter().zip(activations().into_iter().cycle()).map(
        |(one, activation)| {
            let (_, shape) = small(one);
            let width = match *one {
                "lenet-300-100" => 300,
                "lenet-5" => 6,
                name if name.starts_with("mobilenet") => 32,
                "resnet18" | "resnet34" | "resnet50" | "vgg16" => 64,
                _ => 16,
            };
            (format!("{one}-full"), network(one, (width, shape), Some(activation), None), shape)
        },
    ));
}
