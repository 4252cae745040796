//! Items tried one at a time, for the tests of their authors (`jackpot plugin serve`): each call
//! goes the way that it goes in a training, with the same checks and random numbers.

mod alone;
mod model;
mod networks;
mod setting;
mod words;

use std::io::{self, Read, Write};

use jackpot_plugin_api::abi::{Fault, Named};
use jackpot_plugin_api::error::ErrorKind;

use super::device;
use super::error::OpenError;
use crate::config::{DeviceChoice, Precision};
use crate::plugin::remote::{Given, serve};
use networks::Networks;

/// Serves an author's tests until the input ends: on the CPU, in f32, with the threads that there
/// are.
///
/// # Errors
///
/// A stream that fails; settings that libtorch refuses.
pub fn serve_tests(
    input: impl Read + 'static,
    output: impl Write + 'static,
) -> Result<(), OpenError> {
    let chosen = device::choose(DeviceChoice::Cpu)?;
    device::apply(chosen, Precision::F32, None, device::deterministic(None, chosen))?;
    let mut networks = Networks::default();
    let served = serve(input, output, &mut |what, given| answer(&mut networks, what, given));
    served
        .map_err(|error: io::Error| OpenError::Device(format!("the test that is served: {error}")))
}

fn answer(networks: &mut Networks, what: &str, given: &Given) -> Result<Vec<Named>, Fault> {
    match what {
        "tensors" => alone::tensors(given),
        "activation" => alone::activation(given),
        "loss" => alone::loss(given),
        "augmentation" => alone::augmentation(given),
        "network" => networks.build(given),
        "network.drop" => networks.forget(given),
        "network.forward" => networks.forward(given),
        "network.parameters" => networks.parameters(given),
        "network.set" => networks.set(given),
        "network.masks" => networks.masks(given),
        "network.mask" => networks.set_mask(given),
        "init" => model::init(networks, given),
        "score" => model::score(networks, given),
        "update" => model::update(networks, given),
        _ => {
            let message = format!("this Jackpot does not know the trial `{what}`; update it");
            Err(Fault::new(ErrorKind::Unknown, message))
        }
    }
}
