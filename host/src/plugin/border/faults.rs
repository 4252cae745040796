//! What a plugin is told when the host's side of a call fails.

use std::panic::{AssertUnwindSafe, catch_unwind};

use abi_stable::std_types::RResult;
use jackpot_plugin_api::abi::Fault;
use jackpot_plugin_api::error::ErrorKind;

/// Runs the host's side of a call: nothing of ours unwinds into a plugin.
pub fn guarded<T>(body: impl FnOnce() -> Result<T, Fault>) -> RResult<T, Fault> {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => RResult::ROk(value),
        Ok(Err(fault)) => RResult::RErr(fault),
        Err(_) => RResult::RErr("the host failed inside; this is a bug of Jackpot".into()),
    }
}

/// The plugin was built for a newer host.
pub fn unknown_question(question: &str) -> Fault {
    let message = format!("this host does not know the question `{question}`; update Jackpot");
    Fault::new(ErrorKind::Unknown, message)
}
