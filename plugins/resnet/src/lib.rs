//! Residual networks for small images: ResNet-18, 34 and 50 in their CIFAR form
//! and the 6n + 2 family.
//!
//! All of them use the state-dict names of the widespread CIFAR collection in PyTorch:
//! `conv1`, `bn1`, `layer1.0.conv1`, … `linear`.

mod block;
mod large;
mod shape;
mod small;

use jackpot_plugin_api::prelude::*;

use large::{ResNet18, ResNet34, ResNet50};
use small::{ResNet8, ResNet20, ResNet32, ResNet44, ResNet56, ResNet110};

export_plugin!(architectures: [
    ResNet8, ResNet18, ResNet20, ResNet32, ResNet34, ResNet44, ResNet50, ResNet56, ResNet110
]);
