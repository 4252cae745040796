//! What became of the tensors that items declared and the training moved: PReLU's slopes, a
//! learned β.

use tch::Kind;

use crate::model::state::State;
use crate::model::{Network, Owner};
use crate::train::TrainError;

/// The name of the file, beside `layers.csv`; there is none where nothing was declared.
pub const FILE: &str = "learned.csv";

/// `learned.csv` of that state: a row for each trained tensor of an item, with the number of its
/// elements, their mean, and the smallest and the largest. `None` without such a tensor.
///
/// # Errors
///
/// What libtorch says.
pub fn csv(network: &Network, state: &State) -> Result<Option<String>, TrainError> {
    let declared = network.parameters().iter().filter(|p| p.owner == Owner::Item);
    let mut text = "tensor,elements,mean,min,max\n".to_owned();
    let mut any = false;
    for tensor in declared.filter_map(|p| Some((&p.name, state.get(&p.name)?))) {
        let (name, tensor) = tensor;
        let values =
            tensor.f_to_kind(Kind::Double)?.f_to_device(tch::Device::Cpu)?.f_reshape(-1)?;
        let values = Vec::<f64>::try_from(values)?;
        if values.is_empty() {
            continue;
        }
        any = true;
        // One after the other, so that the bits do not depend on how a sum is divided.
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let min = values.iter().copied().fold(f64::INFINITY, f64::min);
        let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        text += &format!("{},{},{mean},{min},{max}\n", quoted(name), values.len());
    }
    Ok(any.then_some(text))
}

fn quoted(name: &str) -> String {
    match name.contains([',', '"']) {
        true => format!("\"{}\"", name.replace('"', "\"\"")),
        false => name.to_owned(),
    }
}
