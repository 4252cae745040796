//! What lies around a convolution: batch norm with ReLU and residual, and the change of layout.

use crate::clock::{milliseconds, now};
use crate::table::median;
use jackpot::kernels::conv::ConvShape;
use jackpot::kernels::norm::{After, Behind, Norm, Open};
use jackpot::kernels::{Buffer, Frame, Isa, KernelError, Threads};

/// Prints the medians of some turns.
pub fn print(
    name: &str,
    shape: &ConvShape,
    batch: usize,
    turns: usize,
    isa: Isa,
    threads: &Threads,
) -> Result<(), KernelError> {
    let [height, width] = shape.image;
    let channels = shape.in_channels;
    let frame = Frame::new(isa.lanes(), channels, height, width, shape.padding);
    let (weight, bias) = (vec![1.0; channels], vec![0.1; channels]);
    let (layout, after) = (frame.into(), After::Relu);
    let norm = Norm { layout, weight: &weight, bias: &bias, epsilon: 1e-5, after };
    let mut plain: Vec<f32> =
        (0..frame.plain_len(batch)).map(|place| (place % 17) as f32 - 8.0).collect();
    let mut open = Open::default();
    let [mut x, mut y, mut to_x, mut to_branch, to_y] =
        [0; 5].map(|_| Buffer::zeros(frame.len(batch)));
    let mut times: [Vec<f64>; 6] = Default::default();
    for _ in 0..turns {
        let mut last = now(threads.count());
        let mut lap = |number: usize| {
            let time = now(threads.count());
            times[number].push(milliseconds(std::mem::replace(&mut last, time), time));
        };
        frame.block_up(batch, &plain, &mut x, threads)?;
        lap(0);
        frame.unblock(batch, &x, &mut plain, threads)?;
        lap(1);
        let statistics = norm.statistics(batch, &x, threads)?;
        norm.forward(batch, &statistics, &x, None, &mut y, None, threads)?;
        lap(2);
        let (_, rest) = norm.backward(batch, &statistics, &x, Behind::Input, &to_y, threads)?;
        rest.all(&x, &to_y, &mut to_x, threads)?;
        lap(3);
        let statistics = norm.statistics(batch, &x, threads)?;
        norm.forward(batch, &statistics, &x, Some(&to_x), &mut y, Some(&mut open), threads)?;
        lap(4);
        let told = Behind::Told(&open, &mut to_branch);
        let (_, rest) = norm.backward(batch, &statistics, &x, told, &to_y, threads)?;
        rest.all(&x, &to_branch, &mut to_x, threads)?;
        lap(5);
    }
    let [to, from, forward, backward, with, with_back] = times.map(median);
    println!(
        "{name:8} to blocks {to:.2} ms, from blocks {from:.2} ms; batch norm + ReLU forward \
         {forward:.2} ms, backward {backward:.2} ms; with a residual {with:.2} and {with_back:.2} ms"
    );
    Ok(())
}
