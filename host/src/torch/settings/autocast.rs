//! Mixed precision: guards for the thread's autocast.

use std::marker::PhantomData;

use tch::{Device, Kind};

use crate::torch::codes::{device_code, dtype_code};
use crate::torch::error::OpError;
use crate::torch::ffi::{self, Message};

/// Autocast of one kind of device in this thread, until the guard is dropped: while it is on,
/// matrix products and convolutions run in its dtype, and some operators go back to f32.
///
/// Casts of parameters are kept until the outermost guard is dropped, so a parameter must not
/// change under one: open a guard for the forward pass, drop it before the optimizer's step.
/// Guards nest; drop them in the reverse order.
#[must_use = "autocast is restored when the guard is dropped"]
#[derive(Debug)]
pub struct Autocast {
    /// What to restore, last first; at most one for each kind of device.
    changed: [Option<State>; 2],
    /// The state belongs to the thread, so the guard stays in it.
    not_send: PhantomData<*const ()>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    device: i32,
    enabled: bool,
    dtype: i32,
}

impl Autocast {
    /// Switches autocast on `device`'s kind on with `dtype`, or off.
    ///
    /// # Errors
    /// A dtype other than [`Kind::BFloat16`] and [`Kind::Half`]; a kind of device without
    /// autocast.
    pub fn new(device: Device, dtype: Kind, enabled: bool) -> Result<Self, OpError> {
        if !matches!(dtype, Kind::BFloat16 | Kind::Half) {
            return Err(OpError::failed(
                OP,
                format!("autocast goes to BFloat16 or Half, not to {dtype:?}"),
            ));
        }
        let (device, _) = device_code(device);
        let previous = State::read(device)?;
        let mut guard = Self::enter()?;
        State { device, enabled, dtype: dtype_code(dtype) }.write()?;
        guard.changed[0] = Some(previous);
        Ok(guard)
    }

    fn enter() -> Result<Self, OpError> {
        // SAFETY: it counts a thread-local number up.
        check(unsafe { ffi::jp_autocast_enter() })?;
        Ok(Autocast { changed: [None; 2], not_send: PhantomData })
    }
}

/// Switches autocast off on every kind of device that Jackpot uses (CPU and CUDA).
///
/// # Errors
/// None that a caller can cause.
pub fn autocast_disabled() -> Result<Autocast, OpError> {
    let mut guard = Autocast::enter()?;
    for (changed, device) in guard.changed.iter_mut().zip([Device::Cpu, Device::Cuda(0)]) {
        let previous = State::read(device_code(device).0)?;
        if previous.enabled {
            State { enabled: false, ..previous }.write()?;
            *changed = Some(previous);
        }
    }
    Ok(guard)
}

/// Whether this thread has autocast on that kind of device.
///
/// # Errors
/// A kind of device without autocast.
pub fn autocast_is_on(device: Device) -> Result<bool, OpError> {
    Ok(State::read(device_code(device).0)?.enabled)
}

impl Drop for Autocast {
    fn drop(&mut self) {
        // Failures are impossible here: the same calls with these devices worked before.
        for state in self.changed.iter().rev().flatten() {
            drop(state.write());
        }
        // SAFETY: it counts a thread-local number down that `enter` counted up.
        drop(check(unsafe { ffi::jp_autocast_leave() }));
    }
}

impl State {
    fn read(device: i32) -> Result<State, OpError> {
        let mut state = State { device, enabled: false, dtype: 0 };
        // SAFETY: the function writes a bool and an integer.
        check(unsafe { ffi::jp_autocast_get(device, &mut state.enabled, &mut state.dtype) })?;
        Ok(state)
    }

    fn write(self) -> Result<(), OpError> {
        // SAFETY: the device was read before, and the dtype is one of libtorch's.
        check(unsafe { ffi::jp_autocast_set(self.device, self.enabled, self.dtype) })
    }
}

const OP: &str = "autocast";

fn check(message: Message) -> Result<(), OpError> {
    // SAFETY: every caller hands over the message that it has just got.
    unsafe { ffi::check(OP, message) }
}
