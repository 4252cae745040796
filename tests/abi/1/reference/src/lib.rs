//! The reference plugin of ABI 1: items of all nine kinds that together use every hook, every
//! question, every type of parameter and every method of a tensor. It is built once and kept as a
//! binary; every later host must run it and come to the same results.

mod activations;
mod architecture;
mod augmentations;
mod inits;
mod loss;
mod methods;
mod promises;
mod schedule;
mod scores;
mod skip;
mod update;

use jackpot_plugin_api::prelude::*;

export_plugin!(
    architectures: [architecture::Net],
    activations: [activations::Swish, activations::Slope, activations::Misdeed],
    skips: [skip::Echo],
    inits: [inits::Check, inits::Fresh, inits::Refusal],
    augmentations: [augmentations::Noise],
    lr_schedules: [schedule::Steps],
    losses: [loss::Smoothed],
    scores: [scores::Magnitude, scores::Sensitivity],
    updates: [update::Turn],
);
