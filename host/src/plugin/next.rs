//! What a host of a later version (feature `next`) asks of a file: a question to the file itself,
//! and the hook that its items may have. It does without either.

use abi_stable::std_types::RResult;
use jackpot_plugin_api::abi::RawNamed;

use super::border::context::HookContext;
use super::border::tensors;
use super::item::Instance;
use super::kinds::BEFORE;

/// Says on the terminal what the file of this item has.
pub fn tell(instance: &Instance) {
    let file = &instance.id().found.file;
    let none: &[RawNamed<'_>] = &[];
    // SAFETY: there are no arguments whose handles could be dead.
    let answer = match unsafe { file.root().ask()(tensors::host(), "next".into(), none.into()) } {
        RResult::ROk(_) => "an answer".to_owned(),
        RResult::RErr(fault) => fault.message.into_string(),
    };
    let context = HookContext::plain("next", "", BEFORE, 0);
    let about = match instance.call("about", &context, &[]) {
        Ok(_) => "an answer".to_owned(),
        Err(error) => error.message,
    };
    tracing::warn!("{}: file {answer}; hook {about}", instance.id());
}
