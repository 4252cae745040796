//! What crosses from the host's memory to the device in work that is captured.

use std::cell::RefCell;
use std::fmt;

use tch::{Device, TchError, Tensor};

use super::watch::Pause;
use crate::torch::bytes::to_bytes;
use crate::torch::error::OpError;
use crate::torch::memory_format::copied_as;
use crate::torch::upload::at_once;

const OP: &str = "capture";

/// Where a training stands, as far as numbers are drawn by it.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    pub step: u64,
    pub epoch: u64,
    /// The samples of the batch.
    pub samples: &'a [i64],
}

/// Gives the numbers of a moment, on the CPU.
type Draw = Box<dyn Fn(&Moment<'_>) -> Result<Tensor, String>>;

/// All that crosses, in its order.
#[derive(Debug)]
pub struct Feeds {
    device: Device,
    /// Of the step that was observed.
    step: u64,
    list: Vec<Feed>,
    /// Whether what crosses now is no part of the work.
    is_aside: bool,
}

/// One tensor, at its place on the device.
struct Feed {
    tensor: Tensor,
    source: Source,
}

enum Source {
    /// Always the same numbers: these, on the CPU.
    Constant(Tensor),
    Drawn(Draw),
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.source {
            Source::Constant(_) => "constant",
            Source::Drawn(_) => "drawn",
        };
        write!(f, "{kind} {:?}", self.tensor.size())
    }
}

impl Feeds {
    pub(super) fn refresh(&mut self, moment: &Moment<'_>) -> Result<(), OpError> {
        for feed in &mut self.list {
            if let Source::Drawn(draw) = &feed.source {
                let fresh = draw(moment).map_err(|message| OpError::failed(OP, message))?;
                let fresh = at_once(&fresh, self.device)?;
                tch::no_grad(|| feed.tensor.f_copy_(&fresh)).map_err(failed)?;
            }
        }
        Ok(())
    }
}

/// What is done with what crosses on this thread.
enum Stage {
    Off,
    Observing { feeds: Feeds, refused: Option<String> },
    Capturing { feeds: Feeds, next: usize, refused: Option<String> },
}

thread_local! {
    static STAGE: RefCell<Stage> = const { RefCell::new(Stage::Off) };
}

/// The device whose work is observed or captured.
pub(super) fn device() -> Option<Device> {
    STAGE.with_borrow(|stage| match stage {
        Stage::Off => None,
        Stage::Observing { feeds, .. } | Stage::Capturing { feeds, .. } => Some(feeds.device),
    })
}

/// Whether what this thread asks of the device is written down.
pub fn is_capturing() -> bool {
    STAGE.with_borrow(|stage| matches!(stage, Stage::Capturing { .. }))
}

/// Says why the work under way cannot be captured. The first reason counts.
pub fn refuse(reason: impl FnOnce() -> String) {
    STAGE.with_borrow_mut(|stage| match stage {
        Stage::Off => (),
        Stage::Observing { refused, .. } | Stage::Capturing { refused, .. } => {
            refused.get_or_insert_with(reason);
        }
    });
}

/// Numbers that are the same each time, on the device; `None` where nothing is observed or
/// captured. The caller may write to them.
///
/// # Errors
///
/// Other numbers than were observed.
pub fn constant(numbers: &Tensor, device: Device) -> Result<Option<Tensor>, OpError> {
    STAGE.with_borrow_mut(|stage| match stage {
        Stage::Off => Ok(None),
        Stage::Observing { feeds, .. } | Stage::Capturing { feeds, .. } if feeds.is_aside => {
            Ok(None)
        }
        Stage::Observing { feeds, .. } => {
            let tensor = put(numbers, device)?;
            // What is kept is another one.
            let given = copied(&tensor)?;
            feeds.list.push(Feed { tensor, source: Source::Constant(copied(numbers)?) });
            Ok(Some(given))
        }
        Stage::Capturing { feeds, next, .. } => {
            let feed = take(feeds, next)?;
            match &feed.source {
                Source::Constant(known) if are_same(known, numbers)? => {
                    Ok(Some(copied(&feed.tensor)?))
                }
                _ => Err(otherwise()),
            }
        }
    })
}

