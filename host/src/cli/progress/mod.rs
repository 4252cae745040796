//! A run under way, shown on stderr: bars on a terminal, else lines, or JSON.
//!
//! [`Tally`](tally::Tally) counts what the events say; [`text`] puts an event into words and
//! [`layout`] the tally into lines of a given width; the observers only decide when.

mod bars;
mod heard;
mod json;
mod layout;
mod lines;
mod relay;
#[cfg(test)]
mod sample;
mod stages;
mod tally;
mod text;

use std::sync::Arc;

pub use bars::Bars;
pub use heard::Heard;
pub use json::Json;
pub use lines::Lines;
pub use relay::Relay;
pub use stages::Stages;

use super::terminal::Terminal;
use crate::experiment::{Event, Observer, Silent};

/// An observer that can be told to get out of the way.
pub trait Display: Observer {
    /// Takes the bars away for good; lines go on.
    fn close(&self) {}

    /// Leaves the bars as they are for good, and ends their last line; lines go on.
    fn freeze(&self) {}
}

impl Display for Silent {}

/// Tells two.
pub struct Both(pub Arc<dyn Display>, pub Json);

impl Observer for Both {
    fn event(&self, event: &Event<'_>) {
        self.0.event(event);
        self.1.event(event);
    }
}

impl Display for Both {
    fn close(&self) {
        self.0.close();
    }

    fn freeze(&self) {
        self.0.freeze();
    }
}

/// What fits the terminal. `share` of the unfinished jobs need a training of their own; the
/// others refer to one, which takes no time.
pub fn display(terminal: &Terminal, share: f64) -> Arc<dyn Display> {
    match terminal {
        Terminal { json: true, .. } => Arc::new(Json::new(terminal)),
        Terminal { quiet: true, .. } => Arc::new(Silent),
        Terminal { animated: true, .. } => Arc::new(Bars::new(terminal, share)),
        _ => Arc::new(Lines::new(terminal, share)),
    }
}
