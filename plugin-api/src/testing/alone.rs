//! What needs no tensor, and so no host: parameters, schedules, knobs, graphs.

use serde_json::Value as Json;

use super::{Failure, TestResult, Tested, nothing};
use crate::abi::{RawNamed, Value, call_item};
use crate::ctx::Progress;
use crate::graph::{Graph, TensorSpec};
use crate::item::Item;
use crate::kinds::{Architecture, LrSchedule, Update};
use crate::params::{Params, read_params, text};

/// An item with these parameters (a JSON object): defaults are filled in, and types, ranges and
/// choices are checked as they are when the host makes the item.
///
/// # Errors
///
/// A parameter that is unknown, missing, of another type or out of range.
///
/// ```
/// use jackpot_plugin_api::prelude::*;
/// use jackpot_plugin_api::testing::*;
///
/// #[derive(Params)]
/// struct Swish {
///     /// Steepness.
///     #[param(default = 1.0, range = 0.0..=1e6)]
///     beta: f64,
/// }
///
/// assert_eq!(item::<Swish>(json!({})).unwrap().beta, 1.0);
/// let wrong = item::<Swish>(json!({ "beta": -1.0 })).err().unwrap();
/// assert_eq!(wrong.to_string(), "parameter `beta`: -1.0 is out of range: from 0 to 1000000");
/// ```
pub fn item<T: Params>(params: Json) -> TestResult<T> {
    match params {
        Json::Object(map) => read_params(map).map_err(Failure::new),
        other => Err(Failure::new(format!("parameters are an object, not {}", text(&other)))),
    }
}

/// The learning rate of every step of a training, from step 0 to `total_steps` − 1.
///
/// # Errors
///
/// What the hook says; a rate that is negative or not finite.
pub fn learning_rates<T: LrSchedule + 'static>(
    schedule: &T,
    base: f64,
    steps_per_epoch: u64,
    total_steps: u64,
) -> TestResult<Vec<f64>> {
    let rate = |step| {
        let progress = Progress { step, steps_per_epoch, total_steps };
        let args = [RawNamed::new("base", base)];
        let rate = number(call(schedule.wrapped(), "learning-rate", progress, &args)?)?;
        match rate.is_finite() && rate >= 0.0 {
            true => Ok(rate),
            false => Err(Failure::new(format!("the learning rate is {rate} at step {step}"))),
        }
    };
    (0..total_steps).map(rate).collect()
}

/// The value of a knob before every step of a training and after its last one, where the network is
/// evaluated and stored: `total_steps` + 1 values. The item may be of any kind that has knobs.
///
/// # Errors
///
/// A knob that the item does not name; what its hook says; a value that is not finite.
pub fn knob_values<K, T: Tested<K>>(
    item: &T,
    name: &str,
    steps_per_epoch: u64,
    total_steps: u64,
) -> TestResult<Vec<f64>> {
    let knobs = T::manifest().knobs;
    if !knobs.iter().any(|knob| knob == name) {
        let known = if knobs.is_empty() { "none".to_owned() } else { knobs.join(", ") };
        return Err(Failure::new(format!("there is no knob `{name}`; there are: {known}")));
    }
    let value = |step| {
        let progress = Progress { step, steps_per_epoch, total_steps };
        let value =
            number(call(item.wrapped(), "knob", progress, &[RawNamed::new("name", name)])?)?;
        match value.is_finite() {
            true => Ok(value),
            false => Err(Failure::new(format!("the knob `{name}` is {value} at step {step}"))),
        }
    };
    (0..=total_steps).map(value).collect()
}

/// The steps of a training, from 0 to `total_steps` − 1, in which an update is due.
///
/// # Errors
///
/// What the hook says.
pub fn due_steps<T: Update + 'static>(
    update: &T,
    steps_per_epoch: u64,
    total_steps: u64,
) -> TestResult<Vec<u64>> {
    let mut due = Vec::new();
    for step in 0..total_steps {
        let progress = Progress { step, steps_per_epoch, total_steps };
        match call(update.wrapped(), "due", progress, &[])? {
            Value::Bool(true) => due.push(step),
            Value::Bool(false) => {}
            other => return Err(Failure::new(format!("the hook gave {}", other.describe()))),
        }
    }
    Ok(due)
}

/// The graph that an architecture builds for images `[C, H, W]` and that many classes. Whether
/// shapes fit is for the host to say: see [`Host::architecture`](super::Host::architecture).
///
/// # Errors
///
/// What the hook says.
pub fn graph_of<T: Architecture + 'static>(
    architecture: &T,
    image: [i64; 3],
    classes: i64,
) -> TestResult<Graph> {
    let spec = |name: &str, shape: &[i64]| {
        let (name, shape, dtype) = (name.to_owned(), shape.to_vec(), "f32".to_owned());
        serde_json::to_string(&TensorSpec { name, shape, dtype })
    };
    let words = |error: serde_json::Error| Failure::new(error.to_string());
    let input = spec("x", &image).map_err(words)?;
    let output = spec("logits", &[classes]).map_err(words)?;
    let args = [RawNamed::new("input", &*input), RawNamed::new("output", &*output)];
    let before = Progress { step: 0, steps_per_epoch: 1, total_steps: 1 };
    match call(architecture.wrapped(), "build", before, &args)? {
        Value::Str(text) => serde_json::from_str(&text).map_err(words),
        other => Err(Failure::new(format!("the hook gave {}", other.describe()))),
    }
}

fn number(value: Value) -> TestResult<f64> {
    match value {
        Value::Float(number) => Ok(number),
        other => Err(Failure::new(format!("the hook gave {}, not a number", other.describe()))),
    }
}

/// Calls a hook that gives one value.
fn call(
    item: &dyn Item,
    hook: &str,
    progress: Progress,
    args: &[RawNamed<'_>],
) -> TestResult<Value> {
    let first = call_item(item, hook, &nothing::context(&progress), args)?.into_iter().next();
    first.map(|named| named.value).ok_or_else(|| Failure::new("the hook gave nothing"))
}
