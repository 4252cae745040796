//! A hundred thousand calls leave nothing behind, failed ones included.

use tch::Tensor;

use super::{Arg, Op, alone, ramp};

/// Resident memory of this process in bytes.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Calls with tensors, lists, strings, results of every owned kind, and errors.
fn round(x: &Tensor, wrong: &Tensor, ops: &[Op; 6]) {
    let [add, gelu, split, cat, item, max] = *ops;
    let tensor = Arg::Tensor(x);
    drop(add.call1(&[tensor, tensor], &[]).unwrap());
    drop(gelu.call1(&[tensor], &[("approximate", Arg::Str("tanh"))]).unwrap());
    drop(split.call(&[tensor, Arg::Int(100)], &[]).unwrap());
    drop(cat.call1(&[Arg::TensorList(&[x, x])], &[]).unwrap());
    drop(max.call(&[tensor, Arg::Int(0)], &[]).unwrap());
    drop(item.call(&[Arg::Tensor(wrong)], &[]).unwrap_err());
    drop(add.call(&[tensor, Arg::Tensor(wrong)], &[]).unwrap_err());
    drop(add.call(&[tensor, Arg::Str("x")], &[]).unwrap_err());
    drop(max.call1(&[tensor, Arg::Int(0)], &[]).unwrap_err());
    drop(split.call1(&[tensor, Arg::Int(100)], &[]).unwrap_err());
}

#[test]
fn a_hundred_thousand_calls_leave_memory_flat() {
    alone("resources::a_hundred_thousand_calls_leave_memory_flat", make_calls);
}

fn make_calls() {
    // 1.6 KB a tensor: one tensor lost in each round would be 16 MB, one message 1 MB.
    let (x, wrong) = (ramp(&[400]), ramp(&[3]));
    let ops = ["add", "gelu", "split", "cat", "item", "max"].map(|name| Op::find(name).unwrap());
    for _ in 0..500 {
        round(&x, &wrong, &ops);
    }
    let before = resident();
    for _ in 0..10_000 {
        round(&x, &wrong, &ops);
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 1 << 19, "{grown} bytes more after 100,000 calls");
}
