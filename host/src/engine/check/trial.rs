//! One item on the stage.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jackpot_plugin_api::manifest::Kind;
use serde_json::{Map, Value};

use super::message::{Line, Message};
use super::report::{Finding, Level};
use crate::config::TrainConfig;
use crate::engine::device::device_name;
use crate::engine::stage::Stage;
use crate::plugin::Instance;
use crate::train::TrainError;

/// An item, where it is tried, and who hears of it.
pub struct Trial<'a> {
    pub stage: &'a Stage,
    pub kind: Kind,
    /// As a config would name it.
    pub reference: String,
    pub params: Map<String, Value>,
    pub line: &'a Line,
}

/// What a check comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub level: Level,
    pub message: String,
}

/// What a check gives; an error of the item is its verdict, too.
pub type Checked = Result<Verdict, TrainError>;

/// As it must be.
pub fn fine(message: impl Into<String>) -> Checked {
    Ok(Verdict { level: Level::Ok, message: message.into() })
}

/// Worth a word.
pub fn doubtful(message: impl Into<String>) -> Checked {
    Ok(Verdict { level: Level::Warning, message: message.into() })
}

/// As it must not be.
pub fn wrong(message: impl Into<String>) -> Checked {
    Ok(Verdict { level: Level::Error, message: message.into() })
}

impl Trial<'_> {
    /// Tries something and tells what comes of it; gives whether it was not wrong.
    pub fn check(&self, name: &str, body: impl FnOnce() -> Checked) -> bool {
        self.line.doing(name);
        let verdict = match catch_unwind(AssertUnwindSafe(body)) {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(error)) => Verdict { level: Level::Error, message: words(&error) },
            Err(payload) => {
                let message = format!("this check itself failed: {}", panic_words(&*payload));
                Verdict { level: Level::Error, message }
            }
        };
        let device = self.stage.device();
        let name = match device.is_cuda() {
            true => format!("{name} on {}", device_name(device)),
            false => name.to_owned(),
        };
        let finding = Finding::new(verdict.level, &name, verdict.message);
        self.line.say(&Message::Found { finding });
        verdict.level != Level::Error
    }

    /// The item with its parameters.
    ///
    /// # Errors
    ///
    /// Parameters that it refuses.
    pub fn create(&self) -> Result<Instance, TrainError> {
        Ok(self.stage.registry().create(self.kind, &self.reference, &self.params)?)
    }

    /// A recipe with the item in its place.
    pub fn recipe(&self) -> TrainConfig {
        self.stage.with(self.kind, &self.reference, self.params.clone())
    }
}

/// An error without the name of the item, which the reader knows.
pub fn words(error: &TrainError) -> String {
    match error.hook() {
        Some(hook) => format!("hook `{}`: {}", hook.hook, hook.message),
        None => error.to_string(),
    }
}

fn panic_words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}
