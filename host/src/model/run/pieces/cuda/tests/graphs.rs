//! While a graph is captured.

use std::cell::Cell;

use tch::{Kind, Tensor};

use super::host::Host;
use super::{apply_with, function, images, plain};
use crate::model::run::pieces::cuda::Last;
use crate::torch::capture::as_if_captured;
use crate::torch::memory_format::MemoryFormat;

#[test]
fn what_was_found_before_is_taken_and_the_plugin_not_called() {
    let (host, last, calls) = (Host::of("swish"), Last::default(), Cell::new(0));
    let [x, to_y] = images(Kind::Float, MemoryFormat::Contiguous);
    let of = |x: &Tensor| {
        calls.set(calls.get() + 1);
        Some(function("swish", x))
    };
    let at_site = |x: &Tensor| apply_with(&host, x, &of, &[], &last).unwrap();
    as_if_captured(|| assert!(at_site(&x).is_none(), "nothing was found yet"));
    let before = at_site(&x).unwrap();
    as_if_captured(|| {
        let found = at_site(&x).unwrap();
        assert!(found.equal(&before));
        let [first, second] = [&before, &found].map(|y| plain::gradient(y, &x, &to_y));
        assert!(first.equal(&second));
        // Other images than those of before.
        let other = x.detach().to_kind(Kind::BFloat16).set_requires_grad(true);
        assert!(at_site(&other).is_none());
    });
    assert_eq!((calls.get(), host.asked(), host.runs()), (1, 1, [2, 2]));
}

/// A graph reads the same memory for ever, which must be what the host writes.
#[test]
fn a_graph_reads_only_the_sites_own_numbers() {
    let (host, last) = (Host::of("faded"), Last::default());
    let [x, _] = images(Kind::Float, MemoryFormat::Contiguous);
    let knob = Tensor::from(0.7_f32);
    let of = |x: &Tensor| {
        let soft = plain::call("aten::div.Tensor", &[x.into(), (&knob).into()], &[]);
        Some(plain::times(x, &plain::call("aten::sigmoid", &[(&soft).into()], &[])))
    };
    let at_site = |own: &[(&str, &Tensor)]| apply_with(&host, &x, &of, own, &last).unwrap();
    let other = Tensor::from(0.7_f32);
    // Nor is another one's read outside: both ways would compute otherwise.
    assert!(at_site(&[]).is_none() && at_site(&[("softness", &other)]).is_none());
    assert!(at_site(&[("softness", &knob)]).is_some());
    as_if_captured(|| {
        assert!(at_site(&[]).is_none());
        assert!(at_site(&[("softness", &other)]).is_none());
        assert!(at_site(&[("other", &other), ("softness", &knob)]).is_some());
    });
}
