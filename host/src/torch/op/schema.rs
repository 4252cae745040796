//! What an overload takes and returns.

use std::ffi::c_char;
use std::fmt;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use crate::torch::error::OpError;
use crate::torch::ffi::{self, JpOp, RawArgSpec, Results};
use crate::torch::value::Value;

/// One overload of an operator.
#[derive(Debug)]
pub struct Schema {
    /// With its namespace, without the overload: `aten::add`.
    pub name: String,
    /// Empty for the one without a name.
    pub overload: String,
    pub args: Vec<ArgSpec>,
    /// How many values it returns.
    pub returns: usize,
    /// Whether it draws numbers from libtorch's generators, whose hidden state no resume restores.
    pub random: bool,
    /// As PyTorch prints it: `aten::add.Tensor(Tensor self, Tensor other, *, …) -> Tensor`.
    pub text: String,
    pub(super) handle: Handle,
}

/// One argument of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgSpec {
    pub name: String,
    pub ty: ArgType,
    /// None is accepted (`Tensor?`).
    pub optional: bool,
    pub has_default: bool,
    /// It can be given by name only.
    pub kwarg_only: bool,
    /// The operator writes to it (`Tensor(a!)`).
    pub mutable: bool,
    /// n of `int[n]`: a single number stands for n of them.
    pub fixed_len: Option<usize>,
}

/// The type of an argument, apart from being optional.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArgType {
    Tensor,
    TensorList,
    /// A list whose elements may be absent.
    OptTensorList,
    Int,
    IntList,
    Float,
    FloatList,
    /// An int, a float or a bool (`Scalar`).
    Number,
    NumberList,
    Bool,
    BoolList,
    Str,
    Device,
    Dtype,
    Layout,
    MemoryFormat,
    Generator,
    /// A type that no [`Arg`](crate::torch::Arg) fits; only its default or None can be used.
    Other,
}

/// The C++ side of an overload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Handle(pub NonNull<JpOp>);

// SAFETY: the C++ object is never changed nor freed once made, and the dispatcher that it
// refers to may be used from every thread.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

impl Schema {
    /// Whether a call may draw random numbers: it does so by nature, and not only with a
    /// `dropout_p` above 0.
    pub fn always_random(&self) -> bool {
        self.random && !self.args.iter().any(|arg| arg.name == "dropout_p")
    }

    pub(super) fn read(name: &str, overload: &str, handle: Handle) -> Schema {
        let op = handle.0.as_ptr();
        // SAFETY: `op` is a valid operator; indices stay below its own count, and the texts
        // live as long as it does.
        unsafe {
            let mut len = 0;
            let start = ffi::jp_op_text(op, &mut len);
            let args = 0..ffi::jp_op_arg_count(op);
            Schema {
                name: name.to_owned(),
                overload: overload.to_owned(),
                args: args.map(|index| ArgSpec::read(op, index)).collect(),
                returns: ffi::jp_op_return_count(op),
                random: ffi::jp_op_is_random(op),
                text: text(start, len),
                handle,
            }
        }
    }

    /// The default of the argument at `index`; none where it has none.
    ///
    /// # Errors
    /// [`OpError::Failed`] for a default that no [`Value`] can hold.
    pub fn default(&self, index: usize) -> Result<Option<Value>, OpError> {
        if !self.args.get(index).is_some_and(|arg| arg.has_default) {
            return Ok(None);
        }
        let mut results = Results::new(1);
        // SAFETY: the index is valid, and there is room for one value.
        let value = unsafe {
            let message = ffi::jp_op_default(self.handle.0.as_ptr(), index, results.as_mut_ptr());
            ffi::check(&self.name, message)?;
            results.take(0)
        };
        value
            .map(Some)
            .ok_or_else(|| OpError::failed(&self.name, "a default of an unknown dtype or device"))
    }
}

impl ArgSpec {
    /// # Safety
    /// `op` is valid and `index` below its number of arguments.
    unsafe fn read(op: *const JpOp, index: usize) -> ArgSpec {
        let mut raw = MaybeUninit::<RawArgSpec>::uninit();
        // SAFETY: the caller's promise; the C++ side fills the whole structure.
        let (raw, name) = unsafe {
            ffi::jp_op_arg(op, index, raw.as_mut_ptr());
            let raw = raw.assume_init();
            let name = text(raw.name, raw.name_len);
            (raw, name)
        };
        ArgSpec {
            name,
            ty: ArgType::from_code(raw.ty),
            optional: raw.optional != 0,
            has_default: raw.has_default != 0,
            kwarg_only: raw.kwarg_only != 0,
            mutable: raw.is_mutable != 0,
            fixed_len: usize::try_from(raw.fixed_len).ok().filter(|len| *len > 0),
        }
    }
}

impl ArgType {
    /// `JpType` of `jackpot_torch.h`.
    fn from_code(code: i32) -> ArgType {
        match code {
            1 => ArgType::Tensor,
            2 => ArgType::TensorList,
            3 => ArgType::OptTensorList,
            4 => ArgType::Int,
            5 => ArgType::IntList,
            6 => ArgType::Float,
            7 => ArgType::FloatList,
            8 => ArgType::Number,
            9 => ArgType::NumberList,
            10 => ArgType::Bool,
            11 => ArgType::BoolList,
            12 => ArgType::Str,
            13 => ArgType::Device,
            14 => ArgType::Dtype,
            15 => ArgType::Layout,
            16 => ArgType::MemoryFormat,
            17 => ArgType::Generator,
            _ => ArgType::Other,
        }
    }

    /// In the words of a schema.
    fn word(self) -> &'static str {
        match self {
            ArgType::Tensor => "Tensor",
            ArgType::TensorList => "Tensor[]",
            ArgType::OptTensorList => "Tensor?[]",
            ArgType::Int => "int",
            ArgType::IntList => "int[]",
            ArgType::Float => "float",
            ArgType::FloatList => "float[]",
            ArgType::Number => "Scalar",
            ArgType::NumberList => "Scalar[]",
            ArgType::Bool => "bool",
            ArgType::BoolList => "bool[]",
            ArgType::Str => "str",
            ArgType::Device => "Device",
            ArgType::Dtype => "ScalarType",
            ArgType::Layout => "Layout",
            ArgType::MemoryFormat => "MemoryFormat",
            ArgType::Generator => "Generator",
            ArgType::Other => "a type that cannot be given here",
        }
    }
}

/// The type as a schema spells it: `Tensor?`, `int[2]`.
impl fmt::Display for ArgSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.ty.word().strip_suffix("[]"), self.fixed_len) {
            (Some(element), Some(len)) => write!(f, "{element}[{len}]")?,
            _ => f.write_str(self.ty.word())?,
        }
        f.write_str(if self.optional { "?" } else { "" })
    }
}

/// # Safety
/// `start` points to `len` bytes.
pub(super) unsafe fn text(start: *const c_char, len: usize) -> String {
    if len == 0 {
        return String::new();
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { std::slice::from_raw_parts(start.cast::<u8>(), len) };
    String::from_utf8_lossy(bytes).into_owned()
}
