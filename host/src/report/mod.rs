//! Finished runs → what people look at: a table on the terminal, `results.csv`, `results.md` and a
//! self-contained `report.html`.
//!
//! It reads a run directory ([`read`]) or takes a [`Run`] put together by hand, and does not know
//! how a run is made. [`Summary`] is the one place where jobs become means, intervals and gains;
//! everything that is shown is written from it, so all outputs agree.

mod about;
mod controls;
mod csv;
mod declared;
mod difference;
mod files;
mod format;
mod html;
mod markdown;
mod markup;
mod merge;
mod parity;
mod pictures;
mod plan;
mod plot;
mod read;
mod record;
mod run;
#[cfg(test)]
pub(crate) mod sample;
pub mod stats;
mod summary;
mod table;
mod tensorboard;
mod trials;
mod words;
mod write;

pub(crate) fn parse_record(text: &str) -> bool {
    record::Record::parse(text).is_ok()
}

pub use csv::csv;
pub use format::duration;
pub use html::html;
pub use markdown::markdown;
pub use merge::merge;
pub use pictures::pictures;
pub use read::{ReportError, read};
pub use run::{About, Control, Layer, Plugin, Point, Primary, Row, Run, Split, Status, Time};
pub use summary::{Block, Cell, Level, Line, Summary};
pub use table::table;
pub use tensorboard::tensorboard;
pub use write::{sweep, write};
