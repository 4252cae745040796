//! What the host says.

use super::codec::{Malformed, Writer, whole};
use super::parts::{read_fault, read_named, write_fault, write_named};
use super::value::WireNamed;
use crate::abi::Fault;
use crate::ctx::Progress;

/// The host's first words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The oldest protocol that it speaks.
    pub oldest: u32,
    /// The newest protocol that it speaks.
    pub newest: u32,
    /// The host's version.
    pub version: String,
}

/// A hook that the test shall call.
#[derive(Debug, Clone, PartialEq)]
pub struct HookCall {
    /// The item's number, as the test gave it.
    pub item: u64,
    /// The hook's name.
    pub hook: String,
    /// The number of its context.
    pub context: u64,
    /// The context's progress.
    pub progress: Progress,
    /// Whether it is a training step.
    pub training: bool,
    /// Whether autograd records.
    pub grad: bool,
    /// Its arguments.
    pub args: Vec<WireNamed>,
}

/// What a request gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Values.
    Values(Vec<WireNamed>),
    /// A tensor's data.
    Bytes(Vec<u8>),
}

/// An answer, or why there is none.
pub type Outcome = Result<Answer, Fault>;

/// What the host says.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// The first words.
    Hello(Hello),
    /// Call this hook, then go on waiting.
    Hook(HookCall),
    /// The end of a request.
    Done(Outcome),
}

/// So that what is no Jackpot is not taken for one.
const MAGIC: &str = "jackpot serves tests";

impl Message {
    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut to = Writer::default();
        match self {
            Self::Hello(Hello { oldest, newest, version }) => {
                to.u8(0);
                to.text(MAGIC);
                to.u64((*oldest).into());
                to.u64((*newest).into());
                to.text(version);
            }
            Self::Hook(HookCall { item, hook, context, progress, training, grad, args }) => {
                to.u8(1);
                to.u64(*item);
                to.text(hook);
                to.u64(*context);
                let Progress { step, steps_per_epoch, total_steps } = *progress;
                for number in [step, steps_per_epoch, total_steps] {
                    to.u64(number);
                }
                to.bool(*training);
                to.bool(*grad);
                write_named(&mut to, args);
            }
            Self::Done(Ok(Answer::Values(values))) => {
                to.u8(2);
                write_named(&mut to, values);
            }
            Self::Done(Ok(Answer::Bytes(bytes))) => {
                to.u8(3);
                to.bytes(bytes);
            }
            Self::Done(Err(fault)) => {
                to.u8(4);
                write_fault(&mut to, fault);
            }
        }
        to.finish()
    }

    /// The message.
    ///
    /// # Errors
    ///
    /// Bytes that are none.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        whole(bytes, |from| {
            Ok(match from.u8()? {
                0 if from.text()? == MAGIC => {
                    let mut version = || u32::try_from(from.u64()?).map_err(|_| Malformed);
                    let (oldest, newest) = (version()?, version()?);
                    Self::Hello(Hello { oldest, newest, version: from.text()? })
                }
                1 => Self::Hook(HookCall {
                    item: from.u64()?,
                    hook: from.text()?,
                    context: from.u64()?,
                    progress: Progress {
                        step: from.u64()?,
                        steps_per_epoch: from.u64()?,
                        total_steps: from.u64()?,
                    },
                    training: from.bool()?,
                    grad: from.bool()?,
                    args: read_named(from)?,
                }),
                2 => Self::Done(Ok(Answer::Values(read_named(from)?))),
                3 => Self::Done(Ok(Answer::Bytes(from.bytes()?))),
                4 => Self::Done(Err(read_fault(from)?)),
                _ => return Err(Malformed),
            })
        })
    }
}
