//! Residual networks for small images: ResNet-18 in its CIFAR form and the 6n + 2 family.
//!
//! All of them use the state-dict names of the widespread CIFAR collection in PyTorch:
//! `conv1`, `bn1`, `layer1.0.conv1`, … `linear`.

mod block;
mod large;
mod shape;
mod small;

use jackpot_plugin_api::prelude::*;

use large::ResNet18;
use small::{ResNet8, ResNet20, ResNet32};

export_plugin!(architectures: [ResNet8, ResNet18, ResNet20, ResNet32]);