/// What `draw` gives for this moment, on the device, and at a replay for that one.
///
/// # Errors
///
/// What `draw` says; numbers of another shape than was observed.
pub fn drawn(
    device: Device,
    now: &Moment<'_>,
    draw: impl Fn(&Moment<'_>) -> Result<Tensor, String> + 'static,
) -> Result<Tensor, String> {
    let numbers = draw(now)?;
    let place = STAGE.with_borrow_mut(|stage| match stage {
        Stage::Off => at_once(&numbers, device),
        Stage::Observing { feeds, .. } | Stage::Capturing { feeds, .. } if feeds.is_aside => {
            at_once(&numbers, device)
        }
        Stage::Observing { feeds, refused } => {
            if now.step != feeds.step {
                refused.get_or_insert_with(|| {
                    "random numbers are drawn for another step than the training's".to_owned()
                });
            }
            let tensor = put(&numbers, device)?;
            let source = Source::Drawn(Box::new(draw));
            feeds.list.push(Feed { tensor: tensor.shallow_clone(), source });
            Ok(tensor)
        }
        Stage::Capturing { feeds, next, .. } => {
            let feed = take(feeds, next)?;
            let fits = feed.tensor.size() == numbers.size() && feed.tensor.kind() == numbers.kind();
            match &feed.source {
                Source::Drawn(_) if fits => Ok(feed.tensor.shallow_clone()),
                _ => Err(otherwise()),
            }
        }
    });
    place.map_err(|error: OpError| error.to_string())
}

pub(super) fn aside<T>(body: impl FnOnce() -> T) -> T {
    let _restore = Aside(set_aside(true));
    body()
}

/// Gives what was set before.
fn set_aside(is_aside: bool) -> bool {
    STAGE.with_borrow_mut(|stage| match stage {
        Stage::Off => false,
        Stage::Observing { feeds, .. } | Stage::Capturing { feeds, .. } => {
            std::mem::replace(&mut feeds.is_aside, is_aside)
        }
    })
}

struct Aside(bool);

impl Drop for Aside {
    fn drop(&mut self) {
        set_aside(self.0);
    }
}

pub(super) fn observe<T>(
    device: Device,
    moment: &Moment<'_>,
    body: impl FnOnce() -> T,
) -> (T, Result<Feeds, String>) {
    let feeds = Feeds { device, step: moment.step, list: Vec::new(), is_aside: false };
    let restore = Restore::set(Stage::Observing { feeds, refused: None });
    let value = body();
    let feeds = match restore.end() {
        Stage::Observing { feeds, refused: None } => Ok(feeds),
        Stage::Observing { refused: Some(reason), .. } => Err(reason),
        _ => Err("it captures work itself".to_owned()),
    };
    (value, feeds)
}

/// Runs `body` with what was observed at hand.
pub(super) fn supply<T>(feeds: Feeds, body: impl FnOnce() -> T) -> (T, Result<Feeds, OpError>) {
    let restore = Restore::set(Stage::Capturing { feeds, next: 0, refused: None });
    let value = body();
    let feeds = match restore.end() {
        Stage::Capturing { feeds, next, refused: None } if next == feeds.list.len() => Ok(feeds),
        Stage::Capturing { refused: Some(reason), .. } => Err(OpError::failed(OP, reason)),
        _ => Err(otherwise()),
    };
    (value, feeds)
}

/// Runs `body`, which nothing crosses in, as if it were captured, for tests of what it does then.
#[cfg(test)]
pub fn as_if_captured<T>(body: impl FnOnce() -> T) -> T {
    supply(Feeds { device: Device::Cpu, step: 0, list: Vec::new(), is_aside: false }, body).0
}

/// Ends a stage, also where its body panics.
struct Restore(Option<Stage>);

impl Restore {
    fn set(stage: Stage) -> Self {
        Self(Some(STAGE.replace(stage)))
    }

    fn end(mut self) -> Stage {
        STAGE.replace(self.0.take().unwrap_or(Stage::Off))
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        if let Some(before) = self.0.take() {
            STAGE.set(before);
        }
    }
}

fn take<'a>(feeds: &'a Feeds, next: &mut usize) -> Result<&'a Feed, OpError> {
    let feed = feeds.list.get(*next).ok_or_else(otherwise)?;
    *next += 1;
    Ok(feed)
}

/// On the device, in memory of its own.
fn put(numbers: &Tensor, device: Device) -> Result<Tensor, OpError> {
    match numbers.device() == device {
        true => copied(numbers),
        false => {
            let _repeated = Pause::begin();
            at_once(numbers, device)
        }
    }
}

fn copied(tensor: &Tensor) -> Result<Tensor, OpError> {
    copied_as(tensor, tensor).map_err(failed)
}

/// Whether two tensors on the CPU have the same bits.
fn are_same(a: &Tensor, b: &Tensor) -> Result<bool, OpError> {
    Ok(a.kind() == b.kind() && a.size() == b.size() && to_bytes(a)? == to_bytes(b)?)
}

fn otherwise() -> OpError {
    OpError::failed(
        OP,
        "the host sends other numbers each time, or more of them, which a replay would not see",
    )
}

fn failed(error: TchError) -> OpError {
    OpError::failed(OP, error.to_string())
}
