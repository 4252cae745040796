//! Convolutions, linear layers, normalisations.

use crate::export::error::ExportError;
use crate::export::onnx::site::Site;
use crate::export::onnx::writer::{float, int, ints};

/// The result's name, if the operator is one of these.
pub fn write(site: &mut Site<'_>) -> Option<Result<String, ExportError>> {
    let written = match site.op() {
        "conv1d" | "conv2d" | "conv3d" => convolution(site),
        "linear" => linear(site),
        "batch_norm" => batch_norm(site),
        "layer_norm" => layer_norm(site),
        "group_norm" => group_norm(site),
        _ => return None,
    };
    Some(written)
}

fn convolution(site: &mut Site<'_>) -> Result<String, ExportError> {
    let (x, weight, bias) = (site.tensor("input")?, site.tensor("weight")?, site.optional("bias")?);
    let kernel: Vec<i64> = site.shape("weight").iter().skip(2).map(|n| n.unwrap_or(1)).collect();
    let count = kernel.len();
    let dilation = site.ints("dilation", count)?;
    let pads = match site.text("padding")?.as_deref() {
        Some("same") => same(&kernel, &dilation),
        Some(_) => vec![0; 2 * count],
        None => site.ints("padding", count)?.repeat(2),
    };
    let attributes = vec![
        ints("kernel_shape", &kernel),
        ints("strides", &site.ints("stride", count)?),
        ints("pads", &pads),
        ints("dilations", &dilation),
        int("group", site.int("groups")?),
    ];
    let inputs = [Some(x), Some(weight), bias];
    let inputs: Vec<&str> = inputs.iter().flatten().map(String::as_str).collect();
    Ok(site.emit("Conv", &inputs, attributes))
}

/// Zeros before and after that keep the size; an odd one more goes after.
fn same(kernel: &[i64], dilation: &[i64]) -> Vec<i64> {
    let total = kernel.iter().zip(dilation).map(|(kernel, dilation)| dilation * (kernel - 1));
    let before: Vec<i64> = total.clone().map(|total| total / 2).collect();
    let after = total.map(|total| total - total / 2);
    before.iter().copied().chain(after).collect()
}

fn linear(site: &mut Site<'_>) -> Result<String, ExportError> {
    let (x, weight, bias) = (site.tensor("input")?, site.tensor("weight")?, site.optional("bias")?);
    if site.shape("input").len() == 2 {
        let inputs = [Some(x), Some(weight), bias];
        let inputs: Vec<&str> = inputs.iter().flatten().map(String::as_str).collect();
        return Ok(site.emit("Gemm", &inputs, vec![int("transB", 1)]));
    }
    let turned = site.emit("Transpose", &[&weight], vec![ints("perm", &[1, 0])]);
    let product = site.emit("MatMul", &[&x, &turned], Vec::new());
    match bias {
        Some(bias) => Ok(site.emit("Add", &[&product, &bias], Vec::new())),
        None => Ok(product),
    }
}

fn batch_norm(site: &mut Site<'_>) -> Result<String, ExportError> {
    let x = site.tensor("input")?;
    let (mean, var) = (site.optional("running_mean")?, site.optional("running_var")?);
    let (Some(mean), Some(var), false) = (mean, var, site.flag("training")?) else {
        return Err(site.unsupported("without running statistics"));
    };
    let channels = site.shape("input").get(1).copied().flatten().unwrap_or(1);
    let scale = or_filled(site, "weight", channels, 1.0)?;
    let bias = or_filled(site, "bias", channels, 0.0)?;
    let attributes = vec![float("epsilon", site.number("eps")?)];
    Ok(site.emit("BatchNormalization", &[&x, &scale, &bias, &mean, &var], attributes))
}

fn or_filled(
    site: &mut Site<'_>,
    name: &str,
    count: i64,
    value: f32,
) -> Result<String, ExportError> {
    match site.optional(name)? {
        Some(tensor) => Ok(tensor),
        None => Ok(site.writer.floats(&[count], &vec![value; count.unsigned_abs() as usize])),
    }
}

fn layer_norm(site: &mut Site<'_>) -> Result<String, ExportError> {
    let x = site.tensor("input")?;
    let shape = site.ints("normalized_shape", 1)?;
    let scale = match site.optional("weight")? {
        Some(scale) => scale,
        None => {
            let count = shape.iter().product::<i64>().unsigned_abs() as usize;
            site.writer.floats(&shape, &vec![1.0; count])
        }
    };
    let bias = site.optional("bias")?;
    let attributes =
        vec![int("axis", -(shape.len() as i64)), float("epsilon", site.number("eps")?)];
    let inputs = [Some(x), Some(scale), bias];
    let inputs: Vec<&str> = inputs.iter().flatten().map(String::as_str).collect();
    Ok(site.emit("LayerNormalization", &inputs, attributes))
}

/// Each group as one channel of an instance normalisation, then weight and bias per channel.
fn group_norm(site: &mut Site<'_>) -> Result<String, ExportError> {
    let x = site.tensor("input")?;
    let groups = site.int("num_groups")?;
    let shape = site.shape("input");
    let rank = shape.len();
    let Some(Some(channels)) = shape.get(1).copied() else {
        return Err(site.unsupported("the number of channels is not fixed"));
    };
    let joined = site.writer.integers(&[0, groups, -1]);
    let joined = site.emit("Reshape", &[&x, &joined], Vec::new());
    let count = groups.unsigned_abs() as usize;
    let ones = site.writer.floats(&[groups], &vec![1.0; count]);
    let zeros = site.writer.floats(&[groups], &vec![0.0; count]);
    let epsilon = vec![float("epsilon", site.number("eps")?)];
    let normal = site.emit("InstanceNormalization", &[&joined, &ones, &zeros], epsilon);
    let original = site.emit("Shape", &[&x], Vec::new());
    let mut value = site.emit("Reshape", &[&normal, &original], Vec::new());
    let broadcast: Vec<i64> =
        std::iter::once(channels).chain(std::iter::repeat_n(1, rank - 2)).collect();
    for (name, op) in [("weight", "Mul"), ("bias", "Add")] {
        if let Some(tensor) = site.optional(name)? {
            let target = site.writer.integers(&broadcast);
            let tensor = site.emit("Reshape", &[&tensor, &target], Vec::new());
            value = site.emit(op, &[&value, &tensor], Vec::new());
        }
    }
    Ok(value)
}
