//! What functions of one number are made of.

/// Where a call reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operand {
    /// A value: 0 is `x`, then each call's result.
    Value(usize),
    Number(f32),
    /// A number that is read where it lies once the function is computed, by its place in a list.
    /// Kernels on the CPU have no such list: there it is no number.
    Read(usize),
}

impl Operand {
    /// The number that it is for all; what is none for a value.
    #[inline(always)]
    pub(super) fn number(self) -> f32 {
        match self {
            Self::Number(number) => number,
            Self::Value(_) | Self::Read(_) => f32::NAN,
        }
    }
}

/// What a call computes of its operands `a` and `b`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Call {
    /// a + scale · b
    Add {
        a: Operand,
        b: Operand,
        scale: f32,
    },
    Mul {
        a: Operand,
        b: Operand,
    },
    Div {
        a: Operand,
        b: Operand,
    },
    /// max(a, 0)
    Relu(usize),
    Exp(usize),
    Sigmoid(usize),
    Tanh(usize),
    Softplus {
        of: usize,
        beta: f32,
        threshold: f32,
    },
    /// tanh(ln(1 + e^a)), which takes one exponential function in place of two and a logarithm.
    TanhSoftplus(usize),
    /// a · sigmoid(β · a)
    Swish {
        of: usize,
        beta: f32,
    },
    /// a · tanh(ln(1 + e^a))
    Mish(usize),
    /// a where it is positive, else scale · a
    LeakyRelu {
        of: usize,
        scale: f32,
    },
    /// The nearest number from `low` to `high`.
    Clamp {
        of: usize,
        low: f32,
        high: f32,
    },
    /// a where it is positive, else α · (e^a - 1)
    Elu {
        of: usize,
        alpha: f32,
    },
    /// a · Φ(a), Φ the normal distribution function
    Gelu(usize),
    /// a / 2 · (1 + tanh(√(2/π) · (a + 0.044715 · a³)))
    GeluTanh(usize),
}

impl Call {
    /// What it computes together with the calls before that it reads, where there is a shorter way.
    pub(super) fn whole(self, before: &[Self]) -> Option<Self> {
        let call = |value: usize| before.get(value.checked_sub(1)?).copied();
        match self {
            Self::Tanh(of) => match call(of)? {
                Self::Softplus { of, beta: 1.0, threshold: 10.0.. } => Some(Self::TanhSoftplus(of)),
                _ => None,
            },
            Self::Mul { a: Operand::Value(a), b: Operand::Value(b) } => {
                let product = |x: usize, factor: usize| match call(factor)? {
                    Self::TanhSoftplus(of) if of == x => Some(Self::Mish(x)),
                    Self::Sigmoid(of) if of == x => Some(Self::Swish { of: x, beta: 1.0 }),
                    Self::Sigmoid(of) => match call(of)? {
                        Self::Mul { a: Operand::Value(of), b: Operand::Number(beta) }
                        | Self::Mul { a: Operand::Number(beta), b: Operand::Value(of) }
                            if of == x =>
                        {
                            Some(Self::Swish { of: x, beta })
                        }
                        Self::Div { a: Operand::Value(of), b: Operand::Number(softness) }
                            if of == x =>
                        {
                            Some(Self::Swish { of: x, beta: 1.0 / softness })
                        }
                        _ => None,
                    },
                    _ => None,
                };
                product(a, b).or_else(|| product(b, a))
            }
            _ => None,
        }
    }

    pub(super) fn operands(&self) -> [Operand; 2] {
        match *self {
            Self::Add { a, b, .. } | Self::Mul { a, b } | Self::Div { a, b } => [a, b],
            Self::Relu(of)
            | Self::Exp(of)
            | Self::Sigmoid(of)
            | Self::Tanh(of)
            | Self::TanhSoftplus(of)
            | Self::Mish(of)
            | Self::Gelu(of)
            | Self::GeluTanh(of)
            | Self::Swish { of, .. }
            | Self::LeakyRelu { of, .. }
            | Self::Clamp { of, .. }
            | Self::Elu { of, .. }
            | Self::Softplus { of, .. } => [Operand::Value(of); 2],
        }
    }

    /// Whether the slope comes with the value at little cost.
    pub(super) fn has_slope(&self) -> bool {
        matches!(
            self,
            Self::Softplus { .. }
                | Self::TanhSoftplus(_)
                | Self::Swish { .. }
                | Self::Mish(_)
                | Self::Elu { .. }
                | Self::Gelu(_)
                | Self::GeluTanh(_)
        )
    }
}
