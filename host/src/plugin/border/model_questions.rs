//! What `init`, `score` and `update` hooks ask about the network.

use abi_stable::std_types::RString;
use jackpot_plugin_api::abi::{Fault, Named, RawNamed, RawValue, Value};
use jackpot_plugin_api::model::Mode;
use tch::Tensor;

use super::context::{HookContext, ModelAccess};
use super::ctx_ops::Questions;
use super::faults::unknown_question;
use super::tensors::{borrow, give};
use super::values::Borrowed;
use crate::torch::codes::dtype_of;

/// Answers `model.…`.
pub fn answer(
    context: &HookContext<'_>,
    question: &str,
    args: &Questions<'_>,
) -> Result<Vec<Named>, Fault> {
    let model = context.model.ok_or("this hook has no model")?;
    match question {
        "model.infos" => {
            let text = serde_json::to_string(&model.infos()).map_err(|e| e.to_string())?;
            Ok(vec![Named::new("infos", Value::Str(RString::from(text)))])
        }
        "model.parameters" => Ok(named(model.parameters())),
        "model.masks" => Ok(named(model.masks())),
        "model.buffers" => Ok(named(model.buffers())),
        "model.gradients" => Ok(named(model.gradients()?)),
        "model.set" => {
            let RawValue::Tensor(raw) = args.get("value") else {
                return Err("`value` must be a tensor".into());
            };
            model.set(args.text("name")?, &borrow(raw))?;
            Ok(Vec::new())
        }
        "model.batch" => {
            let (inputs, targets) = model.batch(args.int("index")?, args.int("size")?)?;
            Ok(named(vec![("inputs".to_owned(), inputs), ("targets".to_owned(), targets)]))
        }
        "model.forward" => Ok(forward(model, args)?),
        _ => Err(unknown_question(question)),
    }
}

fn forward(model: &dyn ModelAccess, args: &Questions<'_>) -> Result<Vec<Named>, String> {
    let RawValue::Tensor(input) = args.get("input") else {
        return Err("`input` must be a tensor".to_owned());
    };
    let mode = match args.text("mode")? {
        "train" => Mode::Train,
        "eval" => Mode::Eval,
        "batch-stats" => Mode::BatchStats,
        other => return Err(format!("there is no mode `{other}`")),
    };
    let dtype = match args.get("dtype") {
        RawValue::Dtype(code) => {
            Some(dtype_of(code.into()).ok_or_else(|| format!("there is no dtype {code}"))?)
        }
        _ => None,
    };
    let parameters = with_prefix(args.0, "parameter.");
    let buffers = with_prefix(args.0, "buffer.");
    let parameters: Vec<_> = parameters.iter().map(|(n, t)| (n.as_str(), &**t)).collect();
    let buffers: Vec<_> = buffers.iter().map(|(n, t)| (n.as_str(), &**t)).collect();
    Ok(named(model.forward(&parameters, &buffers, &borrow(input), mode, dtype)?))
}

fn with_prefix(args: &[RawNamed<'_>], prefix: &str) -> Vec<(String, Borrowed)> {
    let part = |arg: &RawNamed<'_>| {
        let name = arg.name.as_str().strip_prefix(prefix)?;
        match arg.value {
            RawValue::Tensor(raw) => Some((name.to_owned(), borrow(raw))),
            _ => None,
        }
    };
    args.iter().filter_map(part).collect()
}

fn named(tensors: Vec<(String, Tensor)>) -> Vec<Named> {
    let one = |(name, tensor): (String, Tensor)| Named::new(name, Value::Tensor(give(tensor)));
    tensors.into_iter().map(one).collect()
}
