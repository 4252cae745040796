//! Element types, with PyTorch's numbers.

/// The element type of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// Unsigned bytes.
    U8,
    /// Signed bytes.
    I8,
    /// 16-bit integers.
    I16,
    /// 32-bit integers.
    I32,
    /// 64-bit integers, PyTorch's default for indices.
    I64,
    /// IEEE half precision.
    F16,
    /// IEEE single precision.
    F32,
    /// IEEE double precision.
    F64,
    /// Truth values.
    Bool,
    /// bfloat16.
    Bf16,
    /// Any other, by its `ScalarType` number.
    Other(i32),
}

impl Dtype {
    const TABLE: [(Self, i32, &'static str, usize); 10] = [
        (Self::U8, 0, "u8", 1),
        (Self::I8, 1, "i8", 1),
        (Self::I16, 2, "i16", 2),
        (Self::I32, 3, "i32", 4),
        (Self::I64, 4, "i64", 8),
        (Self::F16, 5, "f16", 2),
        (Self::F32, 6, "f32", 4),
        (Self::F64, 7, "f64", 8),
        (Self::Bool, 11, "bool", 1),
        (Self::Bf16, 15, "bf16", 2),
    ];

    /// PyTorch's `ScalarType` number.
    pub fn code(self) -> i32 {
        match self {
            Self::Other(code) => code,
            known => Self::TABLE.iter().find(|row| row.0 == known).map_or(-1, |row| row.1),
        }
    }

    /// The dtype of that `ScalarType` number.
    pub fn from_code(code: i32) -> Self {
        Self::TABLE.iter().find(|row| row.1 == code).map_or(Self::Other(code), |row| row.0)
    }

    /// The name in graphs: `f32`, `i64`, `bool`.
    pub fn name(self) -> &'static str {
        Self::TABLE.iter().find(|row| row.0 == self).map_or("other", |row| row.2)
    }

    /// The dtype of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::TABLE.iter().find(|row| row.2 == name).map(|row| row.0)
    }

    /// Bytes of one element; `None` for a dtype that this API does not know.
    pub fn size(self) -> Option<usize> {
        Self::TABLE.iter().find(|row| row.0 == self).map(|row| row.3)
    }
}

impl std::fmt::Display for Dtype {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Other(code) => write!(f, "ScalarType {code}"),
            known => f.write_str(known.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_round_trip() {
        for code in -1..64 {
            let dtype = Dtype::from_code(code);
            assert_eq!(dtype.code(), code);
            if dtype.size().is_some() {
                assert_eq!(Dtype::from_name(dtype.name()), Some(dtype));
            }
        }
    }
}
