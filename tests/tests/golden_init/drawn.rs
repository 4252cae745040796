//! Moments, bounds and orthogonality of what kaiming, xavier and orthogonal draw.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jackpot::plugin::ModelAccess;
use jackpot::plugin::kinds::Init;
use jackpot_plugin_api::graph::Role;
use jackpot_plugin_api::manifest::Kind as ItemKind;
use jackpot_plugin_api::model::{Mode, ParameterInfo};
use serde_json::{Value, json};
use tch::{Kind, Tensor};

use crate::data::{Case, case_of, numbers};
use crate::given::{Given, initialize, noise};
use crate::setup::{Parts, instance, reference};
use crate::state;

const NAMES: [&str; 3] = ["kaiming", "xavier", "orthogonal"];

/// A model of nothing but shapes, which keeps what it is given.
struct Shapes {
    infos: Vec<ParameterInfo>,
    set: RefCell<BTreeMap<String, Tensor>>,
}

impl Shapes {
    fn new(parameters: &[(&str, Role, &[i64])]) -> Self {
        let info = |(name, role, shape): &(&str, Role, &[i64])| ParameterInfo {
            name: (*name).to_owned(),
            shape: shape.to_vec(),
            role: *role,
            prunable: true,
            decay: true,
            added: false,
        };
        let infos = parameters.iter().map(info).collect();
        Self { infos, set: RefCell::default() }
    }

    /// The weights of a convolution or linear layer of each shape: `0`, `1`, …
    fn weights(shapes: &[Vec<i64>]) -> Self {
        let names: Vec<String> = (0..shapes.len()).map(|i| i.to_string()).collect();
        let role = |shape: &[i64]| if shape.len() == 2 { Role::Linear } else { Role::Conv };
        let rows = names.iter().zip(shapes);
        let rows: Vec<_> = rows.map(|(n, s)| (n.as_str(), role(s), s.as_slice())).collect();
        Self::new(&rows)
    }

    fn run(&self, name: &str, params: &Value, seed: u64) -> &Self {
        initialize(name, params, self, seed).unwrap();
        self
    }

    fn tensor(&self, name: &str) -> Tensor {
        self.set.borrow()[name].shallow_clone()
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        numbers(&self.tensor(name))
    }
}

impl ModelAccess for Shapes {
    fn gradients(&self) -> Result<Vec<(String, Tensor)>, String> {
        Err("an init has no gradients".to_owned())
    }

    fn infos(&self) -> Vec<ParameterInfo> {
        self.infos.clone()
    }

    fn parameters(&self) -> Vec<(String, Tensor)> {
        Vec::new()
    }

    fn masks(&self) -> Vec<(String, Tensor)> {
        Vec::new()
    }

    fn buffers(&self) -> Vec<(String, Tensor)> {
        Vec::new()
    }

    fn set(&self, name: &str, value: &Tensor) -> Result<(), String> {
        self.set.borrow_mut().insert(name.to_owned(), value.copy());
        Ok(())
    }

    fn batch(&self, _: i64, _: i64) -> Result<(Tensor, Tensor), String> {
        Err("there are no images".to_owned())
    }

    fn forward(
        &self,
        _: &[(&str, &Tensor)],
        _: &[(&str, &Tensor)],
        _: &Tensor,
        _: Mode,
        _: Option<Kind>,
    ) -> Result<Vec<(String, Tensor)>, String> {
        Err("there is no network".to_owned())
    }
}

fn golden() -> (Case, Vec<Vec<i64>>) {
    let golden = case_of("init.json", "deviations");
    let shapes = serde_json::from_value(golden.about["shapes"].clone()).unwrap();
    (golden, shapes)
}

/// All weights have mean 0 and the deviation that PyTorch's initialisers give them: a sample's own
/// deviation is off by √(kurtosis − 1)/(2√n), its mean by σ/√n; four of these are allowed.
#[track_caller]
fn has_moments(x: &[f64], std: f64, distribution: &str) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let own = (x.iter().map(|x| x * x).sum::<f64>() / n).sqrt();
    let kurtosis: f64 = if distribution == "normal" { 3.0 } else { 1.8 };
    let spread = (kurtosis - 1.0).sqrt() / 2.0 / n.sqrt();
    assert!((own / std - 1.0).abs() < 4.0 * spread, "deviation {own}, not {std}");
    assert!(mean.abs() < 4.0 * std / n.sqrt(), "mean {mean}");
    let largest = x.iter().fold(0.0_f64, |a, b| a.max(b.abs())) / std;
    if distribution == "normal" {
        // Of 1600 to 18432 normal numbers.
        assert!((2.8..5.6).contains(&largest), "{largest}");
        let beyond = x.iter().filter(|x| x.abs() > std).count() as f64 / n;
        assert!((beyond - 0.3173).abs() < 0.05, "a share of {beyond} beyond the deviation");
    } else {
        // The deviation of a uniform number within ±b is b/√3; f32 may round up to the bound.
        let bound = 3_f64.sqrt() * (1.0 + 1e-6);
        assert!(largest <= bound && largest > 0.99 * bound, "{largest}");
    }
}

fn moments(name: &str) {
    let (golden, shapes) = golden();
    let rows = golden.about[name].as_array().unwrap();
    for distribution in ["normal", "uniform"] {
        for (number, params) in rows.iter().enumerate() {
            let stds = golden.values(&format!("{name}-{number}"));
            let mut params = params.clone();
            params["distribution"] = distribution.into();
            let model = Shapes::weights(&shapes);
            model.run(name, &params, 5);
            for (place, std) in stds.iter().enumerate() {
                has_moments(&model.numbers(&place.to_string()), *std, distribution);
            }
        }
    }
}

