//! Functions of one tensor, element by element.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use crate::export::error::ExportError;
use crate::export::onnx::site::Site;
use crate::export::onnx::writer::{float, int};

/// Operators that ONNX has under another spelling.
const SAME: [(&str, &str); 18] = [
    ("abs", "Abs"),
    ("ceil", "Ceil"),
    ("cos", "Cos"),
    ("erf", "Erf"),
    ("exp", "Exp"),
    ("floor", "Floor"),
    ("hardswish", "HardSwish"),
    ("log", "Log"),
    ("logical_not", "Not"),
    ("neg", "Neg"),
    ("reciprocal", "Reciprocal"),
    ("relu", "Relu"),
    ("round", "Round"),
    ("sigmoid", "Sigmoid"),
    ("sign", "Sign"),
    ("sin", "Sin"),
    ("sqrt", "Sqrt"),
    ("tanh", "Tanh"),
];

/// Operators that give their input back where nothing is trained.
const NOTHING: [&str; 7] =
    ["alias", "clone", "contiguous", "detach", "dropout", "feature_dropout", "lift_fresh"];

/// The result's name, if the operator is one of these.
pub fn write(site: &mut Site<'_>) -> Option<Result<String, ExportError>> {
    let op = site.op().to_owned();
    if NOTHING.contains(&op.as_str()) {
        return Some(nothing(site));
    }
    if let Some((_, onnx)) = SAME.iter().find(|(aten, _)| *aten == op) {
        // `round.decimals` is another function.
        let plain = site.call.schema.overload.is_empty();
        return plain.then(|| one(site, onnx));
    }
    let written = match op.as_str() {
        "silu" => silu(site),
        "mish" => mish(site),
        "gelu" => gelu(site),
        "softplus" => softplus(site),
        "log_sigmoid" => log_sigmoid(site),
        "elu" => elu(site),
        "celu" => number(site, "Celu", "alpha"),
        "leaky_relu" => number(site, "LeakyRelu", "negative_slope"),
        "selu" => one(site, "Selu"),
        "prelu" => prelu(site),
        "hardsigmoid" => hardsigmoid(site),
        "relu6" => clip(site, Some(0.0), Some(6.0)),
        "hardtanh" => between(site, "min_val", "max_val"),
        "clamp" if site.call.schema.overload.is_empty() => between(site, "min", "max"),
        "clamp_min" if site.call.schema.overload.is_empty() => between(site, "min", ""),
        "clamp_max" if site.call.schema.overload.is_empty() => between(site, "", "max"),
        "log1p" => shifted(site, 1.0, "Log"),
        "rsqrt" => composed(site, &["Sqrt", "Reciprocal"]),
        "expm1" => expm1(site),
        "square" => square(site),
        "to" if site.call.schema.overload == "dtype" => cast(site),
        _ => return None,
    };
    Some(written)
}

fn nothing(site: &mut Site<'_>) -> Result<String, ExportError> {
    let name = if site.op().ends_with("dropout") { "input" } else { "self" };
    site.tensor(name)
}

fn one(site: &mut Site<'_>, onnx: &str) -> Result<String, ExportError> {
    let x = site.tensor("self")?;
    Ok(site.emit(onnx, &[&x], Vec::new()))
}

/// With a number that ONNX calls alpha.
fn number(site: &mut Site<'_>, onnx: &str, name: &str) -> Result<String, ExportError> {
    let (x, alpha) = (site.tensor("self")?, site.number(name)?);
    Ok(site.emit(onnx, &[&x], vec![float("alpha", alpha)]))
}

fn composed(site: &mut Site<'_>, parts: &[&str]) -> Result<String, ExportError> {
    let mut value = site.tensor("self")?;
    for part in parts {
        value = site.emit(part, &[&value], Vec::new());
    }
    Ok(value)
}

fn shifted(site: &mut Site<'_>, by: f64, onnx: &str) -> Result<String, ExportError> {
    let (x, by) = (site.tensor("self")?, site.scalar(by));
    let sum = site.emit("Add", &[&x, &by], Vec::new());
    Ok(site.emit(onnx, &[&sum], Vec::new()))
}

fn expm1(site: &mut Site<'_>) -> Result<String, ExportError> {
    let (x, one) = (site.tensor("self")?, site.scalar(1.0));
    let exp = site.emit("Exp", &[&x], Vec::new());
    Ok(site.emit("Sub", &[&exp, &one], Vec::new()))
}

fn square(site: &mut Site<'_>) -> Result<String, ExportError> {
    let x = site.tensor("self")?;
    Ok(site.emit("Mul", &[&x, &x], Vec::new()))
}

fn cast(site: &mut Site<'_>) -> Result<String, ExportError> {
    let x = site.tensor("self")?;
    match site.data_type("dtype")? {
        Some(code) => Ok(site.emit("Cast", &[&x], vec![int("to", code.into())])),
        None => Err(site.unsupported("to that dtype")),
    }
}

