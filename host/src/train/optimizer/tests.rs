//! Steps by hand, and what is stored of them.

use super::*;
use crate::model::Owner;

fn parameter(values: &[f64]) -> Parameter {
    Parameter {
        name: "w".to_owned(),
        tensor: Tensor::from_slice(values).set_requires_grad(true),
        role: Role::Conv,
        decay: true,
        prunable: true,
        owner: Owner::Graph,
    }
}

fn sgd(momentum: f64, nesterov: bool) -> Choice {
    Choice::Sgd { lr: 0.1, momentum, weight_decay: 0.5, nesterov, decay_norm: true }
}

fn adamw() -> Choice {
    let (beta1, beta2, eps) = (0.9, 0.999, 1e-8);
    Choice::Adamw { lr: 0.1, beta1, beta2, eps, weight_decay: 0.1, decay_norm: true }
}

fn run(choice: &Choice, steps: usize) -> Vec<f64> {
    let parameters = [parameter(&[2.0])];
    let mut optimizer = Optimizer::new(choice, &parameters).unwrap();
    for _ in 0..steps {
        let gradient = Some(Tensor::from_slice(&[1.0_f64]));
        optimizer
            .step(&parameters, vec![gradient], &Masks::none(), &Places::default(), 0.1)
            .unwrap();
    }
    Vec::try_from(parameters[0].tensor.detach()).unwrap()
}

#[test]
fn sgd_by_hand() {
    // g = 1 + 0.5·2 = 2; w = 2 − 0.2 = 1.8. Then g = 1.9, v = 0.9·2 + 1.9 = 3.7, w = 1.43.
    assert!((run(&sgd(0.9, false), 2)[0] - 1.43).abs() < 1e-12);
    // Nesterov: d = g + 0.9·v: 2 + 1.8 = 3.8, w = 1.62. g = 1.81, v = 3.61, d = 5.059.
    assert!((run(&sgd(0.9, true), 2)[0] - 1.1141).abs() < 1e-12);
    assert!((run(&sgd(0.0, false), 1)[0] - 1.8).abs() < 1e-12);
}

#[test]
fn a_pruned_weight_stays_plus_zero() {
    let parameters = [parameter(&[0.0, 1.0])];
    let mask = Tensor::from_slice(&[false, true]);
    let masks = Masks::from_tensors([("w".to_owned(), mask)]);
    for choice in [sgd(0.9, true), adamw()] {
        let mut optimizer = Optimizer::new(&choice, &parameters).unwrap();
        for sign in [1.0, -1.0, f64::INFINITY] {
            let gradient = Some(Tensor::from_slice(&[sign * 3.0, -0.0_f64]));
            optimizer.step(&parameters, vec![gradient], &masks, &Places::default(), 0.1).unwrap();
            let bits = |t: &Tensor| Vec::<f64>::try_from(t.detach()).unwrap()[0].to_bits();
            assert_eq!(bits(&parameters[0].tensor), 0);
            assert!(optimizer.first.iter().all(|t| bits(t) == 0));
        }
    }
}

/// A step over kept weights alone is the step over all of them, to the bit.
#[test]
fn kept_weights_alone() {
    tch::manual_seed(3);
    let options = (Kind::Float, tch::Device::Cpu);
    let mask = Tensor::rand([301], options).lt(0.3);
    let first = keep(&mask, &Tensor::randn([301], options)).unwrap();
    let masks = Masks::from_tensors([("w".to_owned(), mask.shallow_clone())]);
    for choice in [sgd(0.9, false), sgd(0.9, true), sgd(0.0, false), adamw()] {
        let train = |places: &Places| {
            let mut w = parameter(&[0.0]);
            w.tensor = first.copy();
            let parameters = [w];
            let mut optimizer = Optimizer::new(&choice, &parameters).unwrap();
            tch::manual_seed(4);
            for _ in 0..3 {
                let gradient = vec![Some(Tensor::randn([301], options))];
                optimizer.step(&parameters, gradient, &masks, places, 0.1).unwrap();
            }
            (parameters[0].tensor.copy(), optimizer.state(&parameters))
        };
        let (all, all_state) = train(&Places::default());
        let places = Places::of(masks.iter()).unwrap();
        let (kept, kept_state) = train(&places);
        assert!(all.equal(&kept), "{choice:?}");
        for (name, tensor) in all_state {
            assert!(tensor.equal(&kept_state[&name]), "{choice:?} {name}");
        }
    }
}

#[test]
fn gradients_of_any_layout_mean_their_values() {
    let transposed = Tensor::arange(6, (Kind::Double, tch::Device::Cpu)).reshape([3, 2]).tr();
    let expanded = Tensor::from_slice(&[1.0_f64]).expand([2, 3], false);
    for gradient in [transposed, expanded] {
        let mut w = parameter(&[0.0]);
        w.tensor = Tensor::zeros([2, 3], (Kind::Double, tch::Device::Cpu));
        let choice = Choice::Sgd {
            lr: 1.0,
            momentum: 0.0,
            weight_decay: 0.0,
            nesterov: false,
            decay_norm: true,
        };
        let parameters = [w];
        let mut optimizer = Optimizer::new(&choice, &parameters).unwrap();
        let given = vec![Some(gradient.shallow_clone())];
        optimizer.step(&parameters, given, &Masks::none(), &Places::default(), 1.0).unwrap();
        assert!(parameters[0].tensor.equal(&-gradient), "{:?}", parameters[0].tensor);
    }
}

#[test]
fn decay_can_spare_norms() {
    let mut bn = parameter(&[2.0]);
    bn.role = Role::Norm;
    let choice = Choice::Sgd {
        lr: 0.1,
        momentum: 0.0,
        weight_decay: 0.5,
        nesterov: false,
        decay_norm: false,
    };
    let parameters = [bn];
    let mut optimizer = Optimizer::new(&choice, &parameters).unwrap();
    let gradient = Some(Tensor::from_slice(&[1.0_f64]));
    optimizer.step(&parameters, vec![gradient], &Masks::none(), &Places::default(), 0.1).unwrap();
    assert_eq!(parameters[0].tensor.double_value(&[0]), 1.9);
}

#[test]
fn state_goes_there_and_back() {
    let parameters = [parameter(&[2.0])];
    let mut one = Optimizer::new(&sgd(0.9, false), &parameters).unwrap();
    let gradient = || vec![Some(Tensor::from_slice(&[1.0_f64]))];
    one.step(&parameters, gradient(), &Masks::none(), &Places::default(), 0.1).unwrap();
    let mut two = Optimizer::new(&sgd(0.9, false), &parameters).unwrap();
    two.load(&parameters, &one.state(&parameters)).unwrap();
    assert!(two.first[0].equal(&one.first[0]));
    assert!(two.load(&parameters, &State::new()).unwrap_err().contains("first.w"));
}
