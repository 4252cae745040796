//! When a training that has not come far is given up.

use jackpot_plugin_api::Duration;
use serde::{Deserialize, Serialize};

use super::inline::{float, string, table};
use super::keys::{Bounds, Key, Section, Shape};
use super::tree::Node;
use super::words;

/// It ends at the first epoch's end from that point on if its best validation accuracy is below.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GiveUp {
    pub at: Duration,
    /// In (0, 1).
    pub below: f64,
}

/// The keys of its table.
pub static GIVE_UP: Section = Section {
    title: "`give_up`",
    keys: &[
        Key::required("at", Shape::Word(&words::AFTER), "When it is decided."),
        Key::required(
            "below",
            Shape::Float(Bounds::PROPER_FRACTION),
            "It goes on only if a validation accuracy so far was at least this.",
        ),
    ],
};

/// As the value of a key.
pub static TABLE: Shape = Shape::Section(&GIVE_UP);

/// Reads the table.
pub fn read(node: &Node) -> Option<GiveUp> {
    let table = node.table()?;
    Some(GiveUp { at: table.str("at")?.parse().ok()?, below: table.float("below")? })
}

/// Writes it, or `"none"`.
pub fn write(give_up: Option<GiveUp>) -> String {
    match give_up {
        None => string("none"),
        Some(GiveUp { at, below }) => {
            table([("at", string(&at.to_string())), ("below", float(below))])
        }
    }
}