fn silu(site: &mut Site<'_>) -> Result<String, ExportError> {
    let x = site.tensor("self")?;
    let sigmoid = site.emit("Sigmoid", &[&x], Vec::new());
    Ok(site.emit("Mul", &[&x, &sigmoid], Vec::new()))
}

fn mish(site: &mut Site<'_>) -> Result<String, ExportError> {
    let x = site.tensor("self")?;
    let soft = site.emit("Softplus", &[&x], Vec::new());
    let tanh = site.emit("Tanh", &[&soft], Vec::new());
    Ok(site.emit("Mul", &[&x, &tanh], Vec::new()))
}

/// x/2 · (1 + erf(x/√2)), or x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³))).
fn gelu(site: &mut Site<'_>) -> Result<String, ExportError> {
    let x = site.tensor("self")?;
    let [half, unit] = [0.5, 1.0].map(|value| site.scalar(value));
    let inner = match site.text("approximate")?.as_deref() {
        Some("tanh") => {
            let [cubic, factor] = [0.044715, (2.0 / PI).sqrt()].map(|value| site.scalar(value));
            let squared = site.emit("Mul", &[&x, &x], Vec::new());
            let cube = site.emit("Mul", &[&squared, &x], Vec::new());
            let small = site.emit("Mul", &[&cube, &cubic], Vec::new());
            let sum = site.emit("Add", &[&x, &small], Vec::new());
            let scaled = site.emit("Mul", &[&sum, &factor], Vec::new());
            site.emit("Tanh", &[&scaled], Vec::new())
        }
        _ => {
            let factor = site.scalar(FRAC_1_SQRT_2);
            let scaled = site.emit("Mul", &[&x, &factor], Vec::new());
            site.emit("Erf", &[&scaled], Vec::new())
        }
    };
    let sum = site.emit("Add", &[&inner, &unit], Vec::new());
    let halved = site.emit("Mul", &[&x, &half], Vec::new());
    Ok(site.emit("Mul", &[&halved, &sum], Vec::new()))
}

/// ln(1 + e^(β·x)) / β, and x where β·x is above the threshold.
fn softplus(site: &mut Site<'_>) -> Result<String, ExportError> {
    let x = site.tensor("self")?;
    let (beta, threshold) = (site.number("beta")?, site.number("threshold")?);
    let factor = (beta != 1.0).then(|| site.scalar(beta));
    let scaled = match &factor {
        Some(factor) => site.emit("Mul", &[&x, factor], Vec::new()),
        None => x.clone(),
    };
    let mut soft = site.emit("Softplus", &[&scaled], Vec::new());
    if let Some(factor) = &factor {
        soft = site.emit("Div", &[&soft, factor], Vec::new());
    }
    // Above 20 both are the same f32.
    if threshold >= 20.0 {
        return Ok(soft);
    }
    let threshold = site.scalar(threshold);
    let above = site.emit("Greater", &[&scaled, &threshold], Vec::new());
    Ok(site.emit("Where", &[&above, &x, &soft], Vec::new()))
}

fn log_sigmoid(site: &mut Site<'_>) -> Result<String, ExportError> {
    composed(site, &["Neg", "Softplus", "Neg"])
}

fn elu(site: &mut Site<'_>) -> Result<String, ExportError> {
    if site.number("scale")? != 1.0 || site.number("input_scale")? != 1.0 {
        return Err(site.unsupported("with a scale"));
    }
    number(site, "Elu", "alpha")
}

fn hardsigmoid(site: &mut Site<'_>) -> Result<String, ExportError> {
    let x = site.tensor("self")?;
    Ok(site.emit("HardSigmoid", &[&x], vec![float("alpha", 1.0 / 6.0), float("beta", 0.5)]))
}

/// One slope per channel, which is dimension 1.
fn prelu(site: &mut Site<'_>) -> Result<String, ExportError> {
    let (x, mut slope) = (site.tensor("self")?, site.tensor("weight")?);
    let (rank, slopes) = (site.shape("self").len(), site.shape("weight"));
    if rank > 2 && slopes.len() == 1 && slopes != [Some(1)] {
        let axes: Vec<i64> = (1..rank as i64 - 1).collect();
        let axes = site.writer.integers(&axes);
        slope = site.emit("Unsqueeze", &[&slope, &axes], Vec::new());
    }
    Ok(site.emit("PRelu", &[&x, &slope], Vec::new()))
}

fn between(site: &mut Site<'_>, low: &str, high: &str) -> Result<String, ExportError> {
    let bound = |name: &str| if name.is_empty() { Ok(None) } else { site.maybe(name) };
    let (low, high) = (bound(low)?, bound(high)?);
    clip(site, low, high)
}

fn clip(site: &mut Site<'_>, low: Option<f64>, high: Option<f64>) -> Result<String, ExportError> {
    let x = site.tensor("self")?;
    let [low, high] =
        [low, high].map(|bound| bound.map(|value| site.scalar(value)).unwrap_or_default());
    let bounds: &[&str] = if high.is_empty() { &[&x, &low] } else { &[&x, &low, &high] };
    Ok(site.emit("Clip", bounds, Vec::new()))
}
