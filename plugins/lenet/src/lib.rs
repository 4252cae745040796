//! The two LeNets of the pruning literature.

mod five;
mod linear;

use jackpot_plugin_api::prelude::*;

use five::LeNet5;
use linear::LeNet300100;

export_plugin!(architectures: [LeNet300100, LeNet5]);

#[cfg(test)]
mod tests;
