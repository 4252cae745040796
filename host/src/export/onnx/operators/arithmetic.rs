//! Functions of two tensors, or of a tensor and a number.

use crate::export::error::ExportError;
use crate::export::onnx::site::Site;

/// The result's name, if the operator is one of these.
pub fn write(site: &mut Site<'_>) -> Option<Result<String, ExportError>> {
    let written = match site.op() {
        "add" => sum(site, "Add"),
        "sub" | "subtract" => sum(site, "Sub"),
        "rsub" => reversed(site),
        "mul" | "multiply" => binary(site, "Mul"),
        "div" | "divide" | "true_divide" => quotient(site),
        "pow" => power(site),
        "maximum" => binary(site, "Max"),
        "minimum" => binary(site, "Min"),
        "gt" => binary(site, "Greater"),
        "ge" => binary(site, "GreaterOrEqual"),
        "lt" => binary(site, "Less"),
        "le" => binary(site, "LessOrEqual"),
        "eq" => binary(site, "Equal"),
        "logical_and" => binary(site, "And"),
        "logical_or" => binary(site, "Or"),
        "where" => choice(site),
        "masked_fill" => masked(site),
        "matmul" | "mm" | "bmm" => product(site),
        _ => return None,
    };
    Some(written)
}

/// The tensor or number of that name as an ONNX value.
fn operand(site: &mut Site<'_>, name: &str) -> Result<String, ExportError> {
    if let Some(tensor) = site.optional(name)? {
        return Ok(tensor);
    }
    let value = site.number(name)?;
    Ok(site.scalar(value))
}

fn binary(site: &mut Site<'_>, onnx: &str) -> Result<String, ExportError> {
    let (a, b) = (operand(site, "self")?, operand(site, "other")?);
    Ok(site.emit(onnx, &[&a, &b], Vec::new()))
}

/// With `alpha`, which the second is multiplied by.
fn sum(site: &mut Site<'_>, onnx: &str) -> Result<String, ExportError> {
    let (a, b) = (operand(site, "self")?, scaled(site, "other")?);
    Ok(site.emit(onnx, &[&a, &b], Vec::new()))
}

fn reversed(site: &mut Site<'_>) -> Result<String, ExportError> {
    let (a, b) = (operand(site, "other")?, scaled(site, "self")?);
    Ok(site.emit("Sub", &[&a, &b], Vec::new()))
}

fn scaled(site: &mut Site<'_>, name: &str) -> Result<String, ExportError> {
    let value = operand(site, name)?;
    match site.maybe("alpha")? {
        Some(alpha) if alpha != 1.0 => {
            let alpha = site.scalar(alpha);
            Ok(site.emit("Mul", &[&value, &alpha], Vec::new()))
        }
        _ => Ok(value),
    }
}

fn quotient(site: &mut Site<'_>) -> Result<String, ExportError> {
    match site.text("rounding_mode")?.as_deref() {
        None => binary(site, "Div"),
        Some("floor") => {
            let quotient = binary(site, "Div")?;
            Ok(site.emit("Floor", &[&quotient], Vec::new()))
        }
        Some(mode) => Err(site.unsupported(&format!("rounding_mode `{mode}`"))),
    }
}

fn power(site: &mut Site<'_>) -> Result<String, ExportError> {
    let (base, exponent) = (operand(site, "self")?, operand(site, "exponent")?);
    Ok(site.emit("Pow", &[&base, &exponent], Vec::new()))
}

fn choice(site: &mut Site<'_>) -> Result<String, ExportError> {
    let condition = site.tensor("condition")?;
    let (a, b) = (operand(site, "self")?, operand(site, "other")?);
    Ok(site.emit("Where", &[&condition, &a, &b], Vec::new()))
}

fn masked(site: &mut Site<'_>) -> Result<String, ExportError> {
    let (mask, value) = (site.tensor("mask")?, operand(site, "value")?);
    let x = site.tensor("self")?;
    Ok(site.emit("Where", &[&mask, &value, &x], Vec::new()))
}

fn product(site: &mut Site<'_>) -> Result<String, ExportError> {
    let a = site.tensor("self")?;
    let other = if site.op() == "matmul" { "other" } else { "mat2" };
    let b = site.tensor(other)?;
    Ok(site.emit("MatMul", &[&a, &b], Vec::new()))
}
