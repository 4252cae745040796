//! A later version of this API, for tests alone (feature `next`): one addition of every kind that
//! ABI 1 allows. A function at the end of the host's two tables, a hook, a question to the host and
//! one to the file, keys of the manifest and of the graph, a kind of item, of error and of parameter.

use serde_json::Value as Json;

use crate::abi::{Named, Value};
use crate::ctx::Ctx;
use crate::error::{Error, ErrorKind};
use crate::graph::GraphBuilder;
use crate::item::one;
use crate::manifest::ParamType;
use crate::params::ParamValue;
use crate::tensor::Creator;

/// Newer than any version there is.
pub const VERSION: &str = "1000.0.0";

/// The function that is appended to both tables.
pub extern "C" fn double(n: i64) -> i64 {
    2 * n
}

/// What the hook gives that all kinds have, and the file itself when it is asked.
pub(crate) fn about() -> Vec<Named> {
    one("text", Value::Str("an item of the next version".into()))
}

/// What an author is told who uses a function that the host lacks.
fn too_old(what: &str) -> Error {
    let message = format!("this host has no `{what}`, which plugins may use from {VERSION} on");
    Error::of(ErrorKind::Unknown, format!("{message}; update Jackpot"))
}

impl Creator {
    /// 2n, by the host's function.
    ///
    /// # Errors
    ///
    /// A host that lacks it.
    pub fn double(&self, n: i64) -> Result<i64, Error> {
        self.host.0.next().map(|double| double(n)).ok_or_else(|| too_old("Creator::double"))
    }
}

impl Ctx<'_> {
    /// 2n, by the context's function.
    ///
    /// # Errors
    ///
    /// A host that lacks it.
    pub fn double(&self, n: i64) -> Result<i64, Error> {
        self.raw.table.0.next().map(|double| double(n)).ok_or_else(|| too_old("Ctx::double"))
    }

    /// 42, by a question.
    ///
    /// # Errors
    ///
    /// A host that does not know the question.
    pub fn answer(&self) -> Result<i64, Error> {
        match self.ask("next", &[])?.into_iter().next().map(|named| named.value) {
            Some(Value::Int(number)) => Ok(number),
            _ => Err("the host gave no number".into()),
        }
    }
}

impl GraphBuilder {
    /// Adds a key to the graph.
    pub fn stage(&mut self, name: &str) {
        self.graph.stages.push(name.to_owned());
    }
}

impl Error {
    /// An error of the new kind.
    pub fn next(message: &str) -> Self {
        Self::of(ErrorKind::Next, message)
    }
}

/// A parameter of the new type: a text.
#[derive(Debug)]
pub struct NextText(pub String);

impl ParamValue for NextText {
    const TYPE: ParamType = ParamType::Next;
    fn read(value: &Json) -> Result<Self, String> {
        value.as_str().map(|text| Self(text.to_owned())).ok_or_else(|| "not a text".to_owned())
    }
}
