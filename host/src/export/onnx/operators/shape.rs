//! Operators that move elements and compute nothing.

use crate::export::error::ExportError;
use crate::export::onnx::site::{Named, Site};
use crate::export::onnx::writer::{int, ints, string};

/// The results' names, if the operator is one of these.
pub fn write(site: &mut Site<'_>) -> Option<Named> {
    let one = match site.op() {
        "flatten" | "reshape" | "view" | "_unsafe_view" | "unflatten" => reshape(site),
        "permute" => permute(site),
        "transpose" => transpose(site),
        "t" => turned(site, vec![1, 0]),
        "unsqueeze" => axis(site, "Unsqueeze"),
        "squeeze" if site.call.schema.overload == "dim" => axis(site, "Squeeze"),
        "cat" | "concat" => cat(site),
        "stack" => stack(site),
        "slice" => slice(site),
        "narrow" if site.call.schema.overload.is_empty() => narrow(site),
        "select" if site.call.schema.overload == "int" => select(site),
        "constant_pad_nd" => pad(site),
        "expand" => expand(site),
        "zeros_like" => filled(site, 0.0),
        "ones_like" => filled(site, 1.0),
        "split" | "split_with_sizes" | "chunk" => return Some(split(site)),
        "unbind" => return Some(unbind(site)),
        _ => return None,
    };
    Some(one.map(|name| vec![name]))
}

/// To the shape that was seen; the size that depends on the batch is worked out.
fn reshape(site: &mut Site<'_>) -> Result<String, ExportError> {
    let x = site.tensor("self")?;
    let target: Vec<i64> = site.out_shape().iter().map(|size| size.unwrap_or(-1)).collect();
    if target.iter().filter(|size| **size == -1).count() > 1 {
        return Err(site.unsupported("several sizes depend on the batch"));
    }
    let target = site.writer.integers(&target);
    Ok(site.emit("Reshape", &[&x, &target], Vec::new()))
}

fn turned(site: &mut Site<'_>, order: Vec<i64>) -> Result<String, ExportError> {
    let x = site.tensor("self")?;
    Ok(site.emit("Transpose", &[&x], vec![ints("perm", &order)]))
}

fn permute(site: &mut Site<'_>) -> Result<String, ExportError> {
    let rank = site.shape("self").len() as i64;
    let order = site.ints("dims", 1)?.into_iter().map(|dim| dim.rem_euclid(rank.max(1)));
    let order = order.collect();
    turned(site, order)
}

fn transpose(site: &mut Site<'_>) -> Result<String, ExportError> {
    let rank = site.shape("self").len();
    let mut order: Vec<i64> = (0..rank as i64).collect();
    let (a, b) = (site.axis("dim0", rank)?, site.axis("dim1", rank)?);
    order.swap(a as usize, b as usize);
    turned(site, order)
}

fn axis(site: &mut Site<'_>, onnx: &str) -> Result<String, ExportError> {
    let (x, dim) = (site.tensor("self")?, site.int("dim")?);
    let axes = site.writer.integers(&[dim]);
    Ok(site.emit(onnx, &[&x, &axes], Vec::new()))
}

fn cat(site: &mut Site<'_>) -> Result<String, ExportError> {
    let (parts, dim) = (site.tensors("tensors")?, site.int("dim")?);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    Ok(site.emit("Concat", &parts, vec![int("axis", dim)]))
}

fn stack(site: &mut Site<'_>) -> Result<String, ExportError> {
    let (parts, dim) = (site.tensors("tensors")?, site.int("dim")?);
    let axes = site.writer.integers(&[dim]);
    let parts: Vec<String> =
        parts.iter().map(|part| site.emit("Unsqueeze", &[part, &axes], Vec::new())).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    Ok(site.emit("Concat", &parts, vec![int("axis", dim)]))
}

fn slice(site: &mut Site<'_>) -> Result<String, ExportError> {
    let start = site.maybe("start")?.unwrap_or(0.0) as i64;
    let end = site.maybe("end")?.map_or(i64::MAX, |end| end as i64);
    part(site, start, end, site.int("step")?)
}

