//! Items under test: they live in the process of an author's tests, which started this host and
//! speaks with it (see `jackpot_plugin_api::wire`).
//!
//! - [`serve`]: answers one request after the other until the test ends;
//! - [`instance`]: an item of the test as any other, whose hooks are called over there;
//! - `operators`: the functions of the ABI's tables, called for the test;
//! - `values`: values with numbers in place of tensors, and the tensors that the test holds.

mod given;
mod operators;
mod root;
mod serve;
mod values;

pub use given::Given;
pub use root::instance;
pub use serve::serve;
