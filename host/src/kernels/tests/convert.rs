//! NCHW to blocked and back, against the layout's own definition.

use super::tools::{Numbers, blocked};
use crate::kernels::{Buffer, Frame, KernelError, Threads};
use proptest::prelude::*;

proptest! {
    #[test]
    fn there_and_back(
        lanes in prop_oneof![Just(8usize), Just(16)],
        channels in 1..4usize,
        (height, width) in (1..20usize, 1..20usize),
        margin in [0..3usize, 0..3usize],
        images in 1..40usize,
        threads in 1..3usize,
    ) {
        let frame = Frame::new(lanes, channels, height, width, margin);
        let threads = Threads::new(threads).unwrap();
        let numbers = Numbers(7).many(frame.plain_len(images));
        let mut there = Buffer::zeros(frame.len(images));
        frame.block_up(images, &numbers, &mut there, &threads).unwrap();
        prop_assert_eq!(&there[..], blocked(&frame, images, &numbers));
        let mut back = vec![f32::NAN; numbers.len()];
        frame.unblock(images, &there, &mut back, &threads).unwrap();
        prop_assert_eq!(back, numbers);
    }
}

#[test]
fn where_pixels_lie() {
    let frame = Frame::new(8, 2, 2, 3, [1, 1]);
    // A row is 4 · 8 numbers, a channel 3 rows; a row and a pixel of zeros lead.
    assert_eq!(frame.lead(), 32 + 8);
    assert_eq!(frame.at(9, 1, 1, 2), 40 + 2 * 96 + 96 + 32 + 16 + 1);
    assert_eq!(frame.len(9), 40 + 2 * 2 * 96);
}

#[test]
fn wrong_lengths_are_told() {
    let frame = Frame::new(8, 1, 1, 1, [0, 0]);
    let told = frame.block_up(1, &[1.0, 2.0], &mut [0.0; 8], &Threads::one());
    assert_eq!(told, Err(KernelError::Length { what: "the images", got: 2, want: 1 }));
}