fn narrow(site: &mut Site<'_>) -> Result<String, ExportError> {
    let (start, length) = (site.int("start")?, site.int("length")?);
    part(site, start, start + length, 1)
}

fn part(site: &mut Site<'_>, start: i64, end: i64, step: i64) -> Result<String, ExportError> {
    let (x, dim) = (site.tensor("self")?, site.int("dim")?);
    let [start, end, axes, step] =
        [start, end, dim, step].map(|value| site.writer.integers(&[value]));
    Ok(site.emit("Slice", &[&x, &start, &end, &axes, &step], Vec::new()))
}

fn select(site: &mut Site<'_>) -> Result<String, ExportError> {
    let (x, dim) = (site.tensor("self")?, site.int("dim")?);
    let index = site.int("index")?;
    let index = site.writer.integer(index);
    Ok(site.emit("Gather", &[&x, &index], vec![int("axis", dim)]))
}

/// PyTorch's pairs begin with the last dimension; ONNX has all that goes before, then all after.
fn pad(site: &mut Site<'_>) -> Result<String, ExportError> {
    let x = site.tensor("self")?;
    let pairs = site.ints("pad", 1)?;
    let rank = site.shape("self").len();
    let (mut before, mut after) = (vec![0; rank], vec![0; rank]);
    for (place, pair) in pairs.chunks(2).enumerate() {
        before[rank - 1 - place] = pair[0];
        after[rank - 1 - place] = pair[1];
    }
    let pads = site.writer.integers(&[before, after].concat());
    let value = site.maybe("value")?.unwrap_or(0.0);
    let value = site.scalar(value);
    Ok(site.emit("Pad", &[&x, &pads, &value], vec![string("mode", "constant")]))
}

/// A size that depends on the batch's is there already; 1 leaves it alone.
fn expand(site: &mut Site<'_>) -> Result<String, ExportError> {
    let x = site.tensor("self")?;
    let target: Vec<i64> = site.out_shape().iter().map(|size| size.unwrap_or(1)).collect();
    let grows = site.shape("self");
    let grown = site.out_shape();
    let (old, new) = (grows.iter().rev(), grown.iter().rev());
    if new
        .zip(old.map(Some).chain(std::iter::repeat(None)))
        .any(|(n, o)| n.is_none() && o != Some(&None))
    {
        return Err(site.unsupported("to the size of the batch"));
    }
    let target = site.writer.integers(&target);
    Ok(site.emit("Expand", &[&x, &target], Vec::new()))
}

fn filled(site: &mut Site<'_>, value: f64) -> Result<String, ExportError> {
    let x = site.tensor("self")?;
    let shape = site.emit("Shape", &[&x], Vec::new());
    let value = site.scalar(value);
    Ok(site.emit("Expand", &[&value, &shape], Vec::new()))
}

/// Into the sizes that were seen.
fn split(site: &mut Site<'_>) -> Named {
    let x = site.tensor("self")?;
    let dim = site.axis("dim", site.shape("self").len())?;
    let sizes: Option<Vec<i64>> =
        site.call.shapes.iter().map(|shape| shape[dim as usize]).collect();
    let Some(sizes) = sizes else { return Err(site.unsupported("along the batch")) };
    let lengths = site.writer.integers(&sizes);
    Ok(site.emit_many("Split", &[&x, &lengths], vec![int("axis", dim)], sizes.len()))
}

fn unbind(site: &mut Site<'_>) -> Named {
    let x = site.tensor("self")?;
    let (dim, count) = (site.int("dim")?, site.call.shapes.len());
    let lengths = site.writer.integers(&vec![1; count]);
    let parts = site.emit_many("Split", &[&x, &lengths], vec![int("axis", dim)], count);
    let axes = site.writer.integers(&[dim]);
    Ok(parts.iter().map(|part| site.emit("Squeeze", &[part, &axes], Vec::new())).collect())
}
