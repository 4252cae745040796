//! A function's steps as the lines of two functions in C: its value, and its slope times what is
//! given. Values are called v, the slopes that come with them s, gradients d; known numbers are n,
//! those that were read r.

use std::fmt::Write;

use super::{Call, Operand, Pointwise};
use crate::kernels::pointwise::step::Step;

/// The lines, each with a line break before it, and the numbers in the order of their names.
#[derive(Default)]
pub(super) struct Body {
    pub forward: String,
    pub backward: String,
    pub numbers: Vec<f32>,
    pub reads: Vec<usize>,
}

pub(super) fn body(function: &Pointwise) -> Body {
    let mut body = Body::default();
    let (mut values, mut slopes) = (String::new(), Vec::new());
    for step in &function.steps {
        let found = body.step(step);
        values.push_str(&found.value);
        slopes.push(found.slope);
    }
    let output = function.output;
    body.forward = format!("{values}\n  return v{output};");
    body.backward = format!("{values}\n  float d{output} = given;");
    // Where no step reads x, nothing writes its gradient.
    let reads_x = |step: &Step| step.call.operands().contains(&Operand::Value(0));
    if output != 0 && !function.steps.iter().any(reads_x) {
        body.backward.push_str("\n  float d0 = 0.0f;");
    }
    body.backward.extend(slopes.into_iter().rev());
    body.backward.push_str("\n  return d0;");
    body
}

/// The lines of a step.
struct Lines {
    value: String,
    slope: String,
}

impl Body {
    /// A known number's name.
    fn number(&mut self, number: f32) -> String {
        self.numbers.push(number);
        format!("n{}", self.numbers.len() - 1)
    }

    fn operand(&mut self, operand: Operand) -> String {
        match operand {
            Operand::Value(value) => format!("v{value}"),
            Operand::Number(number) => self.number(number),
            Operand::Read(place) => {
                self.reads.push(place);
                format!("r{}", self.reads.len() - 1)
            }
        }
    }

    fn step(&mut self, step: &Step) -> Lines {
        let Step { call, value: v, .. } = *step;
        let mut lines = Lines { value: String::new(), slope: String::new() };
        match call {
            Call::Add { a, b, scale } => {
                let [left, right] = [self.operand(a), self.operand(b)];
                let scale = self.number(scale);
                lines.value(v, &format!("fmaf({scale}, {right}, {left})"));
                lines.give(step, [&format!("d{v}"), &format!("{scale} * d{v}")]);
            }
            Call::Mul { a, b } => {
                let [left, right] = [self.operand(a), self.operand(b)];
                lines.value(v, &format!("{left} * {right}"));
                lines.give(step, [&format!("d{v} * {right}"), &format!("d{v} * {left}")]);
            }
            Call::Div { a, b } => {
                let [left, right] = [self.operand(a), self.operand(b)];
                lines.value(v, &format!("{left} / {right}"));
                lines.give(step, [&format!("d{v} / {right}"), &format!("-d{v} * v{v} / {right}")]);
            }
            Call::Relu(a) => {
                lines.value(v, &format!("v{a} <= 0.0f ? 0.0f : v{a}"));
                lines.give_one(step, &format!("v{v} <= 0.0f ? 0.0f : d{v}"));
            }
            Call::Exp(a) => {
                lines.value(v, &format!("expf(v{a})"));
                lines.give_one(step, &format!("d{v} * v{v}"));
            }
            Call::Sigmoid(a) => {
                lines.value(v, &format!("sigmoid(v{a})"));
                lines.give_one(step, &format!("d{v} * v{v} * (1.0f - v{v})"));
            }
            Call::Tanh(a) => {
                lines.value(v, &format!("tanhf(v{a})"));
                lines.give_one(step, &format!("d{v} * (1.0f - v{v} * v{v})"));
            }
            Call::LeakyRelu { of, scale } => {
                let scale = self.number(scale);
                lines.value(v, &format!("v{of} > 0.0f ? v{of} : {scale} * v{of}"));
                lines.give_one(step, &format!("v{of} > 0.0f ? d{v} : {scale} * d{v}"));
            }
            Call::Clamp { of, low, high } => {
                let [low, high] = [self.number(low), self.number(high)];
                lines.value(v, &format!("within(v{of}, {low}, {high})"));
                lines.give_one(step, &format!("v{of} >= {low} && v{of} <= {high} ? d{v} : 0.0f"));
            }
            Call::TanhSoftplus(of) => lines.both(step, &format!("tanh_softplus(v{of})")),
            Call::Mish(of) => lines.both(step, &format!("mish(v{of})")),
            Call::Gelu(of) => lines.both(step, &format!("gelu(v{of})")),
            Call::GeluTanh(of) => lines.both(step, &format!("gelu_tanh(v{of})")),
            Call::Swish { of, beta } => {
                let beta = self.number(beta);
                lines.both(step, &format!("swish(v{of}, {beta})"));
            }
            Call::Elu { of, alpha } => {
                let alpha = self.number(alpha);
                lines.both(step, &format!("elu(v{of}, {alpha})"));
            }
            Call::Softplus { of, beta, threshold } => {
                let [beta, threshold] = [self.number(beta), self.number(threshold)];
                lines.both(step, &format!("softplus(v{of}, {beta}, {threshold})"));
            }
        }
        lines
    }
}

// Writing to a String never fails.
impl Lines {
    fn value(&mut self, v: usize, text: &str) {
        let _ = write!(self.value, "\n  const float v{v} = {text};");
    }

    /// A value with its slope.
    fn both(&mut self, step: &Step, text: &str) {
        let v = step.value;
        let _ = write!(self.value, "\n  const Both s{v} = {text};");
        self.value(v, &format!("s{v}.value"));
        self.give_one(step, &format!("d{v} * s{v}.slope"));
    }

    fn give_one(&mut self, step: &Step, text: &str) {
        self.give_to(step.call.operands()[0], step.fresh[0], text);
    }

    /// To the call's two operands.
    fn give(&mut self, step: &Step, texts: [&str; 2]) {
        for ((operand, fresh), text) in step.call.operands().into_iter().zip(step.fresh).zip(texts)
        {
            self.give_to(operand, fresh, text);
        }
    }

    /// The first that an operand is given begins its gradient.
    fn give_to(&mut self, operand: Operand, is_first: bool, text: &str) {
        let Operand::Value(to) = operand else { return };
        let _ = match is_first {
            true => write!(self.slope, "\n  float d{to} = {text};"),
            false => write!(self.slope, "\n  d{to} += {text};"),
        };
    }
}
