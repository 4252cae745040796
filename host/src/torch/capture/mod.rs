//! Work on a device that is written down once and then done again with one call: a CUDA graph.
//!
//! What the host does while it asks for the work is not done again: what it reads is frozen, and
//! so is what it sends. So the work is watched once before ([`observe`]): what crosses from the
//! host's memory then ([`feeds`]) gets places of its own on the device, which are filled anew
//! before each replay, and what cannot be repeated is found out ([`refuse`]). Then [`capture`]
//! writes it down.
//!
//! On the CPU the same is done with a list of operators, which brings no speed: it is there to try
//! all of this where there is no GPU.

mod feeds;
mod graph;
mod side;
mod watch;

use tch::Device;

use super::error::OpError;

#[cfg(test)]
pub use feeds::as_if_captured;
pub use feeds::{Feeds, Moment, constant, drawn, is_capturing, refuse};
pub use graph::Graph;
pub use side::SideStream;
use watch::{Pause, Watch};

/// Runs what is no part of the work, but may show that it cannot be captured: nothing that crosses
/// on the way is kept.
pub fn aside<T>(body: impl FnOnce() -> T) -> T {
    let _paused = Pause::begin();
    feeds::aside(body)
}

/// Whether this thread's work is observed or captured on the CPU, where kernels of Jackpot's own
/// are no operators and would not be seen.
pub fn is_on_tape() -> bool {
    feeds::device() == Some(Device::Cpu)
}

/// What was captured, and what it is to be fed with.
#[derive(Debug)]
pub struct Captured {
    graph: Graph,
    feeds: Feeds,
}

impl Captured {
    /// Does the work again with that moment's numbers.
    ///
    /// # Errors
    ///
    /// What the device or a draw says.
    pub fn replay(&mut self, moment: &Moment<'_>) -> Result<(), OpError> {
        self.feeds.refresh(moment)?;
        self.graph.replay()
    }
}

/// Runs `body`, which is that moment's work, and gives what crossed on the way; an error says why it
/// cannot be captured.
pub fn observe<T>(
    device: Device,
    moment: &Moment<'_>,
    body: impl FnOnce() -> T,
) -> (T, Result<Feeds, String>) {
    feeds::observe(device, moment, || {
        let watch = Watch::begin();
        let value = body();
        match watch.and_then(Watch::end) {
            Ok(None) => {}
            Ok(Some(reason)) => refuse(|| reason),
            Err(error) => refuse(|| error.to_string()),
        }
        value
    })
}

/// Runs `body`, which is what was observed, and writes down what it asks of the device; that is
/// not done then, except on the CPU.
///
/// # Errors
///
/// What `body` or the device says; anything that crosses otherwise than observed.
pub fn capture<T, E: From<OpError>>(
    device: Device,
    feeds: Feeds,
    beside: Option<&Captured>,
    body: impl FnOnce() -> Result<T, E>,
) -> Result<(Captured, T), E> {
    let graph = Graph::new(device)?;
    let (result, feeds) = feeds::supply(feeds, || graph.record(beside.map(|one| &one.graph), body));
    let value = result?;
    Ok((Captured { graph, feeds: feeds? }, value))
}

#[cfg(test)]
mod tests;
