//! Autograd's derivatives held against differences.

use tch::{Kind, Tensor};

use super::trial::{Checked, doubtful, fine, wrong};
use super::values::{list, short};
use crate::torch::grad::{GradMode, GradOptions, grad};
use crate::train::TrainError;

/// A number that depends on some tensors.
pub type Value<'a> = dyn Fn(&[Tensor]) -> Result<Tensor, TrainError> + 'a;

/// How far a value is moved, and how near the derivatives must be: absolute and relative.
#[derive(Clone, Copy)]
struct Scale {
    step: f64,
    absolute: f64,
    relative: f64,
}

/// For f64: rounding of 10⁻¹⁶ becomes 10⁻¹⁰ in a difference of this step.
const FINE: Scale = Scale { step: 1e-6, absolute: 1e-6, relative: 1e-4 };
/// For f32, or what computes in it.
const COARSE: Scale = Scale { step: 1e-2, absolute: 2e-3, relative: 2e-2 };

/// A derivative that differs.
struct Mismatch {
    /// Which input, and which of its values.
    input: usize,
    place: usize,
    autograd: f64,
    difference: f64,
}

/// Compares the derivatives of a number by each value of the inputs with central differences. The
/// inputs are f64 (or f32, where the item cannot do f64), by name.
///
/// # Errors
///
/// What the number's function says.
pub fn check(value: &Value<'_>, inputs: &[(String, Tensor)]) -> Checked {
    let is_double = inputs.iter().all(|(_, tensor)| tensor.kind() == Kind::Double);
    let count: usize = inputs.iter().map(|(_, tensor)| tensor.numel()).sum();
    let found = gradients(value, inputs)?;
    let Some(first) = first_mismatch(value, inputs, &found, if is_double { FINE } else { COARSE })?
    else {
        let precision = if is_double { "f64" } else { "f32" };
        return fine(format!("{count} derivatives agree with differences in {precision}"));
    };
    if is_double && first_mismatch(value, inputs, &found, COARSE)?.is_none() {
        return doubtful(
            "derivatives agree with differences to two digits only: it computes in less than f64 \
             inside",
        );
    }
    let (name, tensor) = &inputs[first.input];
    let at = short(list(tensor)?[first.place]);
    let by = match &found[first.input] {
        Some(_) => format!("is {} by autograd", short(first.autograd)),
        None => "does not exist for autograd (detached?)".to_owned(),
    };
    let difference = short(first.difference);
    wrong(format!("the derivative at {name} = {at} {by}, {difference} by differences"))
}

/// Autograd's gradients; `None` where the number does not depend on an input for it.
fn gradients(
    value: &Value<'_>,
    inputs: &[(String, Tensor)],
) -> Result<Vec<Option<Vec<f64>>>, TrainError> {
    let leaf = |tensor: &Tensor| tensor.detach().copy().set_requires_grad(true);
    let leaves: Vec<Tensor> = inputs.iter().map(|(_, tensor)| leaf(tensor)).collect();
    let result = value(&leaves)?;
    if !result.requires_grad() {
        return Ok(inputs.iter().map(|_| None).collect());
    }
    let options = GradOptions { allow_unused: true, ..GradOptions::default() };
    let found = grad(&[&result], &leaves.iter().collect::<Vec<_>>(), None, options)?;
    found.iter().map(|one| one.as_ref().map(list).transpose()).collect()
}

fn first_mismatch(
    value: &Value<'_>,
    inputs: &[(String, Tensor)],
    found: &[Option<Vec<f64>>],
    scale: Scale,
) -> Result<Option<Mismatch>, TrainError> {
    let _unrecorded = GradMode::disable();
    for (input, (_, tensor)) in inputs.iter().enumerate() {
        for place in 0..tensor.numel() {
            let at = |step: f64| -> Result<f64, TrainError> {
                let mut moved: Vec<Tensor> =
                    inputs.iter().map(|(_, tensor)| tensor.shallow_clone()).collect();
                moved[input] = tensor.detach().copy();
                let flat = moved[input].f_view([-1])?;
                let _ = flat.f_narrow(0, place as i64, 1)?.f_add_scalar_(step)?;
                Ok(value(&moved)?.f_double_value(&[])?)
            };
            let difference = (at(scale.step)? - at(-scale.step)?) / (2.0 * scale.step);
            let autograd = found[input].as_ref().map_or(0.0, |all| all[place]);
            let room = scale.absolute + scale.relative * difference.abs();
            // NaN is never near enough.
            let is_near = (autograd - difference).abs() <= room;
            if !is_near {
                return Ok(Some(Mismatch { input, place, autograd, difference }));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::report::Level;
    use super::*;

    fn verdict(value: &Value<'_>, x: &[f64]) -> (Level, String) {
        let verdict = check(value, &[("x".to_owned(), Tensor::from_slice(x))]).unwrap();
        (verdict.level, verdict.message)
    }

    fn total(x: Tensor) -> Tensor {
        x.sum(Kind::Double)
    }

    #[test]
    fn a_right_derivative_passes() {
        let (level, text) = verdict(&|x| Ok(total(x[0].sin())), &[0.3, -2.0]);
        assert_eq!((level, &*text), (Level::Ok, "2 derivatives agree with differences in f64"));
    }

    #[test]
    fn a_wrong_one_is_named() {
        // x·x with one factor detached: 1·x = 3 where 2x = 6 is right.
        let (level, text) = verdict(&|x| Ok(total(&x[0] * x[0].detach())), &[0.0, 3.0]);
        let said = "the derivative at x = 3 is 3 by autograd, 6 by differences";
        assert_eq!((level, &*text), (Level::Error, said));
        let (level, text) = verdict(&|x| Ok(total(x[0].detach() * 2.0)), &[1.0]);
        let said =
            "the derivative at x = 1 does not exist for autograd (detached?), 2 by differences";
        assert_eq!((level, &*text), (Level::Error, said));
    }

    #[test]
    fn less_than_f64_inside_is_told_apart() {
        let single = |x: &[Tensor]| Ok(total(x[0].to_kind(Kind::Float).sin()));
        let (level, text) = verdict(&single, &[0.3, -2.0]);
        assert!(level == Level::Warning && text.contains("less than f64"), "{text}");
    }
}
