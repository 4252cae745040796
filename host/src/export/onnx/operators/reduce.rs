//! Sums, means and largest values along dimensions; softmax.

use crate::export::error::ExportError;
use crate::export::onnx::site::Site;
use crate::export::onnx::writer::{int, ints};

/// The result's name, if the operator is one of these.
pub fn write(site: &mut Site<'_>) -> Option<Result<String, ExportError>> {
    let written = match (site.op(), site.call.schema.overload.as_str()) {
        ("mean", "dim") => along(site, "ReduceMean"),
        ("amax", "") => along(site, "ReduceMax"),
        ("amin", "") => along(site, "ReduceMin"),
        ("logsumexp", "") => along(site, "ReduceLogSumExp"),
        ("sum", "dim_IntList") => sum(site),
        ("softmax", "int") => softmax(site, "Softmax"),
        ("log_softmax", "int") => softmax(site, "LogSoftmax"),
        _ => return None,
    };
    Some(written)
}

fn along(site: &mut Site<'_>, onnx: &str) -> Result<String, ExportError> {
    let x = site.tensor("self")?;
    let (axes, keep) = (axes(site)?, site.flag("keepdim")?);
    Ok(site.emit(onnx, &[&x], vec![ints("axes", &axes), int("keepdims", keep.into())]))
}

/// Of this one alone the axes are a tensor.
fn sum(site: &mut Site<'_>) -> Result<String, ExportError> {
    let x = site.tensor("self")?;
    let (axes, keep) = (axes(site)?, site.flag("keepdim")?);
    let axes = site.writer.integers(&axes);
    Ok(site.emit("ReduceSum", &[&x, &axes], vec![int("keepdims", keep.into())]))
}

fn axes(site: &Site<'_>) -> Result<Vec<i64>, ExportError> {
    let axes = site.ints("dim", 1)?;
    let rank = site.shape("self").len() as i64;
    let all = || (0..rank).collect();
    Ok(if axes.is_empty() { all() } else { axes })
}

fn softmax(site: &mut Site<'_>, onnx: &str) -> Result<String, ExportError> {
    let (x, dim) = (site.tensor("self")?, site.int("dim")?);
    Ok(site.emit(onnx, &[&x], vec![int("axis", dim)]))
}
