//! An item as the border sees it, whatever its kind.

use abi_stable::std_types::RString;
use serde_json::{Map, Value as Json};

use crate::abi::{Host, Named, RawNamed, RawTensor, RawValue, Value};
use crate::ctx::Ctx;
use crate::declared::DeclaredTensor;
use crate::error::{Error, ErrorKind};
use crate::manifest::{ItemManifest, Kind};
use crate::params::{Params, read_params, text};
use crate::tensor::{NamedTensors, Tensor};

/// An item with its parameters.
pub trait Item: Send + Sync {
    /// Calls a hook by name.
    ///
    /// # Errors
    ///
    /// The hook's own, or one that says that there is no such hook.
    fn call(&self, hook: &str, ctx: &Ctx<'_>, args: &Args<'_>) -> Result<Vec<Named>, Error>;
}

type Make = fn(Map<String, Json>) -> Result<Box<dyn Item>, Error>;

/// One item of a file: what it is and how to make it.
pub struct Entry {
    kind: Kind,
    name: &'static str,
    knobs: &'static [&'static str],
    docs: fn() -> &'static str,
    specs: fn() -> Vec<crate::manifest::ParamSpec>,
    make: Make,
}

impl Entry {
    /// The entry of an item of type `T`, wrapped for its kind by `W`.
    pub fn new<T, W>(kind: Kind, name: &'static str, knobs: &'static [&'static str]) -> Self
    where
        T: Params + 'static,
        W: Item + From<T> + 'static,
    {
        fn make<T: Params, W: Item + From<T> + 'static>(
            params: Map<String, Json>,
        ) -> Result<Box<dyn Item>, Error> {
            Ok(Box::new(W::from(read_params::<T>(params)?)))
        }
        Self { kind, name, knobs, docs: T::docs, specs: T::specs, make: make::<T, W> }
    }

    pub(crate) fn manifest(&self) -> ItemManifest {
        ItemManifest {
            kind: self.kind.as_str().to_owned(),
            name: self.name.to_owned(),
            docs: (self.docs)().to_owned(),
            params: (self.specs)(),
            knobs: self.knobs.iter().map(|&knob| knob.to_owned()).collect(),
        }
    }

    pub(crate) fn create(&self, params: Json, _host: Host) -> Result<Box<dyn Item>, Error> {
        match params {
            Json::Object(map) => (self.make)(map),
            other => Err(format!("parameters must be an object, not {}", text(&other)).into()),
        }
    }
}

/// The arguments of a hook, by name.
pub struct Args<'a>(&'a [RawNamed<'a>]);

impl<'a> Args<'a> {
    pub(crate) fn new(args: &'a [RawNamed<'a>]) -> Self {
        Self(args)
    }

    fn get(&self, name: &str) -> Result<RawValue<'a>, Error> {
        let found = self.0.iter().find(|arg| arg.name.as_str() == name);
        found.map(|arg| arg.value).ok_or_else(|| format!("the host gave no `{name}`").into())
    }

    /// A tensor, as an own handle.
    pub fn tensor(&self, name: &str) -> Result<Tensor, Error> {
        match self.get(name)? {
            RawValue::Tensor(raw) => Ok(own(raw)),
            _ => Err(wrong(name, "a tensor")),
        }
    }

    /// Runs `body` with a tensor without making a second handle.
    pub fn with_tensor<T>(&self, name: &str, body: impl FnOnce(&Tensor) -> T) -> Result<T, Error> {
        match self.get(name)? {
            RawValue::Tensor(raw) => Ok(raw.borrowed(body)),
            _ => Err(wrong(name, "a tensor")),
        }
    }

    /// A number.
    pub fn float(&self, name: &str) -> Result<f64, Error> {
        match self.get(name)? {
            RawValue::Float(value) => Ok(value),
            _ => Err(wrong(name, "a number")),
        }
    }

    /// A text.
    pub fn text(&self, name: &str) -> Result<&'a str, Error> {
        match self.get(name)? {
            RawValue::Str(value) => Ok(value.as_str()),
            _ => Err(wrong(name, "a text")),
        }
    }

    /// All tensors whose names begin with `prefix.`, without it.
    pub fn tensors(&self, prefix: &str) -> NamedTensors {
        let part = |arg: &RawNamed<'_>| {
            let name = arg.name.as_str().strip_prefix(prefix)?.strip_prefix('.')?;
            match arg.value {
                RawValue::Tensor(raw) => Some((name.to_owned(), own(raw))),
                _ => None,
            }
        };
        self.0.iter().filter_map(part).collect()
    }
}

fn wrong(name: &str, wanted: &str) -> Error {
    Error::of(ErrorKind::Failed, format!("the host's `{name}` is not {wanted}"))
}

fn own(raw: RawTensor<'_>) -> Tensor {
    raw.borrowed(Tensor::clone)
}

/// A single result.
pub(crate) fn one(name: &str, value: Value) -> Vec<Named> {
    vec![Named::new(name, value)]
}

/// A single text, JSON by convention.
pub(crate) fn json<T: serde::Serialize>(name: &str, value: &T) -> Result<Vec<Named>, Error> {
    Ok(one(name, Value::Str(RString::from(serde_json::to_string(value)?))))
}

/// The tensors that an item declares.
pub(crate) fn declared(tensors: &[DeclaredTensor]) -> Result<Vec<Named>, Error> {
    // JSON has neither NaN nor infinities.
    if let Some(one) = tensors.iter().find(|one| !one.value.is_finite()) {
        let (name, value) = (&one.name, one.value);
        let message = format!("declares a tensor `{name}` that begins as {value}, not as a number");
        return Err(Error::new(message));
    }
    json("tensors", &tensors)
}

pub(crate) fn no_hook(kind: Kind, hook: &str) -> Error {
    let message = format!("{kind} items of this plugin have no hook `{hook}`: rebuild the plugin");
    Error::of(ErrorKind::Unknown, message)
}