#[test]
fn kaiming_has_pytorchs_moments_and_bounds() {
    moments("kaiming");
}

#[test]
fn xavier_has_pytorchs_moments_and_bounds() {
    moments("xavier");
}

#[test]
fn orthogonal_is_orthogonal() {
    let shapes = [vec![32, 16, 3, 3], vec![64, 3, 3, 3], vec![64, 64], vec![10, 40], vec![40, 10]];
    for gain in [1.0, 1.5] {
        let model = Shapes::weights(&shapes);
        model.run("orthogonal", &json!({ "gain": gain }), 3);
        for (place, shape) in shapes.iter().enumerate() {
            let weight = model.tensor(&place.to_string());
            assert_eq!(weight.size(), *shape);
            let matrix = weight.to_kind(Kind::Double).view([shape[0], -1]);
            let tall = if matrix.size()[0] < matrix.size()[1] { matrix.tr() } else { matrix };
            let columns = tall.size()[1];
            let expected = Tensor::eye(columns, (Kind::Double, tch::Device::Cpu)) * gain * gain;
            let off = (tall.tr().matmul(&tall) - expected).abs().max().double_value(&[]);
            assert!(off < 1e-5, "{shape:?}: {off:e}");
        }
    }
}

/// Without a rule for the signs the factor Q depends on the algorithm, and its first number would
/// never be positive.
#[test]
fn orthogonal_prefers_no_sign() {
    let first = |seed| {
        let model = Shapes::weights(&[vec![4, 3], vec![3, 4]]);
        model.run("orthogonal", &json!({}), seed);
        [model.numbers("0")[0] > 0.0, model.numbers("1")[0] > 0.0]
    };
    let found: Vec<_> = (0..100).map(first).collect();
    for which in 0..2 {
        let positive = found.iter().filter(|flags| flags[which]).count();
        // Four standard deviations.
        assert!((30..=70).contains(&positive), "{positive} of 100");
    }
}

#[test]
fn draws_depend_on_the_seed_the_item_and_the_layer_alone() {
    let shapes = [vec![8, 4, 3, 3], vec![8, 4, 3, 3]];
    let mut seen = Vec::new();
    for name in NAMES {
        let draw = |seed| {
            let model = Shapes::weights(&shapes);
            model.run(name, &json!({}), seed);
            ["0", "1"].map(|place| model.numbers(place))
        };
        assert_eq!(draw(1), draw(1), "{name}");
        seen.extend([draw(1), draw(2)].concat());
    }
    for (i, a) in seen.iter().enumerate() {
        assert!(seen[..i].iter().all(|b| a != b), "{i}");
    }
}

#[test]
fn normalisations_and_biases_start_over_and_others_stay() {
    for name in NAMES {
        let model = Shapes::new(&[
            ("conv.weight", Role::Conv, &[4, 2, 3, 3]),
            ("conv.bias", Role::Bias, &[4]),
            ("bn.weight", Role::Norm, &[4]),
            ("bn.bias", Role::Norm, &[4]),
            ("table", Role::Other, &[5]),
        ]);
        model.run(name, &json!({}), 0);
        assert!(model.numbers("conv.weight").iter().any(|x| *x != 0.0));
        assert_eq!(model.numbers("conv.bias"), [0.0; 4]);
        assert_eq!(model.numbers("bn.weight"), [1.0; 4]);
        assert_eq!(model.numbers("bn.bias"), [0.0; 4]);
        assert!(!model.set.borrow().contains_key("table"), "{name}");
    }
}

#[test]
fn a_weight_without_fans_is_an_error_in_words() {
    for name in ["kaiming", "xavier"] {
        let model = Shapes::new(&[("mix.weight", Role::Linear, &[7])]);
        let error = initialize(name, &json!({}), &model, 0).unwrap_err().to_string();
        assert!(error.contains("`mix.weight` has shape [7]"), "{error}");
    }
}

/// On the host's own model: masks act, and a tweak's layers stay what the tweak made them.
#[test]
fn the_ticket_is_replaced_under_its_mask() {
    let mut parts = Parts::new("resnet8", 4, 8, 10);
    parts.train.skip = Some(reference("ghost-skip", &json!({})));
    for name in NAMES {
        let mut training = parts.training();
        training.masks = state::masks(&training.network, "drawn", 0.4);
        training.masks.apply(&training.network).unwrap();
        let before = state::parameters(&training.network);
        let noise = noise("drawn", 8, 10);
        let model = Given::new(&training.network, &training.masks, &parts.feed, &noise);
        initialize(name, &json!({}), &model, 7).unwrap();
        for ((layer, before), (_, after)) in before.iter().zip(state::parameters(&training.network))
        {
            if layer.starts_with("skip.") {
                assert_eq!(*before, after, "{name}: {layer}");
            } else if let Some(mask) = training.masks.get(layer) {
                let kept = numbers(mask);
                for (x, kept) in after.iter().zip(kept) {
                    assert_eq!(x.to_bits() != 0, kept == 1.0, "{name}: {layer}");
                }
                assert_ne!(*before, after);
            }
        }
        let item = Init::new(instance(ItemKind::Init, name, &json!({})));
        assert!(!item.keeps_ticket().unwrap());
    }
}
