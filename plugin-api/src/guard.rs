//! Nothing unwinds across the border: panics become errors.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, UnwindSafe};
use std::sync::Once;

use crate::error::{Error, ErrorKind, TensorError};

thread_local! {
    /// Where the latest panic of this thread happened.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
    /// How many calls of [`catch`] this thread is in.
    static CATCHING: Cell<usize> = const { Cell::new(0) };
}

/// Runs plugin code and turns a panic into an error, with the place in the plugin's source.
pub fn catch<T>(run: impl FnOnce() -> T + UnwindSafe) -> Result<T, Error> {
    quieten();
    CATCHING.set(CATCHING.get() + 1);
    let caught = panic::catch_unwind(run);
    CATCHING.set(CATCHING.get() - 1);
    caught.map_err(|payload| error(&*payload))
}

/// Whether a panic of this thread would become an error.
pub fn is_catching() -> bool {
    CATCHING.get() > 0
}

/// The plugin has its own standard library, so this hook is not the host's: it keeps the place for
/// the error that the host will show and prints nothing itself. Other panics, such as those of an
/// author's tests, are none of its business.
fn quieten() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if is_catching() {
                let place = info.location().map(ToString::to_string);
                PLACE.with(|slot| *slot.borrow_mut() = place);
            } else {
                usual(info);
            }
        }));
    });
}

fn error(payload: &(dyn Any + Send)) -> Error {
    if let Some(error) = payload.downcast_ref::<TensorError>() {
        return error.clone().into();
    }
    if let Some(error) = payload.downcast_ref::<Error>() {
        return error.clone();
    }
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned());
    let message = match PLACE.with(|slot| slot.borrow_mut().take()) {
        Some(place) => format!("panicked at {place}: {text}"),
        None => format!("panicked: {text}"),
    };
    Error::of(ErrorKind::Panicked, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message_and_place() {
        let error = catch(|| panic!("no {}", "luck")).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("guard.rs") && message.ends_with("no luck"), "{message}");
        assert_eq!(error.kind(), ErrorKind::Panicked);
    }

    #[test]
    fn a_tensor_error_stays_what_it_is() {
        let error = catch(|| TensorError::new("aten::mm", "shapes").throw()).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::Failed, "aten::mm: shapes")
        );
    }

    #[test]
    fn a_thrown_error_keeps_its_words() {
        let error = Error::new("no teacher");
        assert_eq!(catch(|| error.clone().throw()).unwrap_err(), error);
    }
}
