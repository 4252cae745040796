//! What a test asks.

use super::codec::{Malformed, Reader, Writer, whole};
use super::parts::{
    read_device, read_fault, read_ids, read_named, write_device, write_fault, write_ids,
    write_named,
};
use super::value::{Wire, WireNamed};
use crate::abi::{Fault, RawDevice};

/// A call of an operator.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its number, as the host gave it.
    pub op: u64,
    /// Positional arguments.
    pub args: Vec<Wire>,
    /// Arguments by the names of the operator's schema.
    pub named: Vec<WireNamed>,
}

/// What a test asks of the host. All but [`Request::Do`] and [`Request::Returned`] are the
/// functions of the ABI's tables.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// The number of an operator.
    Find(String),
    /// Calls an operator.
    Call(Call),
    /// Shape, dtype, device and whether it requires a gradient.
    Info(u64),
    /// A tensor's data in that dtype.
    Read(u64, i32),
    /// A tensor from data.
    Make { dtype: i32, shape: Vec<i64>, data: Vec<u8>, device: RawDevice },
    /// Gradients of outputs to inputs; weights of the outputs; the ABI's flags.
    Grad { outputs: Vec<u64>, inputs: Vec<u64>, weights: Vec<u64>, flags: u32 },
    /// A question to the host.
    Ask(String, Vec<WireNamed>),
    /// A tensor of the context of a running hook.
    ContextTensor(u64, String),
    /// A question to the context of a running hook.
    ContextAsk(u64, String, Vec<WireNamed>),
    /// Tries something; may call hooks.
    Do(String, Vec<WireNamed>),
    /// The hook that was called has returned.
    Returned(Result<Vec<WireNamed>, Fault>),
}

impl Request {
    /// The bytes, with the tensors that the test no longer has and whether autograd records.
    pub fn encode(&self, released: &[u64], grad: bool) -> Vec<u8> {
        let mut to = Writer::default();
        write_ids(&mut to, released);
        to.bool(grad);
        self.write(&mut to);
        to.finish()
    }

    /// Released tensors, whether autograd records, and the request.
    ///
    /// # Errors
    ///
    /// Bytes that are no request.
    pub fn decode(bytes: &[u8]) -> Result<(Vec<u64>, bool, Self), Malformed> {
        whole(bytes, |from| Ok((read_ids(from)?, from.bool()?, Self::read(from)?)))
    }

    fn write(&self, to: &mut Writer) {
        match self {
            Self::Find(name) => {
                to.u8(0);
                to.text(name);
            }
            Self::Call(Call { op, args, named }) => {
                to.u8(1);
                to.u64(*op);
                to.list(args, |to, one| one.write(to));
                write_named(to, named);
            }
            Self::Info(id) => {
                to.u8(2);
                to.u64(*id);
            }
            Self::Read(id, dtype) => {
                to.u8(3);
                to.u64(*id);
                to.i32(*dtype);
            }
            Self::Make { dtype, shape, data, device } => {
                to.u8(4);
                to.i32(*dtype);
                to.list(shape, |to, one| to.i64(*one));
                to.bytes(data);
                write_device(to, *device);
            }
            Self::Grad { outputs, inputs, weights, flags } => {
                to.u8(5);
                for ids in [outputs, inputs, weights] {
                    write_ids(to, ids);
                }
                to.u64((*flags).into());
            }
            Self::Ask(question, args) => {
                to.u8(6);
                to.text(question);
                write_named(to, args);
            }
            Self::ContextTensor(context, name) => {
                to.u8(7);
                to.u64(*context);
                to.text(name);
            }
            Self::ContextAsk(context, question, args) => {
                to.u8(8);
                to.u64(*context);
                to.text(question);
                write_named(to, args);
            }
            Self::Do(what, args) => {
                to.u8(9);
                to.text(what);
                write_named(to, args);
            }
            Self::Returned(Ok(values)) => {
                to.u8(10);
                write_named(to, values);
            }
            Self::Returned(Err(fault)) => {
                to.u8(11);
                write_fault(to, fault);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match from.u8()? {
            0 => Self::Find(from.text()?),
            1 => Self::Call(Call {
                op: from.u64()?,
                args: from.list(Wire::read)?,
                named: read_named(from)?,
            }),
            2 => Self::Info(from.u64()?),
            3 => Self::Read(from.u64()?, from.i32()?),
            4 => Self::Make {
                dtype: from.i32()?,
                shape: from.list(Reader::i64)?,
                data: from.bytes()?,
                device: read_device(from)?,
            },
            5 => Self::Grad {
                outputs: read_ids(from)?,
                inputs: read_ids(from)?,
                weights: read_ids(from)?,
                flags: u32::try_from(from.u64()?).map_err(|_| Malformed)?,
            },
            6 => Self::Ask(from.text()?, read_named(from)?),
            7 => Self::ContextTensor(from.u64()?, from.text()?),
            8 => Self::ContextAsk(from.u64()?, from.text()?, read_named(from)?),
            9 => Self::Do(from.text()?, read_named(from)?),
            10 => Self::Returned(Ok(read_named(from)?)),
            11 => Self::Returned(Err(read_fault(from)?)),
            _ => return Err(Malformed),
        })
    }
}
