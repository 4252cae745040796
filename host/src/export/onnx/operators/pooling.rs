//! Windows over images.

use crate::export::error::ExportError;
use crate::export::onnx::site::Site;
use crate::export::onnx::writer::{int, ints};

/// The result's name, if the operator is one of these.
pub fn write(site: &mut Site<'_>) -> Option<Result<String, ExportError>> {
    let written = match site.op() {
        "max_pool2d" => windows(site, "MaxPool"),
        "avg_pool2d" => windows(site, "AveragePool"),
        "adaptive_avg_pool2d" => adaptive(site, "AveragePool"),
        "adaptive_max_pool2d" => adaptive(site, "MaxPool"),
        _ => return None,
    };
    Some(written)
}

fn windows(site: &mut Site<'_>, onnx: &str) -> Result<String, ExportError> {
    let x = site.tensor("self")?;
    let kernel = site.ints("kernel_size", 2)?;
    let stride = match site.ints("stride", 2)? {
        none if none.is_empty() => kernel.clone(),
        stride => stride,
    };
    let padding = site.ints("padding", 2)?;
    let mut attributes = vec![
        ints("kernel_shape", &kernel),
        ints("strides", &stride),
        ints("pads", &padding.repeat(2)),
    ];
    let dilation = match onnx {
        "MaxPool" => site.ints("dilation", 2)?,
        _ => vec![1, 1],
    };
    if onnx == "MaxPool" {
        attributes.push(ints("dilations", &dilation));
    } else {
        if site.maybe("divisor_override")?.is_some() {
            return Err(site.unsupported("with `divisor_override`"));
        }
        attributes.push(int("count_include_pad", site.flag("count_include_pad")?.into()));
    }
    if site.flag("ceil_mode")? {
        // Where the windows fit, rounding up changes nothing; else the two disagree on the rest.
        for (axis, out) in site.out_shape().iter().rev().take(2).rev().enumerate() {
            let shape = site.shape("self");
            let size = shape[shape.len() - 2 + axis].unwrap_or_default();
            let room = size + 2 * padding[axis] - dilation[axis] * (kernel[axis] - 1) - 1;
            if *out != Some(room / stride[axis] + 1) {
                return Err(site.unsupported("with `ceil_mode`"));
            }
        }
    }
    Ok(site.emit(onnx, &[&x], attributes))
}

/// Windows of one size, where the image divides into them.
fn adaptive(site: &mut Site<'_>, onnx: &str) -> Result<String, ExportError> {
    let x = site.tensor("self")?;
    let shape = site.shape("self");
    let sizes = site.ints("output_size", 2)?;
    let mut kernel = Vec::new();
    for (size, &out) in shape.iter().rev().take(2).rev().zip(&sizes) {
        match size {
            Some(size) if out > 0 && size % out == 0 => kernel.push(size / out),
            _ => return Err(site.unsupported("the image does not divide into equal windows")),
        }
    }
    Ok(site.emit(onnx, &[&x], vec![ints("kernel_shape", &kernel), ints("strides", &kernel)]))
}
