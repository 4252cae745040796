//! Kernels against naive implementations in f64.

mod conv;
mod convert;
mod depthwise;
mod naive;
mod norm;
mod plain_norm;
mod tools;
