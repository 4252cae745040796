//! A batch norm with a ReLU before the convolution: what the kernels need of it, by channel.

use std::ptr::{null, null_mut};

use super::Depthwise;
use crate::kernels::error::{KernelError, check_length};
use crate::kernels::micro::depthwise::Norm as Pointers;
use crate::kernels::norm::{Norm, Statistics};

/// A norm, which a ReLU follows, with a batch's statistics. Its layout is the convolution's.
#[derive(Clone, Copy)]
pub struct Before<'a> {
    pub norm: &'a Norm<'a>,
    pub statistics: &'a Statistics,
}

impl Before<'_> {
    fn check(&self, depthwise: &Depthwise) -> Result<(), KernelError> {
        let (Norm { weight, bias, after, .. }, of) = (self.norm, self.statistics);
        if !after.is_relu() {
            let what = "a norm before a convolution without a ReLU between them".to_owned();
            return Err(KernelError::Shape { what });
        }
        let lengths = [weight.len(), bias.len(), of.mean.len(), of.variance.len()];
        lengths.into_iter().try_for_each(|len| check_length("the norm", len, depthwise.channels))
    }
}

/// Numbers by channel.
pub(super) struct Table {
    pub scale: Vec<f32>,
    pub shift: Vec<f32>,
    mean: Vec<f32>,
}

impl Table {
    pub fn new(before: &Before<'_>, depthwise: &Depthwise) -> Result<Self, KernelError> {
        before.check(depthwise)?;
        let Before { norm, statistics } = before;
        let of = |which: usize| {
            let line = |channel| norm.line(statistics, channel)[which] as f32;
            (0..depthwise.channels).map(line).collect()
        };
        let mean = statistics.mean.iter().map(|&mean| mean as f32).collect();
        Ok(Self { scale: of(0), shift: of(1), mean })
    }

    pub fn pointers(&self) -> Pointers {
        let [scale, shift, mean] = [&self.scale, &self.shift, &self.mean].map(|it| it.as_ptr());
        Pointers { scale, shift, mean, sums: [null_mut(); 2] }
    }
}

/// Where there is no norm.
pub(super) const NONE: Pointers =
    Pointers { scale: null(), shift: null(), mean: null(), sums: [null_mut(); 2] };
