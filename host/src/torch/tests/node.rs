//! Backward passes in Rust.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tch::Tensor;

use crate::torch::grad::{GradMode, GradOptions, grad};
use crate::torch::node::{Backward, attach};
use crate::torch::numbers;

/// y = x³ with the gradient 3x², and what it notes on the way.
struct Cube {
    fails: Option<&'static str>,
    dropped: Arc<AtomicUsize>,
}

impl Backward for Cube {
    fn gradients(
        &self,
        saved: &[&Tensor],
        output_gradient: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, String> {
        match self.fails {
            Some("panic") => panic!("on purpose"),
            Some(text) => return Err(text.to_owned()),
            None => {}
        }
        assert_eq!(wanted, [true]);
        Ok(vec![Some(output_gradient * saved[0] * saved[0] * 3.0)])
    }
}

impl Drop for Cube {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

fn cube(x: &Tensor, fails: Option<&'static str>) -> (Tensor, Arc<AtomicUsize>) {
    let dropped = Arc::new(AtomicUsize::new(0));
    let y = tch::no_grad(|| x * x * x);
    let backward = Cube { fails, dropped: dropped.clone() };
    attach(&[x], &y, &[x], Box::new(backward)).unwrap();
    (y, dropped)
}

fn leaf() -> Tensor {
    Tensor::from_slice(&[2.0_f32, -1.0]).set_requires_grad(true)
}

#[test]
fn gradients_of_first_and_second_order() {
    let x = leaf();
    let (y, dropped) = cube(&x, None);
    let ones = y.ones_like();
    let options = GradOptions { create_graph: true, ..GradOptions::default() };
    let first = grad(&[&y], &[&x], Some(&[&ones]), options).unwrap().remove(0).unwrap();
    assert_eq!(Vec::<f32>::try_from(first.detach()).unwrap(), [12.0, 3.0]);
    let second = grad(&[&first], &[&x], Some(&[&ones]), GradOptions::default()).unwrap();
    // 6x.
    let second = second.into_iter().next().flatten().unwrap();
    assert_eq!(Vec::<f32>::try_from(second).unwrap(), [12.0, -6.0]);
    drop((y, first));
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
}

#[test]
fn nothing_is_kept_where_nothing_is_recorded() {
    let x = leaf();
    let _mode = GradMode::disable();
    let (y, dropped) = cube(&x, None);
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    assert!(!y.requires_grad());
}

#[test]
fn what_goes_wrong_is_said_and_a_panic_stays_inside() {
    for (fails, words) in [("no such weight", "no such weight"), ("panic", "panicked")] {
        let x = leaf();
        let (y, dropped) = cube(&x, Some(fails));
        let ones = y.ones_like();
        let text = grad(&[&y], &[&x], Some(&[&ones]), GradOptions::default());
        let text = text.unwrap_err().to_string();
        assert!(text.contains(words), "{text}");
        drop(y);
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn a_saved_tensor_that_was_changed_is_an_error() {
    let x = leaf();
    let (y, _) = cube(&x, None);
    let _ = tch::no_grad(|| x.shallow_clone().fill_(1.0));
    let ones = y.ones_like();
    let text = grad(&[&y], &[&x], Some(&[&ones]), GradOptions::default()).unwrap_err().to_string();
    assert!(text.contains("modified by an inplace operation"), "{text}");
}

#[test]
fn numbers_go_there_and_back() {
    struct Own(Vec<f32>, Arc<AtomicUsize>);
    impl std::ops::Deref for Own {
        type Target = [f32];
        fn deref(&self) -> &[f32] {
            &self.0
        }
    }
    impl std::ops::DerefMut for Own {
        fn deref_mut(&mut self) -> &mut [f32] {
            &mut self.0
        }
    }
    impl Drop for Own {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::SeqCst);
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let tensor = numbers::owned(Box::new(Own(vec![1.0, 2.0, 3.0], dropped.clone()))).unwrap();
    let view = tensor.narrow(0, 1, 2);
    drop(tensor);
    assert_eq!(numbers::of(&view).unwrap(), [2.0, 3.0]);
    assert_eq!(dropped.load(Ordering::SeqCst), 0);
    drop(view);
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    let matrix = Tensor::from_slice(&[1.0_f32, 2.0, 3.0, 4.0]).reshape([2, 2]);
    assert_eq!(numbers::of(&matrix).unwrap(), [1.0, 2.0, 3.0, 4.0]);
    for other in [matrix.tr(), matrix.to_kind(tch::Kind::Double)] {
        assert!(numbers::of(&other).is_err());
    }
}
