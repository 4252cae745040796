//! Numbers to try, and the layout pixel by pixel.

use crate::kernels::Frame;

/// Numbers in -1..1, the same for the same seed.
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    pub(super) fn one(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    pub(super) fn many(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.one() as f32).collect()
    }
}

/// NCHW into a frame, pixel by pixel; margins and spare lanes are zero.
pub(super) fn blocked(frame: &Frame, images: usize, plain: &[f32]) -> Vec<f32> {
    let mut blocked = vec![0.0; frame.len(images)];
    for_each_pixel(frame, images, |place, at| blocked[at] = plain[place]);
    blocked
}

pub(super) fn plain(frame: &Frame, images: usize, blocked: &[f32]) -> Vec<f32> {
    let mut plain = vec![0.0; images * frame.channels * frame.height * frame.width];
    for_each_pixel(frame, images, |place, at| plain[place] = blocked[at]);
    plain
}

fn for_each_pixel(frame: &Frame, images: usize, mut pixel: impl FnMut(usize, usize)) {
    let mut place = 0;
    for image in 0..images {
        for channel in 0..frame.channels {
            for y in 0..frame.height {
                for x in 0..frame.width {
                    pixel(place, frame.at(image, channel, y, x));
                    place += 1;
                }
            }
        }
    }
}

/// The root of the mean squared difference.
pub(super) fn mean_error(got: &[f32], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    let squares = got.iter().zip(want).map(|(&got, want)| (f64::from(got) - want).powi(2));
    (squares.sum::<f64>() / want.len().max(1) as f64).sqrt()
}

/// The largest difference; NaN where there is one.
pub(super) fn error(got: &[f32], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    let differences = got.iter().zip(want).map(|(&got, want)| (f64::from(got) - want).abs());
    differences.fold(0.0, |most: f64, one| match most.is_nan() || one.is_nan() {
        true => f64::NAN,
        false => most.max(one),
    })
}
